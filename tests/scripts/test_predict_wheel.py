"""The wheel that predicts alone: what it holds is enough, and what it asks for is no platform."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.worker.predicting.conftest import one_thread, pictures  # noqa: F401
from tests.worker.predicting.trained import TrainedSet

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_predicts_without_the_rest_of_the_platform(pictures: TrainedSet, tmp_path: Path) -> None:  # noqa: F811
    subprocess.run([sys.executable, str(ROOT / "scripts" / "predict_wheel.py"), str(tmp_path)], check=True)
    (wheel,) = tmp_path.glob("fedsm_predict-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        needed = re.findall(r"^Requires-Dist: ([\w-]+)", archive.read(metadata).decode(), flags=re.MULTILINE)
    assert {"torch", "monai", "safetensors", "nibabel", "pydicom"} <= set(needed)
    assert not {"fastapi", "sqlalchemy", "celery", "redis", "httpx", "onnx"} & set(needed)
    arguments = [str(pictures.archive), str(next(iter(pictures.tested))), "--out", str(tmp_path / "masks")]
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path / "site")!r})
sys.argv = ["fedsm-predict", *{arguments!r}]
from fedsm.predicting.app import app
import worker
assert worker.__file__.startswith({str(tmp_path)!r})
app()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "masks" / "predictions.csv").is_file()
