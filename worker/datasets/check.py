"""The readiness check of one case: whether it can be used, and if not, why and what helps.

A case whose mask outlines no structure at all is skipped; one that lacks some of the structures is used. `labels.py`
says what a mask may hold.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.contracts.data_statistics import NUM_HISTOGRAM_BINS
from backend.contracts.datasets import CheckedCase, Reading
from backend.contracts.repairs import Repair
from backend.contracts.task_definition import SegmentationTask
from worker.datasets.duplicates import perceptual_hash, pixel_sha256
from worker.datasets.intensity import (
    grey_histogram,
    grey_percentiles,
    is_photograph,
    scaled_grey,
    unit_photograph,
)
from worker.datasets.layouts.model import ListedCase, Skip
from worker.datasets.reading import ReadCase, ReadFiles, read_files
from worker.datasets.seen_masks import SeenMasks


@dataclass(frozen=True, eq=False)
class DecodedCase:
    """A used case while it is in memory. fraction: the share of cases read so far, 0 to 1. repairs: those that its mask
    needed."""

    name: str
    case: ReadCase
    fraction: float
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, eq=False)
class Readable:
    """A case that passed the check, without its split and before duplicates are known.

    `checked` holds the patient as the files name it. histogram: number of pixels by grey value.
    """

    checked: CheckedCase
    case: ReadCase
    histogram: NDArray[np.int64]


def check_case(
    root: Path, listed: ListedCase, task: SegmentationTask, reading: Reading, seen: SeenMasks | None = None
) -> Readable:
    """The checked case. seen: learns what the mask holds. Raises Skip where the case cannot be used."""
    if listed.skip is not None:
        raise listed.skip
    if listed.mask is None:
        raise Skip("no_mask", f"{listed.image} has no mask: add one")
    files = read_files(root, listed.image, listed.mask, task, reading, seen, listed.parts)
    case = files.case
    photograph = is_photograph(case.image, case.spacing)
    values = unit_photograph(case.image) if photograph else case.image.astype(np.float32)
    grey = np.asarray(values.mean(axis=-1), dtype=np.float32)
    percentiles = grey_percentiles(grey)
    unit_grey = grey if photograph else scaled_grey(grey, percentiles)
    checked = _described(listed, files, task).model_copy(
        update={
            "pixel_sha256": pixel_sha256(case.image),
            "perceptual_hash": perceptual_hash(unit_grey),
            "mean_intensity": tuple(float(mean) for mean in values.mean(axis=tuple(range(values.ndim - 1)))),
            "intensity_percentiles": percentiles,
        }
    )
    return Readable(checked, case, grey_histogram(unit_grey, NUM_HISTOGRAM_BINS))


def unchecked(listed: ListedCase) -> CheckedCase:
    """A case that was listed and not read."""
    return CheckedCase(name=listed.name, image=listed.image, mask=listed.mask, mask_parts=dict(listed.parts))


def skipped(case: CheckedCase, skip: Skip) -> CheckedCase:
    """A case that cannot be used, with the reason."""
    return case.model_copy(update={"reason_code": skip.code, "reason": str(skip)})


def _described(listed: ListedCase, files: ReadFiles, task: SegmentationTask) -> CheckedCase:
    case = files.case
    space = case.structures.shape[1:]
    # A voxel in ml is its volume in mm3 / 1000; pictures are counted in pixels.
    unit = float(np.prod(case.spacing)) / 1000 if case.spacing is not None and len(space) == 3 else 1.0
    planes = {structure.name: plane for structure, plane in zip(task.structures, case.structures, strict=True)}
    return unchecked(listed).model_copy(
        update={
            "patient": listed.patient or files.patient,
            "warnings": files.warnings,
            "repairs": files.repairs,
            "width": space[-1],
            "height": space[-2],
            "depth": space[0] if len(space) == 3 else None,
            "spacing": case.spacing,
            "image_sha256": files.image_sha256,
            "mask_sha256": files.mask_sha256,
            "structure_shares": {name: float(plane.mean()) for name, plane in planes.items()},
            "structure_sizes": {name: float(np.count_nonzero(plane)) * unit for name, plane in planes.items()},
        }
    )
