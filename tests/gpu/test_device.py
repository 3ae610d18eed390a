"""Which device a worker's process computes on, and what the worker says of its GPUs."""

import pytest
import torch

from worker.process.hardware import describe_hardware, gpu_names, num_gpus
from worker.process.toolbox import choose_device

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_processes_take_the_gpus_in_turn(wanted: str) -> None:
    count = torch.cuda.device_count()
    chosen = [choose_device(wanted, index) for index in range(count + 1)]
    assert chosen == [torch.device("cuda", index % count) for index in range(count + 1)]


def test_a_worker_may_be_kept_on_the_processor() -> None:
    assert choose_device("cpu", 0) == torch.device("cpu")


def test_the_drivers_tool_and_torch_count_the_same_gpus() -> None:
    """The worker asks the tool, because asking torch would initialise CUDA before the fork."""
    assert num_gpus() == torch.cuda.device_count()
    assert torch.cuda.get_device_name(0) in gpu_names()
    assert torch.cuda.get_device_name(0) in describe_hardware()
