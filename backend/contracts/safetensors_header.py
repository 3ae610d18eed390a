"""What a safetensors file says of itself, read with the standard library: names, types and shapes, no values.

Format: 8 bytes of header length (little endian), the header in JSON, then the tensors without gap or overlap.
"""

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

MAX_HEADER_BYTES = 16 * 2**20
_BYTES_OF = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2,
    "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
}  # fmt: skip


@dataclass(frozen=True)
class TensorInfo:
    """dtype: as safetensors names it, such as F32. shape: the length of each axis."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


class NoSafetensors(ValueError):
    """The bytes are no safetensors file; the text says why."""


def read_header(path: Path) -> dict[str, TensorInfo]:
    """Tensors by name. Raises NoSafetensors."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, MAX_HEADER_BYTES):
            raise NoSafetensors(f"its {size} bytes are no safetensors: they do not begin with the length of a header")
        raw = file.read(length)
    try:
        header = json.loads(raw, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise NoSafetensors("it is no safetensors: its header is not JSON") from error
    if not isinstance(header, dict):
        raise NoSafetensors("it is no safetensors: its header is no object")
    header.pop("__metadata__", None)
    places = {name: _tensor(name, entry) for name, entry in header.items()}
    _require_whole([place for _, place in places.values()], size - 8 - length)
    return {name: info for name, (info, _) in places.items()}


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NoSafetensors("it is no safetensors: its header names something twice")
    return found


def _tensor(name: str, entry: Any) -> tuple[TensorInfo, tuple[int, int]]:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = [*shape, begin, end]
        sound = all(type(number) is int and 0 <= number < 2**63 for number in numbers)
        sound = sound and end - begin == prod(shape) * _BYTES_OF[dtype]
    except (KeyError, TypeError, ValueError):
        sound = False
    if not sound:
        raise NoSafetensors(f"it is no safetensors: its header describes the tensor {name[:100]} wrongly")
    return TensorInfo(dtype, tuple(shape)), (begin, end)


def _require_whole(places: list[tuple[int, int]], num_bytes: int) -> None:
    """Every byte belongs to exactly one tensor."""
    at = 0
    for begin, end in sorted(places):
        if begin != at:
            raise NoSafetensors("it is no safetensors: its tensors overlap or leave a gap")
        at = end
    if at != num_bytes:
        raise NoSafetensors(f"it is cut off or too long: its tensors take {at} bytes and it has {num_bytes}")
