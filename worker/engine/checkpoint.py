"""Tensors to bytes and back, as safetensors and never as pickle. Equal tensors give equal bytes."""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save

from worker.engine.state import Tensors


def to_bytes(tensors: Tensors) -> bytes:
    """A safetensors file with sorted keys and no metadata, so that nothing but the values reaches the bytes."""
    return save({key: tensors[key].detach().to("cpu").contiguous() for key in sorted(tensors)})


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
