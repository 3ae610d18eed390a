"""Mixed precision: forward passes in bfloat16, with weights, gradients, losses and moments in float32."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.worker.engine.method_runs import DATA, SITES, batches_of, states_of, train
from tests.worker.engine.small_sites import ADAM, small_plan
from worker.engine.local_training import backward
from worker.engine.losses import segmentation_loss
from worker.engine.networks import preset
from worker.engine.plan import Plan
from worker.engine.plan_network import initial_network
from worker.engine.robust_aggregation import Mean
from worker.engine.strategies.fedavg import FedAvg

pytestmark = pytest.mark.gpu

#: Cosine of the angle between the gradients in bfloat16, which has 8 bits, and in float32.
MIN_COSINE = 0.95
#: Of a batch's loss, relative.
LOSS_TOLERANCE = 0.02


def plan_of(mixed_precision: bool) -> Plan:
    return small_plan(
        SITES,
        network=preset("unet", "small", 2),
        optimizer=replace(ADAM, mixed_precision=mixed_precision),
        device=torch.device("cuda"),
    )


def loss_and_gradient(mixed_precision: bool) -> tuple[float, torch.Tensor, set[torch.dtype]]:
    """Of the first batch: the loss, the gradient of all parameters in one row, and the types of the convolutions."""
    plan = plan_of(mixed_precision)
    network = initial_network(plan).train()
    types: set[torch.dtype] = set()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda _, __, output: types.add(output.dtype))
    loss = backward(network, batches_of("a", plan, "global")[0], segmentation_loss(plan.loss), plan)
    assert loss.dtype == torch.float32
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert {gradient.dtype for gradient in gradients} == {torch.float32}
    return float(loss), torch.cat([gradient.flatten() for gradient in gradients]), types


def test_forward_passes_are_in_bfloat16_and_the_gradient_points_the_same_way() -> None:
    loss, gradient, types = loss_and_gradient(mixed_precision=True)
    expected, reference, reference_types = loss_and_gradient(mixed_precision=False)
    assert types == {torch.bfloat16}
    assert reference_types == {torch.float32}
    assert loss == pytest.approx(expected, rel=LOSS_TOLERANCE)
    assert float(torch.cosine_similarity(gradient, reference, dim=0)) >= MIN_COSINE


def test_what_is_sent_and_kept_is_in_float32() -> None:
    plan, strategy = plan_of(mixed_precision=True), FedAvg(Mean())
    update = train(strategy, strategy.initial_state(plan), "a", plan)
    for state in (update.parts, update.local_state):
        assert state
        assert {x.dtype for part in state.values() for x in part.values()} == {torch.float32}


def test_training_in_bfloat16_learns() -> None:
    """Ten rounds: the loss of the first site falls, and ends within 0.05 of what float32 reaches."""
    last = {}
    for mixed_precision in (True, False):
        plan = replace(plan_of(mixed_precision), rounds=10)
        states = states_of(FedAvg(Mean()), plan, DATA)
        losses = [train(FedAvg(Mean()), state, "a", plan).metrics[0].value for state in (states[0], states[-1])]
        assert losses[1] < losses[0]
        last[mixed_precision] = losses[1]
    assert last[True] == pytest.approx(last[False], abs=0.05)
