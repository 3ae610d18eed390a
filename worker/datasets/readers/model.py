"""What the readers return, and the geometry that a mask must share with its image.

Legend of shapes: H rows, W columns, D slices, C channels. Volumes are in LPS order: z to superior, y to posterior, x to
the patient's left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.contracts.datasets import WarningCode
from backend.contracts.repairs import Repair

Pixels = NDArray[Any]  # uint8, uint16, int16, int32 or float32
Affine = NDArray[np.float64]  # [4, 4], voxel index (x, y, z) to mm in RAS
Plane = NDArray[np.bool_]


@dataclass(frozen=True)
class Note:
    """Something in a used file that a person should look at. text: completes `images/a.nii.gz ...`, without full
    stop."""

    code: WarningCode
    text: str


@dataclass(frozen=True, eq=False)
class FileLayout:
    """How a file arranges its voxels, in addition to their affine, so that a mask can be written in the same way.

    num_axes: 2 or 3 axes of space.
    unit_mm: one unit of the file's positions, in mm.
    plane_affine: of a NRRD or MetaImage with two axes, which lies somewhere in a plane that is no patient's; as if in
    RAS.
    nifti: of a NIfTI header by their names, the fields of geometry, units and intent, as the file has them.
    """

    num_axes: int = 3
    unit_mm: float = 1.0
    plane_affine: Affine | None = None
    nifti: Mapping[str, NDArray[Any]] | None = None


PLAIN_LAYOUT = FileLayout()


@dataclass(frozen=True)
class Segment:
    """One structure of a .seg.nrrd: the voxels of a value in a layer."""

    name: str
    layer: int
    value: int


@dataclass(frozen=True, eq=False)
class Frame:
    """Where the voxels of an image lie, so that a mask of another kind of file can be laid on it.

    shape: (D, H, W) of the LPS volume, with one 1 where the image is a picture.
    affine: of that volume; None where the file says nothing of position.
    flat_axis: the axis of length 1 across which a picture was taken, else None.
    stored_shape, stored_affine: (x, y, z) as the file has them.
    is_as_stored: whether the pixels of a picture lie as in the file's array, neither flipped nor with exchanged axes.
    frame_of_reference: the DICOM UID of the coordinate system.
    instances: the DICOM UIDs of the image's objects.
    """

    shape: tuple[int, int, int]
    affine: Affine | None
    flat_axis: int | None
    stored_shape: tuple[int, int, int]
    stored_affine: Affine | None
    is_as_stored: bool
    layout: FileLayout = PLAIN_LAYOUT
    frame_of_reference: str | None = None
    instances: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """An image as decoded.

    pixels: [H, W, C], or [D, H, W, C] in LPS order; uint8, uint16, int16, int32 or float32, after rescale.
    spacing: in mm in the order of the array's axes; None where unknown.
    affine: [4, 4], from voxel index (x, y, z) to mm in RAS, of volumes (of those without position, as if at the origin
    with 1 mm); None for pictures.
    patient: the DICOM PatientID.
    frame: None where the file has no geometry.
    sha256: of the bytes that were decoded, as `content_sha256` gives it.
    turn: the EXIF orientation by which a picture was turned, from 1 (not at all) to 8.
    """

    pixels: Pixels
    spacing: tuple[float, ...] | None
    affine: Affine | None
    patient: str | None
    frame: Frame | None
    sha256: str
    turn: int = 1
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class LabelMask:
    """A mask of labels.

    labels: int32 [H, W] or [D, H, W], 0 to 65535.
    picture_format: such as `JPEG`, whose labels are not exact; or None.
    palette: of a palette file, the colours (red, green, blue) by the indices that it uses; where all are grey, the
    labels are these grey values, else the indices.
    is_black_and_white: a picture of these two whose values say no more than that (one bit per pixel, or a palette).
    turn: as of the image.
    repairs: those that it needed so far; after `cut_at_half` the labels are 0 and 1.
    """

    labels: NDArray[np.int32]
    sha256: str
    picture_format: str | None = None
    palette: Mapping[int, tuple[int, int, int]] | None = None
    is_black_and_white: bool = False
    turn: int = 1
    notes: tuple[Note, ...] = ()
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, eq=False)
class NamedMask:
    """A mask of DICOM-SEG, RTSTRUCT, 3D Slicer's .seg.nrrd, or one file for each structure.

    planes: by the structure's name in the file, bool [H, W] or [D, H, W]; they may overlap.
    names: all that the file holds, in its order, also those that were not wanted.
    labels: the integers of a .seg.nrrd with one layer, whose values_of are by name; None for the others.
    turns, repairs: of a mask of one file for each structure, as of a mask of labels; turns by the files' paths.
    """

    planes: Mapping[str, Plane]
    names: tuple[str, ...]
    sha256: str
    notes: tuple[Note, ...] = ()
    labels: NDArray[np.int32] | None = None
    values_of: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    turns: Mapping[str, int] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
