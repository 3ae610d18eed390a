"""A folder that needs a person: masks of another size, grey edges, and two pictures of one eye."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from backend.contracts.task_definition import SegmentationTask, Structure
from fedsm.synthetic_fundus import SITES, make_fundus_case

DISC_TASK = SegmentationTask(
    modality="fundus photography", num_channels=3, structures=(Structure(name="disc", label_values=(255,)),)
)
#: A data set shows how alike unrelated eyes are from 20 cases on.
NUM_EYES = 24
NUM_SMALL, NUM_GREY = 2, 3
SIDE = 96


def write_odd_folder(folder: Path) -> Path:
    """eye-00 ... eye-23, and eye-23-again: the same eye, seen a little closer by a darker camera."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for index in range(NUM_EYES):
        pixels, labels = make_fundus_case(SITES[0], index, seed=5, image_side=SIDE)
        image, mask = Image.fromarray(pixels), Image.fromarray(((labels > 0) * 255).astype(np.uint8))
        _save(folder, f"eye-{index:02d}", image, _spoilt(mask, index))
        if index == NUM_EYES - 1:
            box = (4, 2, SIDE - 2, SIDE - 2)
            again = ImageEnhance.Brightness(image.crop(box)).enhance(0.7)
            _save(folder, f"eye-{index:02d}-again", again, mask.crop(box))
    return folder


def _spoilt(mask: Image.Image, index: int) -> Image.Image:
    if index < NUM_SMALL:
        return mask.resize((SIDE // 2, SIDE // 2), Image.Resampling.NEAREST)
    if index < NUM_SMALL + NUM_GREY:  # smooth edges, as a drawing program leaves them
        return mask.resize((SIDE * 2, SIDE * 2)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return mask


def _save(folder: Path, name: str, image: Image.Image, mask: Image.Image) -> None:
    image.save(folder / "images" / f"{name}.png")
    mask.save(folder / "masks" / f"{name}.png")
