"""DICOM images: a picture, an enhanced multi-frame object, or a folder with the slices of one series.

Slices are sorted by their position along the normal of their plane, never by name or number; missing, doubled and
oblique (gantry tilt) ones are refused, for a volume with them would be distorted.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.dicom_files import Dataset, Slice, slices_of, sop_class_name, text_of
from worker.datasets.readers.dicom_pixels import decode_frames
from worker.datasets.readers.errors import Undecodable, WrongDimensions
from worker.datasets.readers.orientation import RAS_OF_LPS, StoredVolume
from worker.datasets.readers.values import require_size

#: Distances of neighbouring slices that differ by more than this share of the usual one are a gap.
_GAP_TOLERANCE = 0.05
#: Of the distance: how far a slice may be shifted within its plane.
_TILT_TOLERANCE = 0.05
_SAME_DIRECTION = 1e-3


def read_dicom(datasets: Sequence[Dataset], names: Sequence[str]) -> StoredVolume:
    """One volume or picture of the objects; names are the files', for the messages. Raises CannotRead.

    The pixel data of each object is dropped as soon as it is decoded.
    """
    _require_one_series(datasets, names)
    slices = [(part, name) for dataset, name in zip(datasets, names, strict=True) for part in slices_of(dataset)]
    first = slices[0][0]
    patient, frame_of_reference = text_of(first.dataset, "PatientID"), text_of(first.dataset, "FrameOfReferenceUID")
    instances = frozenset(str(dataset.get("SOPInstanceUID")) for dataset in datasets)
    if not first.is_placed:
        voxels = _only_picture(slices)
        return StoredVolume(voxels, None, pixel_spacing=first.spacing, patient=patient,
                            frame_of_reference=frame_of_reference, instances=instances)  # fmt: skip
    _require_one_grid(slices)
    slices.sort(key=lambda part: _height(part[0], first))
    step = _step(slices)
    voxels = _voxels([part for part, _ in slices])
    return StoredVolume(voxels, _affine(slices[0][0], step), patient=patient, frame_of_reference=frame_of_reference,
                        instances=instances)  # fmt: skip


def _require_one_series(datasets: Sequence[Dataset], names: Sequence[str]) -> None:
    by_series: dict[str, str] = {}
    by_instance: dict[str, str] = {}
    for dataset, name in zip(datasets, names, strict=True):
        by_series.setdefault(str(dataset.get("SeriesInstanceUID")), name)
        instance = str(dataset.get("SOPInstanceUID"))
        if instance in by_instance:
            raise Undecodable(f"holds one slice twice ({by_instance[instance]} and {name}): remove one of them")
        by_instance[instance] = name
    if len(by_series) > 1:
        examples = ", ".join(f"{name} of {series}" for series, name in list(by_series.items())[:3])
        raise Undecodable(f"holds {len(by_series)} series ({examples}): keep one series in each folder")


def _only_picture(slices: Sequence[tuple[Slice, str]]) -> NDArray[Any]:
    """[W, H, 1, C] of an object without position, as of ultrasound, X-ray and secondary capture."""
    if len(slices) > 1:
        raise Undecodable(
            f"holds {len(slices)} frames or slices without a position in the patient: save the wanted picture alone, "
            "or export the volume with ImagePositionPatient"
        )
    return decode_frames(slices[0][0].dataset).transpose(2, 1, 0, 3)


def _require_one_grid(slices: Sequence[tuple[Slice, str]]) -> None:
    first, first_name = slices[0]
    for part, name in slices[1:]:
        if not part.is_placed:
            raise Undecodable(f"holds {name} without a position in the patient: keep the slices of one series only")
        if part.size != first.size or part.spacing != first.spacing:
            raise Undecodable(f"holds slices of different size or spacing ({first_name} and {name}): keep one series")
        directions = np.abs([part.rows - first.rows, part.columns - first.columns])
        if float(directions.max()) > _SAME_DIRECTION:
            raise Undecodable(
                f"holds slices of different orientation ({first_name} and {name}), as localizers have: keep one series"
            )


def _height(part: Slice, first: Slice) -> float:
    return float(part.position @ first.normal)


def _step(slices: Sequence[tuple[Slice, str]]) -> NDArray[np.float64]:
    """mm in LPS from one slice to the next. Raises Undecodable for doubled, missing and shifted slices."""
    first = slices[0][0]
    if len(slices) == 1:
        return first.normal * first.thickness
    heights = np.array([_height(part, first) for part, _ in slices])
    distances = np.diff(heights)
    usual = float(np.median(distances))
    for index, distance in enumerate(distances):
        names = _pair_in_words(slices[index], slices[index + 1])
        if distance < max(0.01, 0.1 * usual):
            raise Undecodable(
                f"holds two slices at one place ({names}), as series of several times or echoes do: "
                "keep one of them in each folder"
            )
        if abs(distance - usual) > max(_GAP_TOLERANCE * usual, 0.01):
            raise Undecodable(
                f"lacks slices, or has uneven ones: {distance:.4g} mm between {names}, elsewhere {usual:.4g} mm: "
                "export the whole series"
            )
    last = slices[-1][0]
    travel: NDArray[np.float64] = (last.position - first.position) / len(distances)
    across = float(np.linalg.norm(travel - first.normal * (travel @ first.normal)))
    if across > _TILT_TOLERANCE * usual:
        raise Undecodable(
            f"has slices that shift by {across:.3g} mm each (tilted gantry): resample it to an upright grid"
        )
    return travel


def _pair_in_words(one: tuple[Slice, str], other: tuple[Slice, str]) -> str:
    if one[1] == other[1]:
        return f"frames {one[0].frame + 1} and {other[0].frame + 1}"
    return f"{one[1]} and {other[1]}"


def _voxels(slices: Sequence[Slice]) -> NDArray[Any]:
    """[W, H, D, C]. Each object is decoded once, into its place, and its bytes are dropped."""
    places: dict[int, list[int]] = {}
    for place, part in enumerate(slices):
        places.setdefault(id(part.dataset), []).append(place)
    voxels: NDArray[Any] | None = None
    for of_object in places.values():
        frames = decode_frames(slices[of_object[0]].dataset)
        _drop_pixels(slices[of_object[0]].dataset)
        if voxels is None:
            require_size((len(slices), *frames.shape[1:]), frames.dtype.itemsize)
            voxels = np.empty((len(slices), *frames.shape[1:]), dtype=frames.dtype)
        if frames.shape[1:] != voxels.shape[1:]:
            raise Undecodable("holds grey and colour slices: keep one series")
        if not np.can_cast(frames.dtype, voxels.dtype):
            voxels = voxels.astype(np.float32 if "f" in (frames.dtype.kind, voxels.dtype.kind) else np.int32)
        for place in of_object:
            voxels[place] = frames[slices[place].frame]
    assert voxels is not None, "there is at least one slice"
    return voxels.transpose(2, 1, 0, 3)


def _drop_pixels(dataset: Dataset) -> None:
    for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"):
        if keyword in dataset:
            del dataset[keyword]


def _affine(first: Slice, step: NDArray[np.float64]) -> NDArray[np.float64]:
    if first.spacing is None:
        raise WrongDimensions(f"({sop_class_name(first.dataset)}) says nothing of its spacing: export it with geometry")
    affine = np.eye(4)
    affine[:3, 0] = first.rows * first.spacing[1]
    affine[:3, 1] = first.columns * first.spacing[0]
    affine[:3, 2] = step
    affine[:3, 3] = first.position
    result: NDArray[np.float64] = RAS_OF_LPS @ affine
    return result
