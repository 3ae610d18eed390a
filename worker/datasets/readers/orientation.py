"""From any stored orientation to LPS order, by flips and exchanged axes alone, so no voxel value is interpolated."""

import itertools
from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.errors import (
    MissingSpacing,
    Undecodable,
    WrongDimensions,
    WrongGeometry,
    WrongSize,
)
from worker.datasets.readers.model import PLAIN_LAYOUT, Affine, DecodedImage, FileLayout, Frame, Note, Pixels, Segment

#: Positions that differ by less than this share of the smallest spacing are the same, because headers keep 32 bits.
_POSITION_TOLERANCE = 0.1
#: nibabel has no type annotations.
_orientations: Any = nib.orientations
_LPS = _orientations.axcodes2ornt(("L", "P", "S"))
NO_SPACING = (
    "does not say how large its voxels are, which distances and volumes need: save it as NIfTI, NRRD or DICOM with its "
    "spacing in mm"
)
_NO_ORIENTATION = (
    "does not say how the patient lies, so left and right, front and back, head and feet are guesses: save it with its "
    "orientation"
)
_FIRST_IS_TAKEN = "the sform is taken, other programs may take the qform; look which is right, and save it with one"
_WITHOUT_ORIENTATION_ON_ORIENTED = (
    "does not say how the patient lies, its image does, so the one cannot be laid on the other: save the mask in the "
    "format of the image, with its header"
)
_ORIENTED_ON_WITHOUT_ORIENTATION = (
    "says how the patient lies, its image does not, so the one cannot be laid on the other: save both in one format, "
    "as NIfTI (volumes) or PNG (pictures)"
)
#: LPS millimetres to RAS millimetres, as a factor of affines.
RAS_OF_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class StoredVolume:
    """A volume as the file has it.

    voxels: [X, Y, Z, C].
    affine: from index (x, y, z) to mm in RAS; None for pictures without position, which may know their pixel_spacing
    (in mm, of rows and columns).
    affine_is_guess: the header says nothing of how the patient lies.
    is_oriented: the header says so fully, for a person.
    contradiction: what a NIfTI's sform and qform say differently; the affine is the sform's.
    spacing_problem: why a volume of it cannot be used, where it does not say how large its voxels are.
    segments: of a .seg.nrrd, by name.
    """

    voxels: Pixels
    affine: Affine | None
    affine_is_guess: bool = False
    pixel_spacing: tuple[float, float] | None = None
    patient: str | None = None
    frame_of_reference: str | None = None
    instances: frozenset[str] = frozenset()
    spacing_problem: str | None = None
    is_oriented: bool = True
    contradiction: str | None = None
    layout: FileLayout = PLAIN_LAYOUT
    segments: tuple[Segment, ...] = ()

    @property
    def size(self) -> tuple[int, int, int]:
        x, y, z = self.voxels.shape[:3]
        return x, y, z


def as_image(stored: StoredVolume, dimensions: int, sha256: str) -> DecodedImage:
    """The volume, or the picture of its only slice where the task is 2D. Raises WrongDimensions or Undecodable."""
    volume, affine = lps(stored.voxels, stored.affine)
    flat_axis = _flat_axis(volume.shape[:3]) if dimensions == 2 else None
    frame = Frame(
        shape=_three(volume.shape),
        affine=affine,
        flat_axis=flat_axis,
        stored_shape=stored.size,
        stored_affine=stored.affine,
        is_as_stored=_is_as_stored(stored, flat_axis),
        layout=stored.layout,
        frame_of_reference=stored.frame_of_reference,
        instances=stored.instances,
    )
    if dimensions == 3 and 1 in frame.shape:
        raise WrongDimensions(
            f"has one slice ({size_in_words(frame.shape)}), but the task is 3D: give the whole volume, or use a "
            "federation of 2D tasks"
        )
    if dimensions == 3 and stored.spacing_problem is not None:
        raise MissingSpacing(stored.spacing_problem)
    notes = _notes_on_header(stored, affine is not None)
    pixels = np.ascontiguousarray(view(volume, frame.flat_axis, has_position=affine is not None))
    if frame.flat_axis is None:
        assert affine is not None, "only pictures have no position"
        return DecodedImage(pixels, _spacing(affine), affine, stored.patient, frame, sha256, notes=notes)
    spacing: tuple[float, ...] | None = stored.pixel_spacing
    if affine is not None:
        spacing = tuple(mm for axis, mm in enumerate(_spacing(affine)) if axis != frame.flat_axis)
    return DecodedImage(pixels, spacing, None, stored.patient, frame, sha256, notes=notes)


def _notes_on_header(stored: StoredVolume, has_position: bool) -> tuple[Note, ...]:
    if stored.contradiction is not None:
        return (Note("unknown_orientation", f"has a header with {stored.contradiction}: {_FIRST_IS_TAKEN}"),)
    if has_position and not stored.is_oriented:
        return (Note("unknown_orientation", _NO_ORIENTATION),)
    return ()


def lps(voxels: Pixels, affine: Affine | None) -> tuple[Pixels, Affine | None]:
    """A view [D, H, W, C] of voxels [X, Y, Z, C], and the affine of its index (x, y, z) to mm in RAS. Raises
    Undecodable."""
    if affine is None:
        return voxels.transpose(2, 1, 0, 3), None
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) <= 1e-6 * lengths.prod():
        raise Undecodable("has a header whose orientation is no valid matrix: export it again with its geometry")
    change = _orientations.ornt_transform(_orientations.io_orientation(affine), _LPS)
    turned: NDArray[Any] = _orientations.apply_orientation(voxels, change)
    return turned.transpose(2, 1, 0, 3), affine @ _orientations.inv_ornt_aff(change, voxels.shape[:3])


def view(volume: NDArray[Any], flat_axis: int | None, has_position: bool) -> NDArray[Any]:
    """[D, H, W, ...] as the image's pixels lie: itself, or the picture as it is looked at.

    Axial: posterior down, left on the right. Coronal and sagittal: superior up, left or posterior on the right.
    Without position: as the file has it.
    """
    if flat_axis is None:
        return volume
    flat: NDArray[Any] = volume.take(0, axis=flat_axis)
    return flat[::-1] if has_position and flat_axis != 0 else flat


def as_stored(pixels: NDArray[Any], frame: Frame) -> NDArray[Any]:
    """[X, Y, Z] in the order of the image's file, of what lies on its pixels [H, W] or [D, H, W]."""
    volume = pixels
    if frame.flat_axis is not None:
        is_turned = frame.affine is not None and frame.flat_axis != 0
        volume = np.expand_dims(pixels[::-1] if is_turned else pixels, frame.flat_axis)
    voxels = volume.transpose(2, 1, 0)
    if frame.stored_affine is None:
        return voxels
    back = _orientations.ornt_transform(_LPS, _orientations.io_orientation(frame.stored_affine))
    turned: NDArray[Any] = _orientations.apply_orientation(voxels, back)
    return turned


def labels_on(stored: StoredVolume, frame: Frame | None, channel: int = 0) -> NDArray[Any]:
    """The mask's values [H, W] or [D, H, W] as the image's pixels lie. Raises WrongGeometry or MissingSpacing."""
    if frame is None:
        raise WrongGeometry(_ORIENTED_ON_WITHOUT_ORIENTATION)
    affine = stored.affine
    if stored.affine_is_guess and stored.size == frame.stored_shape:
        affine = frame.stored_affine  # the same array order, with the geometry that only the image knows
    elif stored.spacing_problem is not None and frame.flat_axis is None:
        raise MissingSpacing(stored.spacing_problem)
    if affine is None and frame.affine is not None:
        return _plain_labels_on(stored.voxels[..., channel], frame)
    volume, affine = lps(stored.voxels[..., channel : channel + 1], affine)
    require_equal_shape(_three(volume.shape), frame.shape)
    if frame.affine is None and affine is not None and not _is_as_stored(stored, frame.flat_axis):
        raise WrongGeometry(_ORIENTED_ON_WITHOUT_ORIENTATION)
    _require_same_place(affine, frame)
    return view(volume[..., 0], frame.flat_axis, has_position=frame.affine is not None)


def _plain_labels_on(voxels: NDArray[Any], frame: Frame) -> NDArray[Any]:
    """The values of voxels [X, Y, Z] that have rows and columns and no position, as those of `require_plain`."""
    if frame.flat_axis is None or not frame.is_as_stored or voxels.shape[2] != 1:
        raise WrongGeometry(_WITHOUT_ORIENTATION_ON_ORIENTED)
    plane = voxels[..., 0].T
    require_equal_shape(plane.shape, tuple(np.delete(frame.shape, frame.flat_axis)))
    return plane


def notes_on_mask(stored: StoredVolume, frame: Frame | None) -> tuple[Note, ...]:
    if stored.affine_is_guess and frame is not None and frame.stored_affine is not None:
        return (Note("unknown_orientation", f"{_NO_ORIENTATION}; it was laid on its image voxel by voxel"),)
    return () if stored.contradiction is None else _notes_on_header(stored, has_position=True)


def require_plain(image: DecodedImage) -> None:
    """Raises WrongGeometry where the image has more than rows and columns, for masks of formats that have nothing
    else."""
    frame = image.frame
    if frame is not None and (frame.flat_axis is None or not frame.is_as_stored):
        raise WrongGeometry(_WITHOUT_ORIENTATION_ON_ORIENTED)


def _is_as_stored(stored: StoredVolume, flat_axis: int | None) -> bool:
    """Whether pixels lie as stored, tried on very few numbers: two along each axis that has any extent."""
    few = np.arange(8).reshape(2, 2, 2)[tuple(slice(0, min(2, length)) for length in stored.size)]
    turned, affine = lps(few[..., None], stored.affine)
    seen = view(turned[..., 0], flat_axis, has_position=affine is not None)
    return bool(np.array_equal(seen.ravel(), few.transpose(2, 1, 0).ravel()))


def require_equal_shape(mask: tuple[int, ...], image: tuple[int, ...]) -> None:
    """Raises WrongSize where the mask's shape is not its image's."""
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
    """Array axes in words: `33 x 41 x 25 voxels`, x first, as viewers say it."""
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
