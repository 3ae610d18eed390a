"""The scores of round 0: what the models were worth before they trained."""

import math

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.federation import run_rounds
from worker.engine.metrics import Metric
from worker.engine.robust_aggregation import Mean
from worker.engine.selectors.lda import LdaSelector
from worker.engine.strategies.base import Strategy
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedsm import FedSM


def initial_scores(strategy: Strategy) -> dict[str, tuple[Metric, ...]]:
    """By participant; no round is trained."""
    record = next(iter(run_rounds(strategy, small_sites(("a", "b"), 2), small_plan(("a", "b")))))
    assert record.round == 0
    return dict(record.metrics)


def test_the_initial_state_is_scored_at_every_participant() -> None:
    scores = initial_scores(FedAvg(Mean()))
    assert list(scores) == ["a", "b"]
    (mean,) = [metric for metric in scores["b"] if metric.structure is None]
    assert (mean.round, mean.model, mean.split, mean.name, mean.num_cases) == (0, "global", "val", "dice", 2)


def test_before_there_is_a_selector_the_super_model_is_the_global_model() -> None:
    scores = initial_scores(FedSM(0.7, 0.9, LdaSelector(0.1, 2, "descriptors", math.inf), 0.0, "hard"))["a"]
    by_model = {metric.model: metric.value for metric in scores if metric.structure is None}
    assert set(by_model) == {"global", "personalized", "super"}
    assert by_model["super"] == by_model["global"]
