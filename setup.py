"""What pyproject.toml cannot say: wheels and source archives carry the commit that they are made of."""

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
VERSION = runpy.run_path(str(ROOT / "backend" / "version.py"))


def write_commit(package: Path) -> None:
    """Next to the code of a build, never into the checkout."""
    (package / VERSION["COMMIT_FILE"]).write_text(VERSION["commit_of"](ROOT) + "\n", encoding="utf-8")


class BuildWithCommit(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            write_commit(Path(self.build_lib) / "backend")


class SdistWithCommit(sdist):
    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        write_commit(Path(base_dir) / "backend")


setup(cmdclass={"build_py": BuildWithCommit, "sdist": SdistWithCommit})
