"""How long one image takes that somebody tries."""

from pathlib import Path

import pytest

from benchmarks.predict import latency, make_set


@pytest.mark.speed
def test_a_picture_has_its_masks_in_150_ms(tmp_path: Path) -> None:
    """256 x 256 pixels, two threads, the models open: from the file to the files of the masks."""
    model, image = make_set(tmp_path)
    assert latency(model, image, 10, only_chosen=True).clock_ms < 150
