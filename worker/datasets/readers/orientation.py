"""From any stored orientation to LPS order, by flips and exchanged axes alone: no voxel value is interpolated."""

import itertools
from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.errors import Undecodable, WrongDimensions, WrongGeometry, WrongSize
from worker.datasets.readers.model import Affine, DecodedImage, Frame, Pixels

#: Positions that differ by less than this share of the smallest spacing are the same: headers keep 32 bits.
_POSITION_TOLERANCE = 0.1
#: nibabel's functions carry no types.
_orientations: Any = nib.orientations
_LPS = _orientations.axcodes2ornt(("L", "P", "S"))
#: LPS millimetres to RAS millimetres, as a factor of affines.
RAS_OF_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class StoredVolume:
    """As the file has it. voxels: [X, Y, Z, C].

    affine: index (x, y, z) to mm in RAS; None of pictures without position, which may know their pixel_spacing (mm of
    rows and columns). affine_is_guess: the header says sizes but not how the patient lies.
    """

    voxels: Pixels
    affine: Affine | None
    affine_is_guess: bool = False
    pixel_spacing: tuple[float, float] | None = None
    patient: str | None = None
    frame_of_reference: str | None = None
    instances: frozenset[str] = frozenset()

    @property
    def size(self) -> tuple[int, int, int]:
        x, y, z = self.voxels.shape[:3]
        return x, y, z


def as_image(stored: StoredVolume, dimensions: int, sha256: str) -> DecodedImage:
    """The volume, or the picture of its only slice where the task is 2D. Raises WrongDimensions, Undecodable."""
    volume, affine = lps(stored.voxels, stored.affine)
    frame = Frame(
        shape=_three(volume.shape),
        affine=affine,
        flat_axis=_flat_axis(volume.shape[:3]) if dimensions == 2 else None,
        stored_shape=stored.size,
        stored_affine=stored.affine,
        frame_of_reference=stored.frame_of_reference,
        instances=stored.instances,
    )
    if dimensions == 3 and 1 in frame.shape:
        raise WrongDimensions(
            f"has one slice ({size_in_words(frame.shape)}), but the task is 3D: give the whole volume, or use a "
            "federation of 2D tasks"
        )
    pixels = np.ascontiguousarray(view(volume, frame))
    if frame.flat_axis is None:
        assert affine is not None, "only pictures have no position"
        return DecodedImage(pixels, _spacing(affine), affine, stored.patient, frame, sha256)
    spacing: tuple[float, ...] | None = stored.pixel_spacing
    if affine is not None:
        spacing = tuple(mm for axis, mm in enumerate(_spacing(affine)) if axis != frame.flat_axis)
    return DecodedImage(pixels, spacing, None, stored.patient, frame, sha256)


def lps(voxels: Pixels, affine: Affine | None) -> tuple[Pixels, Affine | None]:
    """A view [D, H, W, C] of voxels [X, Y, Z, C], and the affine of its index (x, y, z)."""
    if affine is None:
        return voxels.transpose(2, 1, 0, 3), None
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) <= 1e-6 * lengths.prod():
        raise Undecodable("has a header whose orientation is no valid matrix: export it again with its geometry")
    change = _orientations.ornt_transform(_orientations.io_orientation(affine), _LPS)
    turned: NDArray[Any] = _orientations.apply_orientation(voxels, change)
    return turned.transpose(2, 1, 0, 3), affine @ _orientations.inv_ornt_aff(change, voxels.shape[:3])


def view(volume: NDArray[Any], frame: Frame) -> NDArray[Any]:
    """[D, H, W, ...] as the image's pixels lie: itself, or the picture as it is looked at.

    Axial: posterior down, left on the right. Coronal and sagittal: superior up, left or posterior on the right.
    """
    if frame.flat_axis is None:
        return volume
    flat: NDArray[Any] = volume.take(0, axis=frame.flat_axis)
    return flat if frame.flat_axis == 0 else flat[::-1]


def labels_on(stored: StoredVolume, frame: Frame | None) -> NDArray[Any]:
    """The mask's values [H, W] or [D, H, W] as the image's pixels lie. Raises WrongGeometry."""
    if frame is None:
        raise WrongGeometry(
            "says how the patient lies, its image does not, so the one cannot be laid on the other: save both in one "
            "format, as NIfTI (volumes) or PNG (pictures)"
        )
    affine = stored.affine
    if stored.affine_is_guess and stored.size == frame.stored_shape:
        affine = frame.stored_affine  # the same array order, with the geometry that only the image knows
    volume, affine = lps(stored.voxels, affine)
    require_equal_shape(_three(volume.shape), frame.shape)
    _require_same_place(affine, frame)
    return view(volume[..., 0], frame)


def require_plain(image: DecodedImage) -> None:
    """For masks of formats that have rows and columns only. Raises WrongGeometry where the image has more."""
    frame = image.frame
    if frame is not None and (frame.flat_axis is None or not frame.is_as_stored):
        raise WrongGeometry(
            "does not say how the patient lies, its image does, so the one cannot be laid on the other: save the mask "
            "in the format of the image, with its header"
        )


def require_equal_shape(mask: tuple[int, ...], image: tuple[int, ...]) -> None:
    if mask != image:
        raise WrongSize(f"has {size_in_words(mask)}, its image {size_in_words(image)}: export both at the same size")


def require_turned_alike(mask: tuple[int, ...], mask_turn: int, image: tuple[int, ...], image_turn: int) -> None:
    """Raises WrongSize where sizes are exchanged because only one of two pictures has an EXIF orientation."""
    if mask == image or mask != image[::-1] or mask_turn == image_turn:
        return
    which = "its image is turned by its EXIF orientation" if image_turn != 1 else "it is turned by its EXIF orientation"
    raise WrongSize(
        f"has {size_in_words(mask)}, its image {size_in_words(image)}, for {which} and the other is not: turn both "
        "alike and save them without EXIF orientation (ImageMagick: mogrify -auto-orient)"
    )


def _require_same_place(affine: Affine | None, frame: Frame) -> None:
    if affine is None or frame.affine is None:
        return
    distance = max(
        float(np.linalg.norm((affine - frame.affine) @ np.array([x, y, z, 1.0])))
        for z, y, x in itertools.product(*((0, length - 1) for length in frame.shape))
    )
    if distance > _POSITION_TOLERANCE * min(_spacing(frame.affine)):
        raise WrongGeometry(
            f"has {_place_in_words(affine)}, its image {_place_in_words(frame.affine)} "
            f"(up to {distance:.3g} mm apart): "
            "resample it onto the image, or copy the image's header to it if only the header is wrong"
        )


def size_in_words(shape: tuple[int, ...]) -> str:
    """Of array axes: `33 x 41 x 25 voxels`, x first, as viewers say it."""
    return " x ".join(str(length) for length in shape[::-1]) + (" voxels" if len(shape) == 3 else " pixels")


def _place_in_words(affine: Affine) -> str:
    spacing = " x ".join(f"{mm:.4g}" for mm in _spacing(affine)[::-1])
    origin = ", ".join(f"{mm:.4g}" for mm in affine[:3, 3])
    return f"voxels of {spacing} mm from ({origin}) mm RAS"


def _spacing(affine: Affine) -> tuple[float, float, float]:
    x, y, z = (round(float(mm), 6) for mm in np.linalg.norm(affine[:3, :3], axis=0))
    return z, y, x


def _flat_axis(shape: tuple[int, ...]) -> int:
    for axis in range(3):
        if shape[axis] == 1:
            return axis
    raise WrongDimensions(
        f"is a volume of {size_in_words(_three(shape))}, but the task is 2D: use a federation of 3D tasks, or save its "
        "slices as pictures"
    )


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    depth, height, width = shape[:3]
    return depth, height, width
