"""Learning-rate schedules by hand, optimizer state that outlives a round, decay, clipping, mixed precision."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.worker.engine.method_runs import batches_of, gradient_at, train
from tests.worker.engine.small_sites import ADAM, SGD, small_plan, small_sites
from worker.engine.checkpoint import sha256_of
from worker.engine.federation import run_rounds
from worker.engine.optimizers import OptimizerSettings, learning_rate_of, make_optimizer, moments_of
from worker.engine.robust_aggregation import Mean
from worker.engine.state import GLOBAL, Tensors
from worker.engine.strategies.fedavg import FedAvg

MOMENTUM = replace(SGD, momentum=0.9)
ADAMW = replace(ADAM, name="adamw", weight_decay=0.1)
STATEFUL = {"sgd": MOMENTUM, "adam": ADAM, "adamw": ADAMW}


def rates(settings: OptimizerSettings, rounds: int) -> list[float]:
    return [learning_rate_of(settings, round_, rounds) for round_ in range(1, rounds + 1)]


@pytest.mark.parametrize(
    ("changes", "rounds", "expected"),
    [
        ({}, 3, [1, 1, 1]),
        ({"warmup_rounds": 3}, 5, [0.25, 0.5, 0.75, 1, 1]),
        ({"schedule": "cosine"}, 4, [1, 0.853553, 0.5, 0.146447]),  # (1 + cos(k pi / 4)) / 2
        ({"schedule": "cosine", "warmup_rounds": 1}, 5, [0.5, 1, 0.853553, 0.5, 0.146447]),
        ({"schedule": "polynomial", "power": 1.0}, 4, [1, 0.75, 0.5, 0.25]),
        ({"schedule": "polynomial", "power": 2.0}, 4, [1, 0.5625, 0.25, 0.0625]),
        ({"schedule": "step", "step_rounds": 2, "step_factor": 0.1}, 6, [1, 1, 0.1, 0.1, 0.01, 0.01]),
        ({"schedule": "step", "step_rounds": 1, "step_factor": 0.5, "warmup_rounds": 1}, 4, [0.5, 1, 0.5, 0.25]),
    ],
)
def test_schedules(changes: dict[str, object], rounds: int, expected: list[float]) -> None:
    settings = replace(SGD, learning_rate=2.0, **changes)  # type: ignore[arg-type]
    assert rates(settings, rounds) == pytest.approx([2 * rate for rate in expected], abs=1e-6)


def test_a_round_trains_at_its_own_rate() -> None:
    """One step: w - rate * gradient. Round 2 of 4 by the polynomial of power 1: 0.05 * 0.75."""
    settings = replace(SGD, schedule="polynomial", power=1.0)
    plan = small_plan(optimizer=settings, rounds=4, local_steps=1)
    strategy = FedAvg(Mean())
    state = strategy.initial_state(plan)
    update = train(strategy, state, "a", plan, round_=2)
    (batch,) = batches_of("a", plan, "global", round_=2)
    for key, gradient in gradient_at(state[GLOBAL], batch, plan).items():
        torch.testing.assert_close(update.parts[GLOBAL][key], state[GLOBAL][key] - 0.05 * 0.75 * gradient)


@pytest.mark.parametrize("settings", STATEFUL.values(), ids=STATEFUL.keys())
def test_two_rounds_with_kept_state_are_two_epochs_in_one_go(settings: OptimizerSettings) -> None:
    """One case: nothing is drawn, so only the optimizer's state tells them apart."""
    site = small_sites(("a",), num_train=1)

    def run(rounds: int, epochs: int, state: str) -> str:
        optimizer = replace(settings, state=state)  # type: ignore[arg-type]
        plan = small_plan(("a",), rounds=rounds, local_epochs=epochs, optimizer=optimizer)
        return sha256_of(list(run_rounds(FedAvg(Mean()), site, plan))[-1].state[GLOBAL])

    assert run(2, 1, "keep") == run(1, 2, "keep") != run(2, 1, "reset")


def one_weight(
    settings: OptimizerSettings, gradients: list[float], moments: Tensors | None = None
) -> tuple[float, Tensors]:
    """A weight that begins at 1, and the state that is left."""
    weight = nn.Parameter(torch.ones(1))
    optimizer = make_optimizer(settings, settings.learning_rate, [("w", weight)], moments)
    for gradient in gradients:
        weight.grad = torch.tensor([gradient])
        optimizer.step()
    return weight.item(), moments_of([("w", weight)], optimizer)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (replace(SGD, learning_rate=0.1), 0.8),  # 1 - 0.1 * 2
        (replace(SGD, learning_rate=0.1, weight_decay=0.5), 0.75),  # the gradient is 2 + 0.5 * 1
        (replace(ADAM, learning_rate=0.1), 0.9),  # Adam's first step is its rate, whatever the gradient
        (replace(ADAM, learning_rate=0.1, weight_decay=0.5), 0.9),  # L2: part of that gradient
        (replace(ADAMW, learning_rate=0.1, weight_decay=0.5), 0.85),  # decoupled: 1 * (1 - 0.1 * 0.5) - 0.1
    ],
)
def test_one_step_of_each_optimizer(settings: OptimizerSettings, expected: float) -> None:
    assert one_weight(settings, [2.0])[0] == pytest.approx(expected, abs=1e-6)


def test_momentum_goes_on_from_the_state_that_was_kept() -> None:
    """Buffers 1, then 0.9 * 1 + 1 = 1.9: 1 - 0.1 * 1, and from 1 again 1 - 0.1 * 1.9."""
    settings = replace(MOMENTUM, learning_rate=0.1)
    first, moments = one_weight(settings, [1.0])
    assert first == pytest.approx(0.9)
    assert {key: value.item() for key, value in moments.items()} == {"momentum_buffer.w": 1.0}
    assert one_weight(settings, [1.0], moments)[0] == pytest.approx(1 - 0.19)


def test_plain_sgd_has_no_state_and_adam_three_tensors() -> None:
    assert one_weight(SGD, [1.0])[1] == {}
    assert set(one_weight(ADAM, [1.0])[1]) == {"step.w", "exp_avg.w", "exp_avg_sq.w"}


@pytest.mark.parametrize("settings", STATEFUL.values(), ids=STATEFUL.keys())
def test_kept_state_of_another_network_is_refused_with_the_remedy(settings: OptimizerSettings) -> None:
    with pytest.raises(ValueError, match=r"lacks .*\.w.*set schedule\.optimizer_state to reset"):
        one_weight(settings, [1.0], {"step.other": torch.ones(())})


def step_length(gradient_clipping: float | None) -> float:
    """The 2-norm of what one step of plain SGD changes, over the learning rate: the norm of the gradient."""
    plan = small_plan(optimizer=replace(SGD, gradient_clipping=gradient_clipping), local_steps=1)
    strategy = FedAvg(Mean())
    state = strategy.initial_state(plan)
    trained = train(strategy, state, "a", plan).parts[GLOBAL]
    ways = [((trained[key] - tensor) / 0.05).flatten() for key, tensor in state[GLOBAL].items()]
    return float(torch.cat(ways).norm())


def test_gradient_clipping_bounds_the_step_and_leaves_shorter_ones() -> None:
    free = step_length(None)
    assert step_length(free / 10) == pytest.approx(free / 10, rel=1e-3)
    assert step_length(free * 10) == pytest.approx(free, rel=1e-6)


def test_mixed_precision_without_a_gpu_is_refused_with_the_remedy() -> None:
    plan = small_plan(optimizer=replace(ADAM, mixed_precision=True))
    strategy = FedAvg(Mean())
    with pytest.raises(ValueError, match=r"schedule\.mixed_precision true needs a GPU.*set it to false"):
        train(strategy, strategy.initial_state(plan), "a", plan)
