"""What a browser shows of a case: NIfTI files for NiiVue, and a JPEG for the gallery. Equal input gives equal bytes.

Orientation. A NIfTI voxel (i, j, k) with an identity affine lies at +x = right, +y = anterior, +z = superior. NiiVue
draws an axial slice with anterior up, and with right on the right unless `isRadiologicalConvention` is set (its default
is false). So column c of a photograph becomes i = c, and row r becomes j = H - 1 - r: the photograph stands upright and
unmirrored, and the file needs no reorientation, which not every viewer does for RGB. Spacing is 1 mm per pixel, because
a photograph has none of its own. A volume, which is in LPS order, keeps its own affine: its voxel (i, j, k) is the
array's [k, j, i].

Legend of shapes: D slices, H rows, W columns, C channels, S structures; `space` is [H, W] or [D, H, W].
"""

import gzip
import io
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_erosion

from worker.datasets.intensity import to_8_bit
from worker.datasets.labels import StructureMasks
from worker.datasets.reading import ImageArray

NIFTI_MM, NIFTI_SCANNER, NIFTI_ALIGNED = 2, 1, 2
Affine = NDArray[np.float64]
#: nibabel has no type annotations.
_Nifti1Image: Any = nib.Nifti1Image
#: RGB with 8 bits per channel, which is NIfTI's datatype 128.
RGB24 = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
THUMBNAIL_SIDE = 256
#: The colours of the browser's viewer, in its order: bright on a retina and its vessels, distinct for the colour-blind.
OUTLINE_COLORS = (
    (34, 211, 238),
    (253, 224, 71),
    (244, 114, 182),
    (163, 230, 53),
    (248, 250, 252),
    (251, 146, 60),
    (129, 140, 248),
    (52, 211, 153),
)


def image_nifti(image: ImageArray, spacing: tuple[float, ...] | None = None, affine: Affine | None = None) -> bytes:
    """A gzipped NIfTI of an image [*space, C]: colour gives RGB with 8 bits per channel; grey keeps its type.

    Grey of a type that viewers do not know is stored as int16 or float32. affine: [4, 4] of a volume, voxel (i, j, k)
    to mm in RAS.
    """
    if image.shape[-1] == 1:
        grey = image[..., 0]
        return _one_slice(grey) if affine is None else _volume(_of_viewers(grey), affine)
    rgb = np.ascontiguousarray(to_8_bit(image, spacing)).view(RGB24)[..., 0]
    return _one_slice(rgb) if affine is None else _volume(rgb, affine)


def mask_nifti(structures: StructureMasks, affine: Affine | None = None) -> bytes:
    """A gzipped NIfTI of structures [S, *space]: a voxel is the sum of 2**s over the structures s that hold it.

    Raises ValueError for more than 32 structures, for which there are no bits.
    """
    num_structures = len(structures)
    if num_structures > 32:
        raise ValueError(f"structures: {num_structures} do not fit in 32 bits; segment at most 32 at once")
    dtype = np.uint8 if num_structures <= 8 else np.uint16 if num_structures <= 16 else np.uint32
    bits = np.zeros(structures.shape[1:], dtype=dtype)
    for position, plane in enumerate(structures):
        bits |= plane.astype(dtype) << dtype(position)
    return _one_slice(bits) if affine is None else _volume(bits, affine)


def thumbnail_jpeg(image: ImageArray, structures: StructureMasks, spacing: tuple[float, ...] | None = None) -> bytes:
    """A JPEG of at most 256 pixels a side with each structure outlined. image: [*space, C]; structures: [S, *space].

    Of a volume it shows the slice with the largest foreground, the first of equals, and the middle one where there is
    no foreground.
    """
    if image.ndim == 4:
        foreground = structures.any(axis=0).sum(axis=(1, 2))
        best = int(foreground.argmax()) if foreground.any() else len(image) // 2
        shown, structures = to_8_bit(image, spacing)[best], structures[:, best]
    else:
        shown = to_8_bit(image, spacing)
    picture = Image.fromarray(shown.squeeze(axis=2) if shown.shape[2] == 1 else shown).convert("RGB")
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    pixels = np.array(picture)
    for position, plane in enumerate(structures):
        pixels[_outline(plane, picture.size)] = OUTLINE_COLORS[position % len(OUTLINE_COLORS)]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG", quality=85, subsampling=0)  # halved colours would drown outlines
    return file.getvalue()


def _outline(plane: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    small = np.asarray(Image.fromarray(plane.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)) >= 128
    inner: NDArray[np.bool_] = binary_erosion(small)
    return small & ~inner


def _one_slice(pixels: NDArray[Any]) -> bytes:
    """pixels [H, W], rows top-down, as a volume [W, H, 1], rows bottom-up, in which x runs fastest."""
    return _gzipped(pixels[::-1].T[:, :, None], np.eye(4), NIFTI_ALIGNED)


def _volume(voxels: NDArray[Any], affine: Affine) -> bytes:
    """A NIfTI of voxels [D, H, W]. Its sform holds any affine, its qform the rotation and spacing of it."""
    return _gzipped(voxels.transpose(2, 1, 0), affine, NIFTI_SCANNER)


def _of_viewers(grey: NDArray[Any]) -> NDArray[Any]:
    """The voxels as uint8, int16 or float32; other integers become int16 where they fit."""
    if grey.dtype in (np.uint8, np.int16, np.float32):
        return grey
    limits = np.iinfo(np.int16)
    fits = np.issubdtype(grey.dtype, np.integer) and grey.min() >= limits.min and grey.max() <= limits.max
    return grey.astype(np.int16 if fits else np.float32)


def _gzipped(voxels: NDArray[Any], affine: Affine, code: int) -> bytes:
    volume = _Nifti1Image(voxels, affine, dtype=voxels.dtype)
    volume.header.set_xyzt_units(NIFTI_MM)
    volume.set_sform(affine, code)
    volume.set_qform(affine, code)
    content: bytes = volume.to_bytes()
    return gzip.compress(content, compresslevel=6, mtime=0)
