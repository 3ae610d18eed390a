"""Where the voxels of a NIfTI header lie, read as the standard says it, also where a writer left rounding errors.

Sources: nifti1.h (methods 1 to 3, qfac), and what nifticlib and ITK make of headers on its edge.
"""

from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.errors import MissingSpacing, Undecodable
from worker.datasets.readers.length_units import MM_OF_UNIT
from worker.datasets.readers.model import Affine
from worker.datasets.readers.values import require_sizes

#: NIfTI's codes of the unit of length; 0 is without a name.
_UNIT_OF_CODE = {0: "", 1: "m", 2: "mm", 3: "um"}
#: What a mask has of its image's header: each program then places both alike. No text, because people write in it.
_KEPT = (
    "pixdim", "xyzt_units", "dim_info", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d",
    "qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z",
    "intent_code", "intent_p1", "intent_p2", "intent_p3",
)  # fmt: skip
#: Intents of several values a voxel (matrices, vectors, quaternions, colours), which a mask does not have.
_INTENTS_OF_SEVERAL_VALUES = frozenset({1004, 1005, 1006, 1007, 1008, 1009, 1010, 2003, 2004})
#: How far above 1 the squared length of the quaternion's vector may be by rounding.
_ROUNDING = 1e-3
#: How far the voxel sizes of sform and qform may be apart, as a share.
_SAME_SIZE = 0.01
#: nibabel has no type annotations.
_orientations: Any = nib.orientations
_quaternions: Any = nib.quaternions
_volumeutils: Any = nib.volumeutils


def affine_of(header: Any) -> tuple[Affine | None, bool]:
    """The affine in the header's own unit, None where it does not say how large the voxels are; and whether the header
    leaves open how the patient lies, which nibabel then takes as LAS.

    Raises MissingSpacing for sizes that are none, Undecodable for a rotation that is none.
    """
    is_guess = int(header["sform_code"]) <= 0 and int(header["qform_code"]) <= 0
    if int(header["sform_code"]) > 0:
        affine = np.array(header.get_sform(), dtype=np.float64)
        sizes = np.linalg.norm(affine[:3, :3], axis=0)
        require_sizes(sizes)
        return affine, False
    sizes = _sizes(header)
    if sizes is None:
        return None, is_guess
    if is_guess:
        shape = tuple(int(length) for length in header.get_data_shape()[:3])
        return np.array(_volumeutils.shape_zoom_affine(shape, sizes[: len(shape)], True), dtype=np.float64), True
    return _of_quaternion(header, sizes), False


def contradiction_of(header: Any) -> str | None:
    """What sform and qform name differently, of directions of axes and voxel sizes: programs choose in different ways.

    A turn by a small angle is no contradiction, for a sform may lead into an atlas.

    None where the qform is no geometry at all, for then nothing but the sform can be taken.
    """
    if min(int(header["sform_code"]), int(header["qform_code"])) <= 0:
        return None
    try:
        sizes = _sizes(header)
        if sizes is None:
            return None
        by_qform = _of_quaternion(header, sizes)
    except (MissingSpacing, Undecodable):
        return None
    by_sform = np.array(header.get_sform(), dtype=np.float64)
    directions = ["".join(_orientations.aff2axcodes(affine)) for affine in (by_sform, by_qform)]
    if directions[0] != directions[1]:
        return f"axes that run {directions[0]} by its sform and {directions[1]} by its qform"
    lengths = [np.linalg.norm(affine[:3, :3], axis=0) for affine in (by_sform, by_qform)]
    if not np.allclose(lengths[0], lengths[1], rtol=_SAME_SIZE):
        words = [" x ".join(f"{length:g}" for length in each) for each in lengths]
        return f"voxels of {words[0]} by its sform and of {words[1]} by its qform"
    return None


def kept_fields(header: Any) -> dict[str, NDArray[Any]]:
    """By name, the fields that a mask has of its image. Of `pixdim` those of space: a mask has no time."""
    found = {name: np.array(header[name]) for name in _KEPT}
    found["pixdim"][4:] = 1.0
    if int(header["intent_code"]) in _INTENTS_OF_SEVERAL_VALUES:
        return {name: value for name, value in found.items() if not name.startswith("intent")}
    return found


def _sizes(header: Any) -> list[float] | None:
    """The sizes of the first three axes; None where one is 0, by which headers say nothing. Axes without extent have
    1."""
    lengths = [int(length) for length in header["dim"][1:4]]
    num_axes = int(header["dim"][0])
    sizes = [float(size) for size in header["pixdim"][1:4]]
    for axis in range(3):
        if sizes[axis] == 0 and (axis >= num_axes or lengths[axis] == 1):
            sizes[axis] = 1.0
    if 0 in sizes:
        return None
    require_sizes(sizes)
    return sizes


def _of_quaternion(header: Any, sizes: list[float]) -> Affine:
    vector = np.array([float(header[f"quatern_{letter}"]) for letter in "bcd"])
    squared = float(vector @ vector)
    if not np.isfinite(vector).all() or squared > 1 + _ROUNDING:
        raise Undecodable(
            f"has a header whose orientation is no rotation (quaternion {', '.join(f'{part:g}' for part in vector)}): "
            "export it again with its geometry"
        )
    try:
        rotation = _quaternions.quat2mat(header.get_qform_quaternion())
    except ValueError:  # longer than 1
        rotation = _quaternions.quat2mat([0.0, *vector])
    flip = -1.0 if float(header["pixdim"][0]) < 0 else 1.0  # 0, which should not occur, means 1
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag([sizes[0], sizes[1], sizes[2] * flip])
    affine[:3, 3] = [float(header[f"qoffset_{letter}"]) for letter in "xyz"]
    return affine


def require_known_unit(header: Any) -> float:
    """Millimetres in a unit of the header. Raises Undecodable where the unit is unknown."""
    name = _UNIT_OF_CODE.get(int(header["xyzt_units"]) & 7)
    if name is None:
        raise Undecodable("has a header with an unknown unit of length: set it to mm")
    return MM_OF_UNIT[name]
