"""NIfTI-1 and NIfTI-2, in one file (.nii, .nii.gz) or as a pair (.hdr with .img), with nibabel."""

import gzip
import io
import struct
import zlib
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.errors import Undecodable, WrongDimensions, damage_as_undecodable
from worker.datasets.readers.model import FileLayout
from worker.datasets.readers.nifti_geometry import affine_of, contradiction_of, kept_fields, require_known_unit
from worker.datasets.readers.orientation import NO_SPACING, StoredVolume
from worker.datasets.readers.values import MAX_CHANNELS, as_known_type, require_size, rescaled

_DECODER_ERRORS = (OSError, ValueError, EOFError, KeyError, struct.error, zlib.error, OverflowError, TypeError,
                   MemoryError, nib.filebasedimages.ImageFileError, nib.spatialimages.HeaderDataError,
                   nib.wrapstruct.WrapStructError)  # fmt: skip
_HEADER_BYTES = {1: 348, 2: 540}
#: Maximum bytes between the header and the voxels, where extensions lie, such as a DICOM header.
_MAX_OFFSET_BYTES = 64 * 2**20
#: The earliest offset of the voxels in a single file, after the header and the flag of extensions.
_FIRST_OFFSET = {348: 352, 540: 544}


def read_nifti(data: bytes, pair: bytes | None = None) -> StoredVolume:
    """The volume of a file's bytes. pair: the bytes of the .img file where data is a .hdr file. Raises CannotRead."""
    with damage_as_undecodable(_DECODER_ERRORS):
        header_stream = _stream(data)
        start = header_stream.read(_HEADER_BYTES[2])
        image_class = _class_of(start, is_pair=pair is not None)
        header = image_class.header_class.from_fileobj(io.BytesIO(start), check=False)
        voxels = _stored_voxels(header, data if pair is None else pair, is_pair=pair is not None)
        factor = require_known_unit(header)
        affine, is_guess = affine_of(header)
        contradiction = contradiction_of(header)
        num_axes = min(3, len(header.get_data_shape()))
    if affine is not None:
        affine[:3] *= factor
    return StoredVolume(
        _with_channels(voxels),
        affine,
        affine_is_guess=is_guess,
        spacing_problem=NO_SPACING if affine is None else None,
        is_oriented=not is_guess,
        contradiction=contradiction,
        layout=FileLayout(num_axes, unit_mm=factor, nifti=kept_fields(header)),
    )


def _class_of(start: bytes, is_pair: bool) -> Any:
    """The class of the header, by its size and magic text, whatever the suffix says."""
    sizes = struct.unpack("<i", start[:4])[0], struct.unpack(">i", start[:4])[0]
    if _HEADER_BYTES[2] in sizes and start[4:8] in (b"n+2\0", b"ni2\0"):
        return nib.Nifti2Pair if is_pair else nib.Nifti2Image
    if _HEADER_BYTES[1] in sizes and start[344:348] in (b"n+1\0", b"ni1\0"):
        return nib.Nifti1Pair if is_pair else nib.Nifti1Image
    if _HEADER_BYTES[1] in sizes:
        raise Undecodable("is an Analyze 7.5 file, which does not tell left from right: convert it to NIfTI")
    raise Undecodable("is no NIfTI file, or is damaged: export or copy it again")


def _stored_voxels(header: Any, data: bytes, is_pair: bool) -> NDArray[Any]:
    """The voxels as the file holds them, after its slope and intercept, with any number of axes."""
    shape, dtype = tuple(int(length) for length in header.get_data_shape()), header.get_data_dtype()
    require_size(shape, dtype.itemsize)
    offset = _offset(header, is_pair)
    num_bytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    stream = _stream(data)
    stream.seek(offset)
    content = stream.read(num_bytes)
    if len(content) < num_bytes:
        raise Undecodable(f"ends after {offset + len(content)} of {offset + num_bytes} bytes: copy it again")
    if isinstance(stream, gzip.GzipFile):
        stream.read(1)  # reaches the checksum, where nothing follows
    stored: NDArray[Any] = np.frombuffer(content, dtype=dtype).reshape(shape, order="F")
    if dtype.names is not None:
        return _colours(stored)
    slope, intercept = header.get_slope_inter()
    if slope is None:
        return stored
    return rescaled(stored, float(slope), float(intercept or 0.0))


def _offset(header: Any, is_pair: bool) -> int:
    """The offset of the first voxel. A single file whose header says 0 has it where it can be at the earliest."""
    offset = int(header["vox_offset"])
    first = 0 if is_pair else _FIRST_OFFSET[int(header["sizeof_hdr"])]
    if offset == 0:
        return first
    if not first <= offset <= _MAX_OFFSET_BYTES:
        where = ", which lies within the header" if 0 < offset < first else ""
        raise Undecodable(f"has a header that puts the voxels at byte {offset}{where}: export it again")
    return offset


def _colours(stored: NDArray[Any]) -> NDArray[np.uint8]:
    """RGB24 and RGBA32 as [..., 3]. Alpha is dropped, which viewers of volumes ignore too."""
    return np.stack([stored[channel] for channel in ("R", "G", "B")], axis=-1)


def _with_channels(voxels: NDArray[Any]) -> NDArray[Any]:
    """[X, Y, Z, C] of 2 to 5 axes. The fourth axis is channels where it has at most 16 of them."""
    shape = voxels.shape
    if voxels.ndim == 5 and shape[3] == 1:
        voxels = voxels[:, :, :, 0]  # NIfTI's own place for several values a voxel is the fifth axis
    if voxels.ndim == 2:
        voxels = voxels[:, :, None]
    if voxels.ndim == 3:
        voxels = voxels[..., None]
    if voxels.ndim != 4 or voxels.shape[3] > MAX_CHANNELS:
        raise WrongDimensions(
            f"has {len(shape)} axes ({' x '.join(map(str, shape))}), several volumes in one file, more than "
            f"{MAX_CHANNELS} channels: save one volume in each file (fslroi, or nibabel.four_to_three)"
        )
    return as_known_type(voxels)


def _stream(data: bytes) -> io.BytesIO | gzip.GzipFile:
    raw = io.BytesIO(data)
    return gzip.GzipFile(fileobj=raw) if data[:2] == b"\x1f\x8b" else raw
