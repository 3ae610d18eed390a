"""The readiness check of one case: can it be used, and if not, why and what helps.

Rules that are decisions:
- A mask that holds 0 and 255 only, in a task with exactly one label value, is read as that label.
- A case whose mask outlines no structure at all is skipped; one that lacks some of the structures is used.
- Labels of the mask that the task does not know are refused, never dropped.
- JPEG masks are refused, even where all their values are known: compression moves the borders of the structures.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import CheckedCase
from worker.datasets.files import UnsafeFile, read_bytes_inside, sha256_of
from worker.datasets.images import (
    ImageArray,
    MaskArray,
    Undecodable,
    WrongChannels,
    decode_image,
    decode_mask,
)

ReasonCode = Literal[
    "no_mask",
    "no_image",
    "unreadable_image",
    "unreadable_mask",
    "size_mismatch",
    "unknown_label",
    "empty_mask",
    "wrong_channels",
    "duplicate",
]
StructureMasks = NDArray[np.bool_]
#: Label values that a reason lists before it says `and n more`.
_MAX_LISTED = 8
#: The foreground of masks that are black and white pictures.
_WHITE = 255


@dataclass(frozen=True, eq=False)
class DecodedCase:
    """A used case, while it is in memory. image: [H, W, C]. structures: [S, H, W]. fraction: files read, 0 to 1."""

    name: str
    image: ImageArray
    structures: StructureMasks
    fraction: float


@dataclass(frozen=True, eq=False)
class Readable:
    """A case that passed the check, without its split and before duplicates are known."""

    checked: CheckedCase
    image: ImageArray
    structures: StructureMasks
    pixel_hash: str


@dataclass(frozen=True)
class CasePaths:
    """Paths below the data set's folder."""

    name: str
    image: str
    mask: str


class Skip(Exception):
    """Why a case cannot be used."""

    def __init__(self, code: ReasonCode, reason: str) -> None:
        super().__init__(reason)
        self.code: ReasonCode = code


def check_case(folder: Path, paths: CasePaths, task: SegmentationTask) -> Readable:
    """Raises Skip."""
    image, image_sha256 = _read_image(folder, paths.image, task)
    mask, mask_sha256 = _read_mask(folder, paths.mask, task)
    _require_equal_size(paths, image, mask)
    structures = structure_masks(mask, task)
    if not structures.any():
        names = ", ".join(structure.name for structure in task.structures)
        raise Skip("empty_mask", f"{paths.mask} holds only background, no pixel of {names}: outline it, or remove it")
    checked = CheckedCase(
        name=paths.name,
        image=paths.image,
        mask=paths.mask,
        width=image.shape[1],
        height=image.shape[0],
        image_sha256=image_sha256,
        mask_sha256=mask_sha256,
        structure_shares={
            structure.name: float(plane.mean()) for structure, plane in zip(task.structures, structures, strict=True)
        },
        mean_intensity=tuple(float(mean) for mean in _unit(image).mean(axis=(0, 1))),
    )
    return Readable(checked, image, structures, _pixel_hash(image))


def labels_of(mask: MaskArray, task: SegmentationTask) -> MaskArray:
    """The mask with white (255) read as the task's only label, where that rule applies; else the mask itself."""
    known = task.known_label_values
    if len(known) != 2 or _WHITE in known:
        return mask
    if not np.isin(mask, (0, _WHITE)).all():
        return mask
    return np.where(mask == _WHITE, np.int32(max(known)), np.int32(0))


def structure_masks(mask: MaskArray, task: SegmentationTask) -> StructureMasks:
    """[S, H, W]."""
    return np.stack([np.isin(mask, structure.label_values) for structure in task.structures])


def skipped(case: CheckedCase, skip: Skip) -> CheckedCase:
    return case.model_copy(update={"reason_code": skip.code, "reason": str(skip)})


def _read_image(folder: Path, path: str, task: SegmentationTask) -> tuple[ImageArray, str]:
    try:
        data = read_bytes_inside(folder, path)
        return decode_image(data, task.num_channels), sha256_of(data)
    except (UnsafeFile, Undecodable) as error:
        raise Skip("unreadable_image", f"{path} {error}") from None
    except WrongChannels as error:
        raise Skip("wrong_channels", f"{path} {error}") from None


def _read_mask(folder: Path, path: str, task: SegmentationTask) -> tuple[MaskArray, str]:
    try:
        data = read_bytes_inside(folder, path)
        mask, picture_format = decode_mask(data)
    except (UnsafeFile, Undecodable) as error:
        raise Skip("unreadable_mask", f"{path} {error}") from None
    except WrongChannels as error:
        raise Skip("wrong_channels", f"{path} {error}") from None
    if picture_format == "JPEG":
        raise Skip(
            "unknown_label",
            f"{path} is a JPEG, which holds the values {_in_words(_values(mask))} but loses exact ones, so its labels "
            "cannot be trusted: export the mask as PNG from its source",
        )
    mask = labels_of(mask, task)
    _require_known_labels(path, mask, task)
    return mask, sha256_of(data)


def _require_known_labels(path: str, mask: MaskArray, task: SegmentationTask) -> None:
    known = task.known_label_values
    unknown = [value for value in _values(mask) if value not in known]
    if not unknown:
        return
    known_in_words = "; ".join(
        f"{structure.name} = {_in_words(structure.label_values)}" for structure in task.structures
    )
    if len(known) > 2 and set(unknown) <= {127, 128, _WHITE}:
        remedy = "it looks like a picture made for the eye: save the labels themselves"
    else:
        remedy = "save the mask with these labels, or add the label to the federation's task"
    raise Skip(
        "unknown_label",
        f"{path} holds the value(s) {_in_words(unknown)}, which the task does not know "
        f"(0 = background; {known_in_words}): {remedy}",
    )


def _require_equal_size(paths: CasePaths, image: ImageArray, mask: MaskArray) -> None:
    if image.shape[:2] != mask.shape:
        raise Skip(
            "size_mismatch",
            f"{paths.image} is {image.shape[1]} x {image.shape[0]} pixels, {paths.mask} {mask.shape[1]} x "
            f"{mask.shape[0]}: export both at the same size",
        )


def _values(mask: MaskArray) -> list[int]:
    """The distinct values, ascending; counting is 10 times faster than sorting 512 x 512 pixels."""
    if mask.min() < 0 or mask.max() > np.iinfo(np.uint16).max:
        return [int(value) for value in np.unique(mask)]
    return [int(value) for value in np.flatnonzero(np.bincount(mask.ravel()))]


def _in_words(values: Iterable[int]) -> str:
    listed = list(values)
    more = f" and {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
    return ", ".join(str(value) for value in listed[:_MAX_LISTED]) + more


def _pixel_hash(image: ImageArray) -> str:
    """The same for a PNG and a BMP of one picture; a TIFF with 16 bits of the same picture differs."""
    return sha256_of(f"{image.shape} {image.dtype.str}".encode() + image.tobytes())


def _unit(image: ImageArray) -> NDArray[np.floating[Any]]:
    largest = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else 1
    return image / np.float32(largest)


def grey_histogram(image: ImageArray, num_bins: int) -> NDArray[np.int64]:
    """Pixels in equal bins of grey value (the mean of the channels) from 0 to 1."""
    grey = _unit(image).mean(axis=2)
    bins = np.minimum((grey * num_bins).astype(np.int64), num_bins - 1)
    return np.bincount(bins.ravel(), minlength=num_bins)
