"""Which FedSM Studio this is: its release, which stands here alone, and the commit that it was made of.

`0.1.0+g1a2b3c4d5e6f`, with `.dirty` where files that git knows were changed. In a checkout git is asked. Wheels and
images are built without `.git`: their builds write the commit into `backend/commit.txt` (setup.py, Dockerfiles).
`python backend/version.py` prints the commit, for builds of images.
"""

import re
import subprocess
from functools import cache
from pathlib import Path

RELEASE = "0.1.0"
UNKNOWN = "unknown"
COMMIT_FILE = "commit.txt"
_ROOT = Path(__file__).resolve().parents[1]
_COMMIT = re.compile(r"^g[0-9a-f]{7,40}(\.dirty)?$")
_DIGITS = 12


@cache
def code_version() -> str:
    """Found out once a process."""
    return version_of(_ROOT)


def version_of(root: Path) -> str:
    """The one rule for checkouts, wheels and images: `<release>+<commit>`."""
    return f"{RELEASE}+{commit_of(root)}"


def commit_of(root: Path) -> str:
    """`g<sha>` or `g<sha>.dirty`; `unknown` of a copy that neither git nor a build has named."""
    return _commit_of_checkout(root) or _commit_of_build(root) or UNKNOWN


def _commit_of_checkout(root: Path) -> str | None:
    """None where the folder is no checkout of its own: a wheel in an environment inside another project's is none."""
    if not (root / ".git").exists():
        return None
    sha = _git(root, "rev-parse", f"--short={_DIGITS}", "HEAD")
    if not sha:
        return None
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"g{sha}" + (".dirty" if changed else "")


def _commit_of_build(root: Path) -> str | None:
    file = root / "backend" / COMMIT_FILE
    commit = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    return commit if _COMMIT.match(commit) else None


def _git(root: Path, *arguments: str) -> str | None:
    """None where git is not there or cannot read the checkout, which may belong to another user."""
    settings = ["--no-optional-locks", "-c", f"safe.directory={root}", "-c", "core.fsmonitor=false"]
    command = ["git", *settings, "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


if __name__ == "__main__":
    print(commit_of(_ROOT))  # noqa: T201
