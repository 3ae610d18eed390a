"""NPY and NPZ with NumPy, never with pickle, because an array of objects could run a program."""

import io
import zipfile
import zlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.errors import Undecodable, WrongDimensions, damage_as_undecodable
from worker.datasets.readers.model import Pixels
from worker.datasets.readers.values import MAX_CHANNELS, as_known_type, require_size
from worker.datasets.readers.zip_listing import require_listing

_DECODER_ERRORS = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError,
                   RuntimeError, SyntaxError, TypeError, OverflowError, MemoryError)  # fmt: skip


def read_array_image(data: bytes, is_npz: bool, dimensions: int) -> Pixels:
    """[H, W, C] or [D, H, W, C] of an array [H, W], [H, W, C], [D, H, W] or [D, H, W, C]. Raises CannotRead."""
    array = _array(data, is_npz, "image")
    if dimensions == 2 and array.ndim == 3 and array.shape[0] == 1 and array.shape[2] not in (1, 3):
        array = array[0]  # a volume with one slice
    if array.ndim == dimensions:
        array = array[..., None]
    counts = (1, 3) if dimensions == 2 else range(1, MAX_CHANNELS + 1)
    if array.ndim != dimensions + 1 or array.shape[-1] not in counts:
        axes = "[H, W] or [H, W, 1 or 3]" if dimensions == 2 else f"[D, H, W] or [D, H, W, 1 to {MAX_CHANNELS}]"
        raise WrongDimensions(
            f"holds an array of shape {list(array.shape)}, but the task is {dimensions}D: save it as {axes}, "
            "channels last, or use a federation of the other kind"
        )
    return as_known_type(np.ascontiguousarray(array))


def read_array_labels(data: bytes, is_npz: bool) -> NDArray[Any]:
    """The mask's values without axes of channels, of [H, W], [H, W, 1], [1, H, W], [D, H, W] or [D, H, W, 1]. Raises
    CannotRead."""
    array = _array(data, is_npz, "mask")
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    return array


def _array(data: bytes, is_npz: bool, key: Literal["image", "mask"]) -> NDArray[Any]:
    with damage_as_undecodable(_DECODER_ERRORS):
        return _member(data, key) if is_npz else _load(io.BytesIO(data), len(data))


def _member(data: bytes, key: str) -> NDArray[Any]:
    require_listing(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if len(members) != 1 and key not in members:
            listed = ", ".join(sorted(members)[:8]) or "none"
            raise Undecodable(f"holds the arrays {listed}: save one array, or call the wanted one `{key}`")
        info = members[key] if key in members else next(iter(members.values()))
        require_size((info.file_size,), 1)
        with archive.open(info) as file:
            return _load(io.BytesIO(file.read()), info.file_size)


def _load(file: io.BytesIO, num_bytes: int) -> NDArray[Any]:
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        raise Undecodable("holds Python objects, which are not read for they could run a program: save numbers")
    require_size(shape, dtype.itemsize)
    expected = file.tell() + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if num_bytes < expected:
        raise Undecodable(f"ends after {num_bytes} of {expected} bytes: copy it again")
    file.seek(0)
    array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array
