"""What the readers return, and the geometry that a mask must share with its image.

Legend of shapes: H rows, W columns, D slices, C channels. Volumes are in LPS order: z to superior, y to posterior, x to
the patient's left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.contracts.datasets import WarningCode

Pixels = NDArray[Any]  # uint8, uint16, int16, int32 or float32
Affine = NDArray[np.float64]  # [4, 4], voxel index (x, y, z) to mm in RAS
Plane = NDArray[np.bool_]


@dataclass(frozen=True)
class Note:
    """What a person should look at in a file that is used. text: completes `images/a.nii.gz ...`, without full stop."""

    code: WarningCode
    text: str


@dataclass(frozen=True, eq=False)
class Frame:
    """Where the voxels of an image lie, so that a mask of another kind of file can be laid on it.

    shape: (D, H, W) of the LPS volume, with one 1 where the image is a picture. affine: of that volume; None where
    the file says nothing of position. flat_axis: the axis of length 1 that a picture was taken across, else None.
    stored_shape, stored_affine: (x, y, z) as the file has them. frame_of_reference: the DICOM UID of the coordinate
    system. instances: the DICOM UIDs of the image's objects.
    """

    shape: tuple[int, int, int]
    affine: Affine | None
    flat_axis: int | None
    stored_shape: tuple[int, int, int]
    stored_affine: Affine | None
    frame_of_reference: str | None = None
    instances: frozenset[str] = frozenset()

    @property
    def is_as_stored(self) -> bool:
        """Whether row 0, column 0 of the picture is that of the file: no flips, no exchanged axes."""
        if self.affine is None or self.stored_affine is None:
            return True
        return bool(self.stored_shape == self.shape[::-1] and np.allclose(self.affine, self.stored_affine, atol=1e-3))


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """pixels: [H, W, C], or [D, H, W, C] in LPS order; uint8, uint16, int16, int32 or float32, after rescale.

    spacing: mm in the order of the array's axes, None where unknown. affine: [4, 4], voxel index (x, y, z) to mm in
    RAS, of volumes (of those without position, as if at the origin with 1 mm); None of pictures. patient: the DICOM
    PatientID. frame: None where the file has no geometry. sha256: as `content_sha256`, of the bytes that were decoded.
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
    """labels: int32 [H, W] or [D, H, W], 0 to 65535. picture_format: as `JPEG`, whose labels are not exact; or None.

    palette: of a palette file, the colours (red, green, blue) by the indices that it uses; where all are grey, the
    labels are these grey values, else the indices. is_black_and_white: a picture of these two, of which no value says
    more than that (one bit a pixel, or a palette). turn: as of the image.
    """

    labels: NDArray[np.int32]
    sha256: str
    picture_format: str | None = None
    palette: Mapping[int, tuple[int, int, int]] | None = None
    is_black_and_white: bool = False
    turn: int = 1
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class NamedMask:
    """Of DICOM-SEG, RTSTRUCT and 3D Slicer's .seg.nrrd.
    planes: by the structure's name in the file, bool [H, W] or [D, H, W]; may overlap.
    names: all that the file holds, in its order, also those that were not wanted.
    """

    planes: Mapping[str, Plane]
    names: tuple[str, ...]
    sha256: str
    notes: tuple[Note, ...] = ()
