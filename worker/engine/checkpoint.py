"""Tensors to bytes and back, as safetensors and never as pickle. Equal tensors give equal bytes."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save

from worker.engine.state import Tensors

#: Layouts of files that a process remembers: a run has a few, and each of its rounds has the same.
MAX_LAYOUTS = 64
_Names = tuple[tuple[str, torch.dtype, torch.Size], ...]


@dataclass(frozen=True)
class _Layout:
    """header: the file's bytes before those of tensors. order: names of the tensors as they follow one another."""

    header: bytes
    order: tuple[str, ...]


_layouts: dict[_Names, _Layout] = {}


def to_bytes(tensors: Tensors) -> bytes:
    """A safetensors file with sorted keys and no metadata, so that nothing but the values reaches the bytes.

    The library makes the first file of each layout, a set of names, types and shapes. Later ones get its header, and
    their tensors are copied once, which takes a tenth of the time.
    """
    ordered = {key: tensors[key].detach().to("cpu").contiguous() for key in sorted(tensors)}
    names = tuple((key, tensor.dtype, tensor.shape) for key, tensor in ordered.items())
    if (layout := _layouts.get(names)) is not None:
        return b"".join([layout.header, *(_bytes_of(ordered[key]) for key in layout.order)])
    content = save(ordered)
    if len(_layouts) >= MAX_LAYOUTS:
        _layouts.clear()
    _layouts[names] = _layout_of(content)
    return content


def _layout_of(content: bytes) -> _Layout:
    start = 8 + int.from_bytes(content[:8], "little")
    described = json.loads(content[8:start])
    return _Layout(content[:start], tuple(sorted(described, key=lambda key: described[key]["data_offsets"])))


def _bytes_of(tensor: torch.Tensor) -> memoryview:
    return tensor.reshape(-1).view(torch.uint8).numpy().data


def from_bytes(data: bytes) -> Tensors:
    """The tensors of a safetensors file, on the CPU. Raises ValueError where the bytes are no safetensors file."""
    try:
        return load(data)
    except SafetensorError as error:
        raise ValueError(f"these {len(data)} bytes are no safetensors file: {error}") from error


def from_file(path: Path) -> Tensors:
    """The tensors of a safetensors file, mapped: the system reads what is used, and needs no memory of its own for it.

    They keep what the file held, whatever becomes of its name; a change in place stays in memory. Raises ValueError
    where it is no safetensors file, and OSError where it is not there.
    """
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file: {error}") from error


def sha256_of(tensors: Tensors) -> str:
    """The content address that the platform stores these tensors under, as 64 hexadecimal digits."""
    return hashlib.sha256(to_bytes(tensors)).hexdigest()


def cpu_state(module: torch.nn.Module) -> Tensors:
    """A copy of a network's state dict on the CPU, which later training does not change."""
    return {key: value.detach().to("cpu", copy=True) for key, value in module.state_dict().items()}
