"""Makes the wheel of `fedsm-predict`: the platform's modules that predict, with the packages that these need.

python scripts/predict_wheel.py OUT     writes OUT/fedsm_predict-<version>-py3-none-any.whl
"""

import json
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Folders and single modules; a test predicts with nothing else.
PARTS = (
    "backend/__init__.py",
    "backend/contracts",
    "worker/__init__.py",
    "worker/datasets",
    "worker/engine",
    "worker/jobs/__init__.py",
    "worker/jobs/build.py",
    "worker/predicting",
    "fedsm/__init__.py",
    "fedsm/cli/__init__.py",
    "fedsm/cli/options.py",
    "fedsm/predicting",
    "LICENSE",
)
#: Of the group `common`; the group `worker` is needed whole.
OF_COMMON = {"pydantic", "typing-extensions", "typer", "rich", "google-re2"}


def main(out: Path) -> None:
    version = runpy.run_path(str(ROOT / "backend" / "version.py"))["version_of"](ROOT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in PARTS:
            copy(ROOT / part, folder / part)
        (folder / "README.md").write_text((ROOT / "docs" / "models.md").read_text(encoding="utf-8"), encoding="utf-8")
        (folder / "pyproject.toml").write_text(project(version), encoding="utf-8")
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def project(version: str) -> str:
    return f"""[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "fedsm-predict"
version = {json.dumps(version)}
description = "Masks by a model of FedSM Studio, without its server"
readme = "README.md"
requires-python = ">=3.11"
license = "Apache-2.0"
dependencies = {json.dumps(dependencies())}

[project.scripts]
fedsm-predict = "fedsm.predicting.app:app"

[tool.setuptools.packages.find]
include = ["backend*", "worker*", "fedsm*"]
"""


def dependencies() -> list[str]:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return [each for each in groups["common"] if re.split(r"[\[<>=!~]", each)[0] in OF_COMMON] + groups["worker"]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist").resolve())
