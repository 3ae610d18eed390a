"""What a browser shows of a case: NIfTI files for NiiVue, and a JPEG for the gallery. Equal input, equal bytes.

Orientation. A NIfTI voxel (i, j, k) with an identity affine lies at +x = right, +y = anterior, +z = superior. NiiVue
draws an axial slice with anterior up, and with right on the right unless `isRadiologicalConvention` is set (its
default is false). So column c of a photograph becomes i = c, and row r becomes j = H - 1 - r: the photograph stands
upright and unmirrored, and the file needs no reorientation, which not every viewer does for RGB. Spacing is 1 mm a
pixel, for a photograph has none of its own.

Legend of shapes: H rows, W columns, C channels, S structures.
"""

import gzip
import io
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_erosion

from worker.datasets.check import StructureMasks
from worker.datasets.images import ImageArray

NIFTI_MM, NIFTI_ALIGNED = 2, 2
#: nibabel's functions carry no types.
_Nifti1Image: Any = nib.Nifti1Image
#: NIfTI datatype 128.
RGB24 = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
THUMBNAIL_SIDE = 256
#: Those of the browser's viewer, in its order: bright enough for a retina and its vessels, apart for the colour-blind.
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


def image_nifti(image: ImageArray) -> bytes:
    """One slice, gzipped. image [H, W, 3] gives RGB with 8 bits a channel; [H, W, 1] keeps its type (grey)."""
    if image.shape[2] == 1:
        return _one_slice(image[..., 0])
    rgb = np.ascontiguousarray(to_8_bit(image))
    return _one_slice(rgb.view(RGB24)[..., 0])


def mask_nifti(structures: StructureMasks) -> bytes:
    """One slice, gzipped. structures [S, H, W]: a voxel is the sum of 2**s over the structures s that hold it.

    Raises ValueError for more than 32 structures, which have no bits.
    """
    num_structures = len(structures)
    if num_structures > 32:
        raise ValueError(f"structures: {num_structures} do not fit in 32 bits; segment at most 32 at once")
    dtype = np.uint8 if num_structures <= 8 else np.uint16 if num_structures <= 16 else np.uint32
    bits = np.zeros(structures.shape[1:], dtype=dtype)
    for position, plane in enumerate(structures):
        bits |= plane.astype(dtype) << dtype(position)
    return _one_slice(bits)


def thumbnail_jpeg(image: ImageArray, structures: StructureMasks) -> bytes:
    """At most 256 pixels a side, each structure outlined. image [H, W, C], structures [S, H, W]."""
    picture = Image.fromarray(to_8_bit(image).squeeze(axis=2) if image.shape[2] == 1 else to_8_bit(image))
    picture = picture.convert("RGB")
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    pixels = np.array(picture)
    for position, plane in enumerate(structures):
        pixels[_outline(plane, picture.size)] = OUTLINE_COLORS[position % len(OUTLINE_COLORS)]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG", quality=85, subsampling=0)  # halved colours would drown outlines
    return file.getvalue()


def to_8_bit(image: ImageArray) -> NDArray[np.uint8]:
    """uint8 as it is; uint16 and float in 0 to 1 scaled by the range of their type."""
    if image.dtype == np.uint8:
        return image
    largest = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else 1
    return np.round(image * np.float64(255 / largest)).astype(np.uint8)


def _outline(plane: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    small = np.asarray(Image.fromarray(plane.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)) >= 128
    inner: NDArray[np.bool_] = binary_erosion(small)
    return small & ~inner


def _one_slice(pixels: NDArray[Any]) -> bytes:
    """pixels [H, W], rows top-down, to a volume [W, H, 1], rows bottom-up, of which x runs fastest."""
    volume = _Nifti1Image(pixels[::-1].T[:, :, None], np.eye(4), dtype=pixels.dtype)
    volume.header.set_xyzt_units(NIFTI_MM)
    volume.set_sform(np.eye(4), NIFTI_ALIGNED)
    volume.set_qform(np.eye(4), NIFTI_ALIGNED)
    content: bytes = volume.to_bytes()
    return gzip.compress(content, compresslevel=6, mtime=0)
