"""Tests on an NVIDIA GPU, `make test-gpu`; on other machines each is skipped with that reason."""

from collections.abc import Iterator

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _needs_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("torch finds no NVIDIA GPU on this machine")


@pytest.fixture
def full_float32() -> Iterator[None]:
    """Convolutions and products with all 24 bits of float32: cuDNN rounds their factors to TF32's 11 by default."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
