"""Voxel types: those that a file may hold, rescaled and brought to the few that the rest of the platform knows."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.errors import MissingSpacing, Undecodable
from worker.datasets.readers.model import Pixels

#: Maximum bytes of a decoded image in memory. A whole-body CT of 512 x 512 x 1500 voxels has 750 MiB.
MAX_DECODED_BYTES = 2 * 2**30
_KNOWN = (np.uint8, np.uint16, np.int16, np.int32, np.float32)
#: Maximum channels; more values in a voxel are points in time or directions of diffusion.
MAX_CHANNELS = 16
#: The number of things that a text lists before it says `and n more`.
_MAX_LISTED = 8
MAX_LABEL = int(np.iinfo(np.uint16).max)


def require_size(shape: tuple[int, ...], bytes_a_voxel: int) -> None:
    """Raises Undecodable for too large a size, before any memory is taken, because the numbers come from a header."""
    if any(length < 1 for length in shape):
        raise Undecodable(f"has an axis without any voxel ({_in_words(shape)}): export it again")
    num_bytes = bytes_a_voxel
    for length in shape:
        num_bytes *= int(length)
    if num_bytes > MAX_DECODED_BYTES:
        raise Undecodable(
            f"says to hold {_in_words(shape)} voxels, {num_bytes / 2**30:.1f} GiB, more than "
            f"{MAX_DECODED_BYTES / 2**30:.0f} GiB: crop or resample it, or export it again if that is wrong"
        )


def require_sizes(sizes: Iterable[float]) -> None:
    """Raises MissingSpacing for sizes of voxels that are none: 0, negative, infinite, NaN."""
    listed = [float(size) for size in sizes]
    if not all(0 < size < np.inf for size in listed):
        given = " x ".join(f"{size:g}" for size in listed)
        raise MissingSpacing(
            f"says that its voxels measure {given}, which is no size: set its spacing, or export it again"
        )


def as_known_type(voxels: NDArray[Any]) -> Pixels:
    """The same values as uint8, uint16, int16, int32 or float32. Raises Undecodable for others and for NaN."""
    kind = voxels.dtype.kind
    if kind == "b":
        return voxels.astype(np.uint8)
    if kind not in "iuf":
        raise Undecodable(f"holds values of the type {voxels.dtype}: save it as integers or 32-bit floats")
    if kind == "f":
        return _finite(voxels)
    if voxels.dtype.newbyteorder("=") in _KNOWN:
        return voxels.astype(voxels.dtype.newbyteorder("="), copy=False)
    smallest, largest = int(voxels.min()), int(voxels.max())
    limits = np.iinfo(np.int32)
    if smallest < limits.min or largest > limits.max:
        raise Undecodable(f"holds values from {smallest} to {largest}: save it with 32 bits or less")
    return voxels.astype(np.int16 if voxels.dtype.kind == "i" and voxels.dtype.itemsize == 1 else np.int32)


def _finite(voxels: NDArray[Any]) -> Pixels:
    with np.errstate(over="ignore"):
        floats: Pixels = voxels.astype(np.float32, copy=False)
    if not np.isfinite(floats).all():
        count = int(np.count_nonzero(~np.isfinite(floats)))
        raise Undecodable(f"holds {count} voxel(s) that are NaN or infinite: set them to the value of the background")
    return floats


def rescaled(voxels: NDArray[Any], slope: float, intercept: float) -> NDArray[Any]:
    """voxels * slope + intercept: integers where slope is 1 and intercept whole, else float32. Raises Undecodable."""
    if not (np.isfinite(slope) and np.isfinite(intercept)):
        raise Undecodable("has a header whose rescale slope or intercept is no number: export it again")
    if slope == 1 and intercept == 0:
        return voxels
    if slope == 1 and intercept == int(intercept) and voxels.dtype.kind in "iu":
        wide = voxels.astype(np.int64 if abs(intercept) >= 2**30 else np.int32) + int(intercept)
        smallest, largest = int(wide.min()), int(wide.max())
        fits = np.iinfo(np.int16).min <= smallest and largest <= np.iinfo(np.int16).max
        return wide.astype(np.int16) if fits else wide
    return (voxels.astype(np.float64) * slope + intercept).astype(np.float32)


def as_labels(values: NDArray[Any]) -> NDArray[np.int32]:
    """The labels. Raises Undecodable for values that are no whole numbers from 0 to 65535, before a cast could wrap
    them."""
    if values.dtype.kind not in "biuf":
        raise Undecodable(f"holds values of the type {values.dtype}: save the labels as integers")
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.round(values)).all()):
        raise Undecodable("holds values that are no whole numbers: save the labels themselves, not probabilities")
    smallest, largest = int(values.min()), int(values.max())
    if smallest < 0 or largest > MAX_LABEL:
        raise Undecodable(f"holds values from {smallest} to {largest}: save labels from 0 to {MAX_LABEL}")
    return np.ascontiguousarray(values, dtype=np.int32)


def _in_words(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape)


def in_words(listed: Sequence[str]) -> str:
    """The words, joined by commas; of many the first ones."""
    more = f" and {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
    return ", ".join(listed[:_MAX_LISTED]) + more
