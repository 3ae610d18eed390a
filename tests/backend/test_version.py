"""A run keeps the version with the commit: in a checkout, in a wheel, in an image."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from backend.version import RELEASE, UNKNOWN, commit_of

ROOT = Path(__file__).parents[2]
GIT = shutil.which("git")


def git(folder: Path, *arguments: str) -> str:
    identity = {f"GIT_{who}_{what}": "test@test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = os.environ | identity | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a build needs of this program, in a repository of one commit without any tag."""
    if GIT is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__", "fonts", "versions")
    for package in ("backend", "worker", "fedsm"):
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "frontend" / "dist").mkdir(parents=True)
    (folder / "frontend" / "dist" / "index.html").write_text("<html></html>")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "One")
    return folder


def version_in(folder: Path) -> str:
    """As a program says it that imports the package from there."""
    command = [sys.executable, "-c", "import backend; print(backend.VERSION)"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_release_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"]
    assert "version" not in json.loads((ROOT / "frontend" / "package.json").read_text(encoding="utf-8"))
    assert f"({RELEASE})" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_a_checkout_without_tags_says_its_commit_and_whether_it_was_changed(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "--short=12", "HEAD")
    assert version_in(checkout) == f"{RELEASE}+g{commit}"
    (checkout / "new.txt").write_text("not of the program")
    assert version_in(checkout) == f"{RELEASE}+g{commit}", "files that git does not know are no change"
    with (checkout / "backend" / "clock.py").open("a") as file:
        file.write("# changed\n")
    assert version_in(checkout) == f"{RELEASE}+g{commit}.dirty"


def test_a_copy_without_git_says_what_its_build_wrote(checkout: Path) -> None:
    """As in an image: the Dockerfiles write the build argument COMMIT into this file."""
    shutil.rmtree(checkout / ".git")
    assert version_in(checkout) == f"{RELEASE}+{UNKNOWN}"
    (checkout / "backend" / "commit.txt").write_text("g0123456789ab\n")
    assert version_in(checkout) == f"{RELEASE}+g0123456789ab"
    (checkout / "backend" / "commit.txt").write_text("\n")
    assert commit_of(checkout) == UNKNOWN, "built without the argument"


def test_a_copy_inside_another_repository_does_not_take_that_ones_commit(checkout: Path, tmp_path: Path) -> None:
    inside = checkout / "environment" / "site-packages"
    shutil.copytree(checkout / "backend", inside / "backend")
    assert version_in(inside) == f"{RELEASE}+{UNKNOWN}"


def test_a_wheel_carries_the_commit_and_the_checkout_stays_as_it_was(checkout: Path, tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    commit = git(checkout, "rev-parse", "--short=12", "HEAD")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(checkout)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("backend/commit.txt").decode() == f"g{commit}\n"
        archive.extractall(tmp_path / "installed")
        assert "backend/built_frontend/index.html" in archive.namelist()
    assert wheel.name == f"fedsm_studio-{RELEASE}+g{commit}-py3-none-any.whl"
    assert version_in(tmp_path / "installed") == f"{RELEASE}+g{commit}"
    assert not (checkout / "backend" / "commit.txt").exists()


@pytest.mark.parametrize("image", ["backend", "worker"])
def test_the_images_write_the_commit_that_the_build_is_given(image: str) -> None:
    lines = (ROOT / image / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r'^ARG COMMIT=""$', lines, re.MULTILINE)
    assert 'RUN printf "%s\\n" "$COMMIT" > backend/commit.txt' in lines
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert compose.count("COMMIT: ${FEDSM_COMMIT:-}") == 2
    assert "FEDSM_COMMIT=$$($(PYTHON) backend/version.py) docker compose build" in (ROOT / "Makefile").read_text()
