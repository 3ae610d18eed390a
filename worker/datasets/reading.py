"""One case read: image and structures, as the check and every run read them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.contracts.datasets import CaseWarning, Reading, ReasonCode
from backend.contracts.repairs import Repair, repairs_in_order
from backend.contracts.task_definition import SegmentationTask
from worker.datasets.exif_turns import turn_warnings
from worker.datasets.files import UnsafeFile
from worker.datasets.labels import StructureMasks, folded, wanted_names
from worker.datasets.layouts.model import Skip
from worker.datasets.mask_parts import PartProblem, are_parts, parts_sha256, read_parts
from worker.datasets.noteworthy import about_slices, about_values
from worker.datasets.readers import (
    CannotRead,
    DecodedImage,
    LabelMask,
    MissingSpacing,
    NamedMask,
    Note,
    WrongChannels,
    WrongDimensions,
    WrongGeometry,
    WrongSize,
    content_sha256,
    read_image,
    read_mask,
)
from worker.datasets.readers.placing import Wanted
from worker.datasets.repaired_labels import repaired_planes
from worker.datasets.seen_masks import SeenMasks

ImageArray = NDArray[Any]

#: What to do with an image of another number of channels, where a data set is registered, and where one image is tried.
OTHER_CHANNELS = (
    "export it so, choose one of several channels at registration, or register it in a federation of the other kind"
)
OWN_CHANNELS = "export it so, or take a model of a federation with such images"


@dataclass(frozen=True, eq=False)
class ReadCase:
    """A case in memory. `structures` are in the order of the task's.

    image: [H, W, C] or, in LPS order, [D, H, W, C].
    structures: [S, H, W] or [S, D, H, W] bool.
    spacing: in mm, in array order; None where unknown.
    affine: [4, 4], from voxel index (x, y, z), the array's last axis first, to mm in RAS; None for pictures.
    """

    image: ImageArray
    structures: StructureMasks
    spacing: tuple[float, ...] | None
    affine: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class ReadFiles:
    """A case with what its files say about it.

    patient: as the files name it, which must not leave the site in this form. warnings: what a person should look at.
    repairs: those that its mask needed.
    """

    case: ReadCase
    image_sha256: str
    mask_sha256: str
    patient: str | None
    warnings: tuple[CaseWarning, ...] = ()
    repairs: tuple[Repair, ...] = ()


def read_files(
    root: Path,
    image_path: str,
    mask_path: str,
    task: SegmentationTask,
    reading: Reading,
    seen: SeenMasks | None = None,
    parts: Mapping[str, str] | None = None,
) -> ReadFiles:
    """The case and what its files say. Raises Skip where the case cannot be used.

    seen: learns what the mask holds while a data set is checked. parts: the files of a mask that has one for each
    structure.
    """
    pixels, image = read_pixels(root, image_path, task, reading.channel)
    wanted = wanted_by(task, reading)
    try:
        if parts and are_parts(mask_path, parts, wanted):
            mask: LabelMask | NamedMask = read_parts(root, parts, image, wanted, reading.repairs, seen)
        else:
            mask = read_mask(root, mask_path, image, wanted, reading.repairs)
    except PartProblem as error:
        raise Skip(_mask_code(error.cause), str(error)) from None
    except (UnsafeFile, CannotRead) as error:
        raise Skip(_mask_code(error), f"{mask_path} {error}") from None
    structures, of_values = repaired_planes(mask_path, mask, pixels.shape[:-1], task, reading, seen)
    if not structures.any() and not reading.empty_means_nothing_there:
        names = ", ".join(structure.name for structure in task.structures)
        raise Skip(
            "empty_mask",
            f"{mask_path} holds only background, no pixel of {names}: outline it, remove the case, or, where an empty "
            "mask says that nothing is there, register the data set with empty_means_nothing_there",
        )
    case = ReadCase(pixels, structures, image.spacing, image.affine)
    in_order = [structure.name for structure in task.structures]
    warnings = (
        *turn_warnings(image_path, image, mask_path, mask),
        *case_warnings(image_path, (*image.notes, *about_values(pixels))),
        *case_warnings(mask_path, (*mask.notes, *about_slices(structures, in_order))),
    )
    repairs = repairs_in_order((*mask.repairs, *of_values))
    return ReadFiles(case, image.sha256, mask.sha256, image.patient, warnings, repairs)


def case_warnings(path: str, notes: Iterable[Note]) -> list[CaseWarning]:
    """The warnings about a file's notes."""
    return [CaseWarning(code=note.code, message=f"{path} {note.text}.") for note in notes]


def wanted_by(task: SegmentationTask, reading: Reading) -> Wanted:
    """Whether a structure with this name in the data set's masks is one of the task's."""
    wanted = wanted_names(task, reading.label_map)
    return lambda name: folded(name) in wanted


def mask_sha256(root: Path, mask_path: str, parts: Mapping[str, str], task: SegmentationTask, reading: Reading) -> str:
    """The SHA-256 of the mask's files as they are now, as `read_files` gives it. Raises UnsafeFile."""
    wanted = wanted_by(task, reading)
    return parts_sha256(root, parts, wanted) if are_parts(mask_path, parts, wanted) else content_sha256(root, mask_path)


def read_pixels(
    root: Path, path: str, task: SegmentationTask, channel: int | None, remedy: str = OTHER_CHANNELS
) -> tuple[ImageArray, DecodedImage]:
    """[*space, C] with the task's number of channels, and the file's other facts. remedy: what to do with another
    number of channels. Raises Skip."""
    image = _read_image(root, path, task)
    return _channels(path, image, task, channel, remedy), image


def _read_image(root: Path, path: str, task: SegmentationTask) -> DecodedImage:
    try:
        image = read_image(root, path, task.dimensions)
    except (UnsafeFile, CannotRead) as error:
        raise Skip(_image_code(error), f"{path} {error}") from None
    if task.dimensions == 3 and image.spacing is None:
        raise Skip(
            "missing_spacing",
            f"{path} does not say how large its voxels are, which distances and volumes need: save it as NIfTI, NRRD "
            "or DICOM with its spacing in mm",
        )
    return image


def _channels(path: str, image: DecodedImage, task: SegmentationTask, channel: int | None, remedy: str) -> ImageArray:
    """The pixels with the task's number of channels. A colour image whose channels are equal counts as grey.

    A grey image is never repeated to make colour, because a network would take the missing colour for a property of the
    site.
    """
    pixels = image.pixels
    count = pixels.shape[-1]
    if channel is not None and count > 1:
        if channel >= count:
            raise Skip("wrong_channels", f"{path} has the channels 0 to {count - 1}, not {channel}: choose one of them")
        pixels = pixels[..., channel : channel + 1]
    elif count == 3 and task.num_channels == 1 and bool((pixels[..., 1:] == pixels[..., :1]).all()):
        pixels = pixels[..., :1]
    if pixels.shape[-1] != task.num_channels:
        wanted = "grey (1 channel)" if task.num_channels == 1 else "colour (3 channels)"
        raise Skip(
            "wrong_channels",
            f"{path} has {pixels.shape[-1]} channel(s), but the federation's task has {wanted} images: {remedy}",
        )
    if image.frame is None and task.dimensions == 2:
        _require_photograph(path, pixels)
    return np.ascontiguousarray(pixels)


def _require_photograph(path: str, pixels: ImageArray) -> None:
    """Raises Skip where black and white are not known; they are for uint8, uint16, and floats in 0 to 1."""
    if pixels.dtype in (np.uint8, np.uint16):
        return
    if not np.issubdtype(pixels.dtype, np.floating) or pixels.min() < 0 or pixels.max() > 1:
        kind = "floating-point values" if np.issubdtype(pixels.dtype, np.floating) else "integers"
        raise Skip(
            "unreadable_image",
            f"{path} has {kind} from {pixels.min()} to {pixels.max()}, which do not say what is white: save it with "
            "8 or 16 bits, or as floats from 0 to 1",
        )


def _image_code(error: Exception) -> ReasonCode:
    if isinstance(error, WrongChannels):
        return "wrong_channels"
    if isinstance(error, MissingSpacing):
        return "missing_spacing"
    return "wrong_dimensions" if isinstance(error, WrongDimensions) else "unreadable_image"


def _mask_code(error: Exception) -> ReasonCode:
    if isinstance(error, WrongGeometry):
        return "size_mismatch" if isinstance(error, WrongSize) else "geometry_mismatch"
    if isinstance(error, WrongChannels):
        return "wrong_channels"
    if isinstance(error, MissingSpacing):
        return "missing_spacing"
    return "wrong_dimensions" if isinstance(error, WrongDimensions) else "unreadable_mask"
