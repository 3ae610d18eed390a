"""Which device a worker computes on where there is no GPU; tests/gpu has the others."""

import pytest
import torch

from worker.process.toolbox import choose_device

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


def test_without_a_gpu_auto_is_the_processor() -> None:
    assert choose_device("auto", 3) == torch.device("cpu")
    assert choose_device("cpu", 0) == torch.device("cpu")


def test_without_a_gpu_cuda_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"torch finds no GPU: .* set FEDSM_DEVICE=cpu"):
        choose_device("cuda", 0)
