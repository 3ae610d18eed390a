"""The lines of docs/models.md give the masks that the platform gives."""

import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.contracts.exports import ExportForm
from tests.guide import lines_with
from tests.worker.exports.conftest import SETS, Made
from tests.worker.predicting.trained import TrainedSet
from worker.predicting.model import open_model


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize(("words", "form"), [("onnxruntime", "onnx"), ("torch.export", "torch-export")])
def test_ten_lines_give_the_mask(
    made: Made,
    kind: str,
    words: str,
    form: ExportForm,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained: TrainedSet = request.getfixturevalue(kind)
    image = next(iter(trained.tested))
    (tmp_path / "lines.py").write_text(lines_with(words).replace("IMAGE", repr(str(image))))
    folder = made[kind, form][0]
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # other tests look at the same folder
    found = runpy.run_path(str(tmp_path / "lines.py"))
    route = trained.tested[image].route
    assert route is not None
    assert found["model"] == route.chosen_model
    np.testing.assert_array_equal(found["mask"], trained.mask(image))


def test_hugging_faces_library_reads_the_folder(
    made: Made, pictures: TrainedSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made["pictures", "hugging-face"][0])
    found: dict[str, Any] = {}
    exec(lines_with("ModelCard"), found)
    assert found["card"].data.pipeline_tag == "image-segmentation"
    assert found["scores"] == [], "nobody knows any of this set"
    assert found["weights"].keys() == open_model(pictures.archive).load_part("global").keys()
