"""What a site loads to validate a state is what the dry run counts, as a loader that records sees it."""

from collections.abc import Mapping

import pytest

from tests.worker.engine.method_runs import DATA, SITES, adam_plan
from worker.engine.federation import run_rounds
from worker.engine.robust_aggregation import Mean
from worker.engine.routing.quality import ExpectedQuality
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL, Tensors, personalized
from worker.engine.strategies.base import SiteContext, Strategy
from worker.engine.strategies.consensus import Consensus
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedsm import FedSM
from worker.jobs.dry_run import num_validated

LDA = LdaSelector(0.1, 2, "descriptors", 10.0)
EVERYONE = tuple(map(personalized, SITES))
METHODS: Mapping[str, tuple[Strategy, tuple[str, ...], int]] = {
    "fedavg": (FedAvg(Mean()), (GLOBAL,), 1),
    "hard": (FedSM(0.7, 0.9, LDA, 0.0, "hard"), (GLOBAL, personalized("a")), 3),
    "soft": (FedSM(0.7, 0.9, LDA, 0.0, "soft"), (GLOBAL, *EVERYONE), 4),
    "quality": (
        FedSM(0.7, 0.9, LDA, 0.0, "hard", ExpectedQuality("probabilities", 0.1, 1, 0.9)),
        (GLOBAL, *EVERYONE),
        4,
    ),
    "consensus": (Consensus("mean"), EVERYONE, 3),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_which_models_validation_loads(name: str) -> None:
    strategy, expected, number = METHODS[name]
    plan = adam_plan(rounds=1)
    assert strategy.validated_parts("a", plan) == expected
    assert num_validated(strategy, "a", plan) == number
    state = list(run_rounds(strategy, DATA, plan))[-1].state
    loaded = set()

    def load(part: str) -> Tensors:
        loaded.add(part)
        return state[part]

    strategy.validate_and_report(load, (DATA["a"],), SiteContext(plan, "a", 1, None, lambda _: None))
    models = {part for part in loaded if part in (GLOBAL, *EVERYONE)}
    assert models >= {*expected}
    assert len(models) <= number
