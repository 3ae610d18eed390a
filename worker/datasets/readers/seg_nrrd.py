"""Segmentations of 3D Slicer (.seg.nrrd): each segment by its name, where its layer has its value.

The names of the segments count, as in DICOM-SEG, because their values are the program's own and differ between files of
one data set.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.errors import Undecodable
from worker.datasets.readers.model import Affine, Frame, NamedMask, Pixels, Plane, Segment
from worker.datasets.readers.orientation import StoredVolume, labels_on, size_in_words
from worker.datasets.readers.placing import Wanted
from worker.datasets.readers.values import MAX_DECODED_BYTES, as_labels, require_size

#: How far a cropped segmentation may lie off its image's voxels, as a share of a voxel.
_POSITION_TOLERANCE = 0.1
_SAME_GRID = 1e-3


def read_named(stored: StoredVolume, frame: Frame | None, wanted: Wanted, sha256: str) -> NamedMask:
    """The planes of the wanted segments; those with one name are united. Raises CannotRead."""
    num_layers = stored.voxels.shape[3]
    by_layer: dict[int, list[Segment]] = {layer: [] for layer in range(num_layers)}
    for segment in stored.segments:
        if segment.layer not in by_layer:
            raise Undecodable(
                f"names layer {segment.layer} for its segment {segment.name}, but has {num_layers}: export it again"
            )
        by_layer[segment.layer].append(segment)
    names = tuple(dict.fromkeys(segment.name for segment in stored.segments))
    _require_room(stored, sum(1 for name in names if wanted(name)))
    whole, affine = _on_whole_image(stored, frame)
    planes: dict[str, Plane] = {}
    labels: NDArray[np.int32] | None = None
    for layer, segments in by_layer.items():
        labels = as_labels(labels_on(replace(stored, voxels=whole[..., layer : layer + 1], affine=affine), frame))
        _require_described(labels, segments)
        for name, values in _values_by_name(segments).items():
            if wanted(name):
                planes[name] = planes.get(name, np.zeros(labels.shape, np.bool_)) | np.isin(labels, values)
    values_of = _values_by_name(stored.segments)
    return NamedMask(planes, names, sha256, labels=labels if num_layers == 1 else None, values_of=values_of)


def _values_by_name(segments: Iterable[Segment]) -> dict[str, tuple[int, ...]]:
    values: dict[str, list[int]] = {}
    for segment in segments:
        values.setdefault(segment.name, []).append(segment.value)
    return {name: tuple(found) for name, found in values.items()}


def _on_whole_image(stored: StoredVolume, frame: Frame | None) -> tuple[Pixels, Affine | None]:
    """Voxels and affine with the voxels around the segments filled in, which Slicer may leave out."""
    if frame is None or frame.stored_affine is None or stored.affine is None or stored.size == frame.stored_shape:
        return stored.voxels, stored.affine
    change = np.linalg.inv(frame.stored_affine) @ stored.affine
    offset = np.round(change[:3, 3]).astype(np.int64)
    stop = offset + np.array(stored.size)
    is_same_grid = np.allclose(change[:3, :3], np.eye(3), atol=_SAME_GRID) and np.allclose(
        change[:3, 3], offset, atol=_POSITION_TOLERANCE
    )
    if not is_same_grid or (offset < 0).any() or (stop > frame.stored_shape).any():
        return stored.voxels, stored.affine  # for labels_on to say what is wrong with it
    require_size((*frame.stored_shape, stored.voxels.shape[3]), stored.voxels.dtype.itemsize)
    whole = np.zeros((*frame.stored_shape, stored.voxels.shape[3]), dtype=stored.voxels.dtype)
    whole[offset[0] : stop[0], offset[1] : stop[1], offset[2] : stop[2]] = stored.voxels
    return whole, frame.stored_affine


def _require_room(stored: StoredVolume, num_wanted: int) -> None:
    if num_wanted * math.prod(stored.size) > MAX_DECODED_BYTES:
        raise Undecodable(
            f"holds {num_wanted} structures of {size_in_words(stored.size[::-1])}, more than fit in "
            f"{MAX_DECODED_BYTES / 2**30:.0f} GiB: export only those of the task"
        )


def _require_described(labels: NDArray[np.int32], segments: list[Segment]) -> None:
    known = {0, *(segment.value for segment in segments)}
    unknown = [int(value) for value in np.flatnonzero(np.bincount(labels.ravel())) if int(value) not in known]
    if unknown:
        listed = ", ".join(str(value) for value in unknown[:8])
        raise Undecodable(f"holds the value(s) {listed}, which none of its segments has: export it again")
