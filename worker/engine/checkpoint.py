"""Tensors to bytes and back: safetensors, never pickle. Equal tensors give equal bytes."""

import hashlib

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from worker.engine.state import Tensors


def to_bytes(tensors: Tensors) -> bytes:
    """Sorted keys, CPU, contiguous, no metadata: nothing but the values reaches the bytes."""
    return save({key: tensors[key].detach().to("cpu").contiguous() for key in sorted(tensors)})


def from_bytes(data: bytes) -> Tensors:
    """Raises ValueError where the bytes are no safetensors."""
    try:
        return load(data)
    except SafetensorError as error:
        raise ValueError(f"these {len(data)} bytes are no safetensors file: {error}") from error


def sha256_of(tensors: Tensors) -> str:
    """The content address that the platform stores these tensors under."""
    return hashlib.sha256(to_bytes(tensors)).hexdigest()


def cpu_state(module: torch.nn.Module) -> Tensors:
    """A copy of a network's weights that later training does not change."""
    return {key: value.detach().to("cpu", copy=True) for key, value in module.state_dict().items()}
