"""The lines of docs/models.md give the masks that the platform gives."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.contracts.exports import ExportForm
from tests.worker.exports.conftest import SETS, Made
from tests.worker.predicting.trained import TrainedSet

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "models.md"


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
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (block,) = (block for block in blocks if words in block)
    trained: TrainedSet = request.getfixturevalue(kind)
    image = next(iter(trained.tested))
    (tmp_path / "lines.py").write_text(block.replace("IMAGE", repr(str(image))))
    folder = made[kind, form][0]
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # other tests look at the same folder
    found = runpy.run_path(str(tmp_path / "lines.py"))
    route = trained.tested[image].route
    assert route is not None
    assert found["model"] == route.chosen_model
    np.testing.assert_array_equal(found["mask"], trained.mask(image))
