"""The inner loop, kept optimizer state, checkpoints, and images on their way to the network and back."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.worker.engine.small_sites import ADAM, RESIZE, SIDE, UNIT, small_plan, small_sites, structures_of
from worker.engine.checkpoint import cpu_state, from_bytes, sha256_of, to_bytes
from worker.engine.evaluation import evaluate
from worker.engine.federation import run_rounds
from worker.engine.local_training import train_locally
from worker.engine.metrics import Metric
from worker.engine.plan_network import initial_network
from worker.engine.robust_aggregation import Mean
from worker.engine.seeding import derived_seed, generator
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import personalized
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedsm import FedSM
from worker.engine.transforms import make_case, to_original
from worker.in_process.best_round import best_round

EMPTY = np.zeros((2, SIDE, SIDE), dtype=bool)
ENGINE = Path(__file__).resolve().parents[3] / "worker" / "engine"


def test_two_rounds_with_kept_moments_are_two_epochs_in_one_go() -> None:
    """One case: nothing is drawn, so only Adam's moments tell two rounds from one round of two epochs."""
    site = small_sites(("a",), num_train=1)
    one_go = small_plan(("a",), rounds=1, local_epochs=2)
    expected = sha256_of(list(run_rounds(FedAvg(Mean()), site, one_go))[-1].state["global"])
    kept = small_plan(("a",), rounds=2, local_epochs=1, optimizer=replace(ADAM, state="keep"))
    assert sha256_of(list(run_rounds(FedAvg(Mean()), site, kept))[-1].state["global"]) == expected
    reset = small_plan(("a",), rounds=2, local_epochs=1, optimizer=replace(ADAM, state="reset"))
    assert sha256_of(list(run_rounds(FedAvg(Mean()), site, reset))[-1].state["global"]) != expected


def test_training_lowers_the_loss_and_reports_progress() -> None:
    plan, fractions = small_plan(local_epochs=20, batch_size=4, optimizer=replace(ADAM, learning_rate=1e-2)), []
    cases = small_sites()["a"].train
    network = initial_network(plan)
    first = train_locally(
        network, cases, small_plan(batch_size=4), 1, None, generator(0, 1, "a", "x"), fractions.append
    )
    assert fractions == [0.5, 1.0]  # 6 cases in batches of 4: two steps
    assert first.num_steps == 2
    last = train_locally(network, cases, plan, 2, None, generator(0, 2, "a", "x"), lambda _: None)
    assert last.mean_loss < first.mean_loss


def test_kept_moments_that_do_not_fit_are_refused_with_the_remedy() -> None:
    plan, cases = small_plan(), small_sites()["a"].train
    with pytest.raises(ValueError, match=r"set schedule\.optimizer_state to reset"):
        train_locally(
            initial_network(plan),
            cases,
            plan,
            1,
            {"step.other": torch.ones(())},
            generator(0, 1, "a", "x"),
            lambda _: None,
        )


def test_initial_weights_are_seeded_and_leave_torchs_generator_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = sha256_of(cpu_state(initial_network(small_plan())))
    assert torch.equal(torch.get_rng_state(), before)
    assert sha256_of(cpu_state(initial_network(small_plan()))) == first
    assert sha256_of(cpu_state(initial_network(small_plan(seed=1)))) != first


def test_seeds_depend_on_seed_round_site_and_purpose() -> None:
    """The value is fixed: another one would break the promise that an old run can be repeated."""
    seeds = {derived_seed(*key) for key in [(0, 1, "a", "p"), (1, 1, "a", "p"), (0, 2, "a", "p"), (0, 1, "b", "p")]}
    assert len(seeds | {derived_seed(0, 1, "a", "q")}) == 5
    assert derived_seed(0, 1, "a", "global") == 0x5A06727557B74525


def test_checkpoints_keep_values_and_do_not_depend_on_the_order_of_keys() -> None:
    tensors = {"b": torch.arange(6.0).reshape(2, 3).T, "a": torch.tensor(3), "c": torch.zeros(2, dtype=torch.float64)}
    data = to_bytes(tensors)
    assert to_bytes(dict(reversed(tensors.items()))) == data
    for key, tensor in from_bytes(data).items():
        assert torch.equal(tensor, tensors[key])
        assert tensor.dtype == tensors[key].dtype


@pytest.mark.parametrize(("kind", "largest"), [(np.uint8, 255), (np.uint16, 65535)])
def test_unit_intensity_divides_by_the_types_largest_value(kind: type, largest: int) -> None:
    image = np.full((SIDE, SIDE, 3), largest, dtype=kind)
    image[0, 0] = 0
    case = make_case("x", "x", image, EMPTY, None, RESIZE, UNIT, 2)
    assert case.image[:, 0, 0].tolist() == [0, 0, 0]
    assert case.image[:, 5, 5].tolist() == [1, 1, 1]


def test_standardized_intensity_has_mean_0_and_deviation_1_in_each_channel() -> None:
    image = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    case = make_case("x", "x", image, EMPTY, None, RESIZE, replace(UNIT, kind="standardized"), 2)
    assert case.image.mean(dim=(1, 2)).tolist() == pytest.approx([0, 0, 0], abs=1e-5)
    assert case.image.std(dim=(1, 2)).tolist() == pytest.approx([1, 1, 1], rel=1e-5)


def test_nested_structures_and_the_way_back_to_the_original_size() -> None:
    """The disc is labels 1 and 2, the cup 2 alone; a 64 x 48 mask survives 32 x 32 within a pixel of its border."""
    mask = np.zeros((64, 48), dtype=np.int32)
    mask[16:48, 12:36] = 1
    mask[24:40, 18:30] = 2
    case = make_case("x", "x", np.zeros((64, 48, 3), dtype=np.uint8), structures_of(mask), None, RESIZE, UNIT, 2)
    assert case.reference_original.sum(axis=(1, 2)).tolist() == [32 * 24, 16 * 12]
    assert case.reference.sum(dim=(1, 2)).tolist() == [16 * 16, 8 * 8]
    back = to_original(case.reference.float(), (64, 48))
    assert back.shape == (2, 64, 48)
    assert (back != case.reference_original).mean() < 0.02


def test_best_round_weighs_by_cases_and_takes_the_earlier_of_equals() -> None:
    """Round 1: (0.5 * 1 + 0.9 * 3) / 4 = 0.8; round 2: (0.9 * 1 + 0.7 * 3) / 4 = 0.75; round 3 equals round 1."""

    def points(round_: int, a: float, b: float) -> dict[str, tuple[Metric, ...]]:
        point = Metric(round_, "super", "val", "dice", None, a, 1)
        return {"a": (point,), "b": (Metric(round_, "super", "val", "dice", None, b, 3),)}

    records = {1: points(1, 0.5, 0.9), 2: points(2, 0.9, 0.7), 3: points(3, 0.5, 0.9)}
    assert best_round(records, "super").round == 1
    with pytest.raises(ValueError, match="no round has a validation Dice of the global model"):
        best_round(records, "global")


def test_evaluation_scores_every_model_on_every_test_case() -> None:
    plan, sites = small_plan(), small_sites()
    strategy = FedSM(0.7, 0.9, LdaSelector(0.1, 2, "descriptors", math.inf), 0.0, "hard")
    state = list(run_rounds(strategy, sites, plan))[-1].state
    cases = tuple(evaluate(strategy, state.keys(), state.__getitem__, (sites["b"],), plan))
    assert [case.case_id for case in cases] == [case.case_id for case in sites["b"].test]
    for case in cases:
        assert list(case.dice) == ["global", *(personalized(site) for site in plan.sites)]
        assert case.route is not None
        assert case.route.chosen_model in case.dice
        assert case.masks["global"].shape == (2, 40, 36)


def test_the_method_can_be_read_in_one_sitting() -> None:
    files = ("aggregation.py", "strategies/fedsm.py", "federation.py")
    assert sum(len((ENGINE / file).read_text().splitlines()) for file in files) <= 450
