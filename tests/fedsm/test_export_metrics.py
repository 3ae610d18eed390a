"""Event files are read back by TensorBoard itself."""

from pathlib import Path
from typing import Any

from fedsm.event_file import Scalar, event_file
from tests.guide import lines_with


def test_tensorboard_reads_every_number_at_its_round(tmp_path: Path) -> None:
    """A step of two bytes, a tag that is not ASCII, a value that a float holds exactly, one that it rounds."""
    values = [Scalar("val dice/global/aster/Papille ä", step, step / 512) for step in (0, 1, 127, 128, 20_000)]
    loss = Scalar("train loss/personalized/birch", 3, -0.1)
    (tmp_path / "events.out.tfevents.1.fedsm").write_bytes(event_file([*values, loss], 1_700_000_000.5))
    of_guide: dict[str, Any] = {}
    exec(lines_with("tensorboard").replace("FOLDER", str(tmp_path)), of_guide)
    assert of_guide["curves"][values[0].tag] == [(scalar.step, scalar.value) for scalar in values]
    read = of_guide["read"]
    assert set(read.Tags()["scalars"]) == {values[0].tag, loss.tag}
    found = read.Scalars(values[0].tag)
    assert [(event.step, event.value) for event in found] == [(scalar.step, scalar.value) for scalar in values]
    assert {event.wall_time for event in found} == {1_700_000_000.5}
    (event,) = read.Scalars(loss.tag)
    assert abs(event.value - loss.value) < 1e-8
