"""The rescale from stored values of DICOM objects to those of their modality, and whether all slices give it alike.

Source: DICOM PS3.3 C.11.1 (Modality LUT), C.7.6.16.2.9 (of enhanced objects).
"""

from collections.abc import Sequence

import numpy as np

from worker.datasets.readers.dicom_files import Dataset, find
from worker.datasets.readers.errors import Undecodable

_GROUP = "PixelValueTransformationSequence"


def rescale_of(dataset: Dataset, frame: int) -> tuple[float, float] | None:
    """Slope and intercept of a frame; None where the file says neither. Raises Undecodable for a slope of 0."""
    slope, intercept = (find(dataset, frame, _GROUP, keyword) for keyword in ("RescaleSlope", "RescaleIntercept"))
    if slope is None and intercept is None:
        return None
    slope, intercept = float(1 if slope is None else slope), float(0 if intercept is None else intercept)
    if slope == 0:
        raise Undecodable(
            f"has a RescaleSlope of 0, which makes every voxel {intercept:g}: export it again, or set the slope to 1 "
            "if the stored values are the right ones"
        )
    if not (np.isfinite(slope) and np.isfinite(intercept)):
        raise Undecodable("has a header whose rescale slope or intercept is no number: export it again")
    return slope, intercept


def require_rescale_of_all(frames: Sequence[tuple[Dataset, int, str]]) -> None:
    """Raises Undecodable where some frames are rescaled and others give no rescale, because their values have different
    units.

    frames: an object, the number of a frame in it, and its name.
    """
    without: str | None = None
    rescaled: str | None = None
    for dataset, frame, name in frames:
        scale = None if "ModalityLUTSequence" in dataset else rescale_of(dataset, frame)
        if scale is None and "ModalityLUTSequence" not in dataset:
            without = without or name
        elif scale != (1.0, 0.0):
            rescaled = rescaled or name
        if without and rescaled:
            raise Undecodable(
                f"holds slices with a rescale ({rescaled}) and without one ({without}), so their values have different "
                "units: export the series again"
            )
