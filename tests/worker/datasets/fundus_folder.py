"""A small good data set, which each test spoils in its own way."""

from pathlib import Path

import numpy as np
from PIL import Image

from backend.contracts.task_definition import SegmentationTask, Structure
from backend.contracts.tasks import CheckedCase, SplitFractions
from worker.datasets.folder import FolderCheck, check_folder

TASK = SegmentationTask(
    structures=(Structure(name="optic disc", label_values=(1, 2)), Structure(name="optic cup", label_values=(2,)))
)
ONE_LABEL_TASK = SegmentationTask(structures=(Structure(name="vessel", label_values=(1,)),))
HEIGHT, WIDTH = 24, 32


def make_image(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def make_mask() -> np.ndarray:
    """96 pixels of disc (8 x 12), of which 24 (4 x 6) are cup."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    mask[6:14, 8:20] = 1
    mask[8:12, 10:16] = 2
    return mask


def write_good_folder(folder: Path, num_cases: int = 3) -> Path:
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for index in range(num_cases):
        write_case(folder, f"case-{index}", make_image(index), make_mask())
    return folder


def write_case(folder: Path, name: str, image: np.ndarray, mask: np.ndarray) -> None:
    Image.fromarray(image).save(folder / "images" / f"{name}.png")
    Image.fromarray(mask).save(folder / "masks" / f"{name}.png")


def check(folder: Path, task: SegmentationTask = TASK) -> FolderCheck:
    return check_folder(folder, task, SplitFractions(), seed=0)


def case_named(found: FolderCheck, name: str) -> CheckedCase:
    (case,) = [case for case in found.cases if case.name == name]
    return case
