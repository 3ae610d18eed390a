"""DICOM images: a picture, an enhanced multi-frame object, or a folder with the slices of one series.

Slices are sorted by their position along the normal of their plane, never by name or number. Missing, doubled and
oblique (gantry tilt) ones are refused, because a volume with them would be distorted.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.dicom_files import Dataset, Slice, slices_of, sop_class_name, text_of
from worker.datasets.readers.dicom_geometry import height_of, require_one_grid, step_between
from worker.datasets.readers.dicom_pixels import decode_frames
from worker.datasets.readers.dicom_rescale import require_rescale_of_all
from worker.datasets.readers.errors import MissingSpacing, Undecodable
from worker.datasets.readers.orientation import NO_SPACING, RAS_OF_LPS, StoredVolume
from worker.datasets.readers.values import require_size


def read_dicom(datasets: Sequence[Dataset], names: Sequence[str]) -> StoredVolume:
    """The one volume or picture of the objects; names are the files', for the messages. Raises CannotRead.

    The pixel data of each object is dropped as soon as it is decoded.
    """
    _require_one_series(datasets, names)
    slices = [(part, name) for dataset, name in zip(datasets, names, strict=True) for part in slices_of(dataset)]
    first = slices[0][0]
    patient, frame_of_reference = text_of(first.dataset, "PatientID"), text_of(first.dataset, "FrameOfReferenceUID")
    instances = frozenset(str(dataset.get("SOPInstanceUID")) for dataset in datasets)
    require_rescale_of_all([(part.dataset, part.frame, _name_of(part, name, len(datasets))) for part, name in slices])
    if not first.is_placed or (len(slices) == 1 and first.spacing is None):
        voxels = _only_picture(slices)
        return StoredVolume(voxels, None, pixel_spacing=first.spacing, patient=patient,
                            frame_of_reference=frame_of_reference, instances=instances)  # fmt: skip
    require_one_grid(slices)
    if first.spacing is None:
        raise MissingSpacing(f"({sop_class_name(first.dataset)}) {NO_SPACING}")
    slices.sort(key=lambda part: height_of(part[0], first))
    step = step_between(slices)
    voxels = _voxels([part for part, _ in slices])
    return StoredVolume(voxels, _affine(slices[0][0], step), patient=patient, frame_of_reference=frame_of_reference,
                        instances=instances)  # fmt: skip


def _name_of(part: Slice, name: str, num_files: int) -> str:
    return name if num_files > 1 else f"frame {part.frame + 1}"


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
    """[W, H, 1, C] of an object without position, such as ultrasound, X-ray and secondary capture."""
    if len(slices) > 1:
        raise Undecodable(
            f"holds {len(slices)} frames or slices without a position in the patient: save the wanted picture alone, "
            "or export the volume with ImagePositionPatient"
        )
    return decode_frames(slices[0][0].dataset).transpose(2, 1, 0, 3)


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
    assert first.spacing is not None, "asked before"
    affine = np.eye(4)
    affine[:3, 0] = first.rows * first.spacing[1]
    affine[:3, 1] = first.columns * first.spacing[0]
    affine[:3, 2] = step
    affine[:3, 3] = first.position
    result: NDArray[np.float64] = RAS_OF_LPS @ affine
    return result
