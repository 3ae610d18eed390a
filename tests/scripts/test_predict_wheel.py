"""The wheel that predicts alone: installed into an empty environment, with what it asks for and nothing else."""

import csv
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.integration.test_wheel import closure, link, outside_environment
from tests.worker.predicting.conftest import one_thread, pictures, volumes  # noqa: F401
from tests.worker.predicting.series import write_series
from tests.worker.predicting.trained import TrainedSet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`fedsm-predict` of the wheel, next to the packages of this environment that its metadata leads to."""
    folder = tmp_path_factory.mktemp("predict")
    subprocess.run([sys.executable, str(ROOT / "scripts" / "predict_wheel.py"), str(folder)], check=True)
    (wheel,) = folder.glob("fedsm_predict-*-py3-none-any.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip = [sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    (packages,) = venv.glob("lib/*/site-packages")
    for needed in closure(wheel):
        link(needed, packages)
    return venv / "bin" / "fedsm-predict"


def test_it_asks_for_no_platform(command: Path) -> None:
    (wheel,) = command.parents[2].glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        needed = re.findall(r"^Requires-Dist: ([\w-]+)", archive.read(metadata).decode(), flags=re.MULTILINE)
    assert {"torch", "monai", "safetensors", "nibabel", "pydicom"} <= set(needed)
    assert not {"fastapi", "sqlalchemy", "celery", "redis", "httpx", "onnx"} & set(needed)


def test_it_predicts_a_picture_a_volume_and_a_series(
    command: Path,
    pictures: TrainedSet,  # noqa: F811
    volumes: TrainedSet,  # noqa: F811
    tmp_path: Path,
) -> None:
    for trained, given, endings in (
        (pictures, [], [".optic-disc.png", ".optic-cup.png"]),
        (volumes, [write_series(tmp_path / "series")], [".prostate.nii.gz", ".core.nii.gz", ".seg.dcm"]),
    ):
        out = tmp_path / endings[0]
        arguments = [trained.archive, next(iter(trained.tested)), *given, "--out", out]
        done = subprocess.run(
            [command, *arguments], cwd=tmp_path, env=outside_environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        with (out / "predictions.csv").open() as file:
            assert [row["problem"] for row in csv.DictReader(file)] == [""] * (1 + len(given))
        names = [path.name for path in out.iterdir() if path.name != "predictions.csv"]
        assert sorted(name[name.index(".") :] for name in names) == sorted(endings)
