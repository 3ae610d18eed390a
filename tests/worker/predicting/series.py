"""A DICOM series as scanners write it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.worker.datasets.readers.medical_files import AXIAL, ct_slice, save

NUM_SLICES = 6


def write_series(
    folder: Path, orientation: Sequence[float] = AXIAL, step: float = 3.0, tilt: float = 0.0, **elements: Any
) -> Path:
    """14 x 12 pixels; names that do not tell the order. step: in mm along the normal from one slice to the next. tilt:
    in mm along the columns. elements: as `ct_slice` takes them."""
    right, down = np.reshape(orientation, (2, 3))
    normal = np.cross(right, down)
    draws = np.random.default_rng(0)
    for index in range(NUM_SLICES):
        position = np.array([5.0, -7.0, 11.0]) + step * index * normal + tilt * index * down
        pixels = draws.integers(0, 900, size=(14, 12)).astype(np.int16)
        made = ct_slice(
            pixels, position, ImageOrientationPatient=list(orientation), InstanceNumber=index + 1, **elements
        )
        save(made, folder / f"{(index * 5) % 7}.dcm")
    return folder
