"""What a GPU's memory holds: measured, given back after each task, and a task's failure where it does not suffice."""

from dataclasses import replace

import pytest
import torch

from tests.worker.engine.method_runs import train
from tests.worker.engine.small_sites import RESIZE, small_plan, small_volumes
from worker.engine.inference import predict_masks
from worker.engine.plan_network import initial_network
from worker.engine.robust_aggregation import Mean
from worker.engine.strategies.fedavg import FedAvg
from worker.jobs.tasks import is_out_of_memory
from worker.process.peak_memory import PeakMemory

pytestmark = pytest.mark.gpu

DEVICE = torch.device("cuda", 0)
MIB = 2**20


def test_the_peak_is_of_the_context_alone() -> None:
    before = torch.cuda.memory_allocated(DEVICE) / MIB
    with PeakMemory(DEVICE) as large:
        torch.empty(64 * MIB, dtype=torch.uint8, device=DEVICE)
    with PeakMemory(DEVICE) as small:
        torch.empty(8 * MIB, dtype=torch.uint8, device=DEVICE)
    assert large.gpu_mib == pytest.approx(before + 64, abs=1)
    assert small.gpu_mib == pytest.approx(before + 8, abs=1)


def test_a_training_gives_its_memory_back() -> None:
    """What the first one leaves are workspaces of cuDNN and cuBLAS, which later ones use again."""
    plan, strategy = small_plan(device=DEVICE), FedAvg(Mean())
    state = strategy.initial_state(plan)
    allocated = []
    for _ in range(3):
        update = train(strategy, state, "a", plan)
        allocated.append(torch.cuda.memory_allocated(DEVICE))
    assert update.num_steps > 0
    assert allocated[1] == allocated[2]


def test_prediction_needs_no_more_for_more_volumes() -> None:
    """Two at most are held, the one that is predicted and the one whose mask is cut; of three, one was given back."""
    plan = small_plan(("a",), spatial_dims=3, num_channels=1, sampling=replace(RESIZE, depth=8), device=DEVICE)
    cases = small_volumes(("a",))["a"].train
    network = initial_network(plan)
    for _ in predict_masks(network, cases[:1], plan):  # the first prediction also takes workspaces
        pass
    peaks = []
    for count in (2, 3):
        with PeakMemory(DEVICE) as memory:
            for _ in predict_masks(network, cases[:count], plan):
                pass
        peaks.append(memory.gpu_mib)
    assert peaks[1] == pytest.approx(peaks[0], rel=0.01)


def test_a_gpu_without_enough_memory_is_told_from_other_errors() -> None:
    total = torch.cuda.get_device_properties(DEVICE).total_memory
    with pytest.raises(RuntimeError) as caught:
        torch.empty(total + 2**30, dtype=torch.uint8, device=DEVICE)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("the size of tensor a must match the size of tensor b"))
