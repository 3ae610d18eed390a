"""What pyproject.toml cannot say: a build carries its commit and the built frontend, and its version comes from git."""

import runpy
import shutil
import tomllib
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.errors import SetupError

ROOT = Path(__file__).resolve().parent
VERSION = runpy.run_path(str(ROOT / "backend" / "version.py"))
#: `pip install` of a wheel gives the whole platform; images take the groups apart.
RUNTIME_GROUPS = ("common", "backend", "agent", "worker", "export", "local")


def complete(package: Path) -> None:
    """Puts what only a build has next to the code of the build, never into the checkout."""
    (package / VERSION["COMMIT_FILE"]).write_text(VERSION["commit_of"](ROOT) + "\n", encoding="utf-8")
    target = package / "built_frontend"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(built_frontend(), target)


def built_frontend() -> Path:
    """That of a checkout, or what a source archive carries. Raises SetupError where there is none."""
    for folder in (ROOT / "frontend" / "dist", ROOT / "backend" / "built_frontend"):
        if (folder / "index.html").is_file():
            return folder
    raise SetupError("the frontend is not built (frontend/dist/index.html is absent). Remedy: make dist")


class CompleteBuild(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            complete(Path(self.build_lib) / "backend")


class CompleteSdist(sdist):
    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        complete(Path(base_dir) / "backend")


def runtime_dependencies() -> list[str]:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return [requirement for group in RUNTIME_GROUPS for requirement in groups[group]]


def guides() -> list[tuple[str, list[str]]]:
    """The screens and commands name them; an environment keeps them in share/doc."""
    place = "share/doc/fedsm-studio"
    here = [path.name for path in (ROOT / "README.md", ROOT / "CHANGELOG.md") if path.exists()]
    return [(place, here), (f"{place}/docs", sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))]


setup(
    version=VERSION["version_of"](ROOT),
    install_requires=runtime_dependencies(),
    data_files=guides(),
    cmdclass={"build_py": CompleteBuild, "sdist": CompleteSdist},
)
