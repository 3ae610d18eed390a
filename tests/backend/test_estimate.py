"""The estimate's arithmetic, on numbers that can be followed by hand."""

import pytest

from backend.contracts.dry_runs import DryRunSiteResult, StrategyCost
from backend.contracts.experiment_config import ExperimentConfig
from backend.dry_runs.estimate import Answers, estimate
from backend.dry_runs.kept_bytes import num_states_at_most, num_states_at_the_end

COST = StrategyCost(
    steps=10,
    seconds_per_step=0.5,
    seconds_beside=1.0,
    validated_models=2,
    tested_models=3,
    bytes_down=200,
    bytes_up=100,
    bytes_kept=1000,
)


def result(num_strategies: int = 1, **changes: object) -> DryRunSiteResult:
    fields = {
        "device": "2 CPU cores",
        "num_cases": {"train": 10, "val": 4, "test": 5},
        "seconds_to_load": 0.1,
        "seconds_to_predict": 0.25,
        "seconds_to_score": 0.75,
        "peak_memory_mib": 700.0,
        "strategies": (COST,) * num_strategies,
    }
    return DryRunSiteResult.model_validate(fields | changes)


def config(*names: str, **schedule: object) -> ExperimentConfig:
    fields = {"schedule": {"rounds": 4} | schedule, "strategies": [{"name": name} for name in names], "seeds": [0, 1]}
    return ExperimentConfig.model_validate(fields)


def test_simulated_sites_share_the_processes_and_real_ones_do_not() -> None:
    """A round is 10 * 0.5 + 1 of training and 4 * 2 * 0.25 of validation: 8 s at each site."""
    three = {slug: result() for slug in ("a", "b", "c")}
    shared = estimate(config("fedavg"), ["FedAvg"], Answers(three, frozenset(three), num_processes=2))
    own = estimate(config("fedavg"), ["FedAvg"], Answers(three, frozenset(), num_processes=2))
    mixed = estimate(config("fedavg"), ["FedAvg"], Answers(three, frozenset({"a", "b"}), num_processes=1))
    assert shared.strategies[0].seconds_per_round == pytest.approx(3 * 8 / 2)
    assert own.strategies[0].seconds_per_round == pytest.approx(8)
    assert mixed.strategies[0].seconds_per_round == pytest.approx(2 * 8)


def test_rounds_tests_seeds_and_bytes_add_up() -> None:
    """One site alone, two seeds: 2 s to validate the initial models, 4 rounds of 8 s, and twice 5 test cases of
    3 * (0.25 + 0.75) s, and 4 validation cases of as much; 19 cases are read once."""
    answers = Answers({"a": result()}, frozenset({"a"}), num_processes=2)
    total = estimate(config("fedavg"), ["FedAvg"], answers)
    run = total.strategies[0]
    assert run.seconds == pytest.approx(2 + 4 * 8 + 2 * 15 + 12)
    assert total.num_runs == 2
    assert total.seconds == pytest.approx(19 * 0.1 + 2 * 76)
    assert (run.bytes_up_per_round, run.bytes_down_per_round) == (100, 200)
    assert run.bytes_kept == 4 * 1000, "of 4 rounds, history shows at most 5"
    assert total.bytes_kept == 2 * 4 * 1000
    assert run.bytes_peak == 5 * 1000 + 100, "the initial state too, and the updates of a round"
    assert (total.bytes_up, total.bytes_down) == (2 * 4 * 100, 2 * 4 * 200)
    assert total.peak_memory_mib == 700


def test_pooled_training_is_one_process_and_one_sender() -> None:
    two = {"a": result(2), "b": result(2)}
    answers = Answers(two, frozenset(two), num_processes=2)
    fedavg, centralized = estimate(config("fedavg", "centralized"), ["FedAvg", "Centralized"], answers).strategies
    assert centralized.seconds_per_round == pytest.approx(16)
    assert fedavg.seconds_per_round == pytest.approx(8)
    assert (fedavg.bytes_up_per_round, centralized.bytes_up_per_round) == (200, 100)


def test_partial_participation_costs_its_share() -> None:
    two = {"a": result(), "b": result()}
    half = config("fedavg", participation=0.5)
    strategy = estimate(half, ["FedAvg"], Answers(two, frozenset(two), num_processes=1)).strategies[0]
    assert strategy.seconds_per_round == pytest.approx(8)
    assert strategy.bytes_down_per_round == 200


def test_the_slowest_site_is_named_and_a_held_out_one_is_only_tested() -> None:
    slow = COST.model_copy(update={"seconds_per_step": 5.0})
    answers = Answers(
        {"a": result(), "b": result(strategies=(slow,)), "c": result(strategies=(), peak_memory_mib=900.0)},
        frozenset(),
        num_processes=1,
    )
    total = estimate(config("fedavg"), ["FedAvg"], answers)
    assert total.slowest_site == "b"
    assert total.peak_memory_mib == 900
    assert total.strategies[0].bytes_up_per_round == 200


def test_without_an_answer_of_a_site_that_trains_there_is_no_estimate() -> None:
    answers = Answers({"c": result(strategies=())}, frozenset(), num_processes=1)
    with pytest.raises(ValueError, match="no site that trains"):
        estimate(config("fedavg"), ["FedAvg"], answers)


@pytest.mark.parametrize(
    ("changes", "at_the_end", "at_most"),
    [
        ({}, 5, 8),
        ({"retention": "all"}, 101, 101),
        ({"evaluation": {"history_rounds": 0}}, 2, 4),
        ({"evaluation": {"history_rounds": 2}}, 2, 4),
        ({"schedule": {"rounds": 1}}, 1, 2),
    ],
)
def test_what_is_kept_is_what_retention_keeps(changes: dict[str, object], at_the_end: int, at_most: int) -> None:
    """Two sites; each may have another best round while a run trains."""
    fields = {"schedule": {"rounds": 100}, "strategies": [{"name": "fedavg"}]} | changes
    wanted = ExperimentConfig.model_validate(fields)
    assert (num_states_at_the_end(wanted), num_states_at_most(wanted, 2)) == (at_the_end, at_most)


def test_images_are_kept_once_and_masks_for_every_run() -> None:
    """5 test cases of 300 bytes; 2 models' masks of 10 bytes of each, and of 3 cases in 3 earlier rounds."""
    answers = Answers({"a": result(2, image_bytes=300, mask_bytes=10)}, frozenset(), num_processes=1)
    total = estimate(config("ditto", "fedavg"), ["Ditto", "FedAvg"], answers)
    ditto, fedavg = total.strategies
    assert ditto.bytes_kept == 4 * 1000 + 2 * 10 * (5 + 3 * 3)
    assert fedavg.bytes_kept == 4 * 1000 + 10 * (5 + 3 * 3)
    assert total.bytes_kept == 5 * 300 + 2 * (ditto.bytes_kept + fedavg.bytes_kept)
