"""What a run leaves on the backend's disk: the rounds that its retention keeps, and what the viewer shows."""

from collections.abc import Mapping

from backend.contracts.dry_runs import DryRunSiteResult
from backend.contracts.experiment_config import ExperimentConfig
from backend.evaluations.scored_cases import SUPER
from backend.ledger.history_rounds import even_rounds, thinned_rounds
from backend.ledger.retention import LATEST

Results = Mapping[str, DryRunSiteResult]


def num_states_at_the_end(config: ExperimentConfig) -> int:
    """With a best round that is not the last; history shows both, and takes no more rounds for it."""
    num_rounds = config.schedule.last_round
    if config.retention == "all":
        return num_rounds + 1
    return max(min(2, num_rounds), _num_history(config))


def num_states_at_most(config: ExperimentConfig, num_sites: int) -> int:
    """While it trains. Rounds that may still become the best are as many as sites in the worst usual case: each is the
    best of another site."""
    num_rounds = config.schedule.last_round
    if config.retention == "all":
        return num_rounds + 1
    even = {*even_rounds(num_rounds, config.evaluation.history_rounds)}
    if config.schedule.patience is not None:
        even |= {*thinned_rounds(num_rounds, config.evaluation.history_rounds)}
    latest = {num_rounds - index for index in range(LATEST)}
    return min(num_rounds + 1, len(even | latest) + num_sites)


def viewer_image_bytes(results: Results) -> int:
    """Images and references of all test cases: the same files for every run."""
    return sum(result.num_cases["test"] * result.image_bytes for result in results.values())


def viewer_mask_bytes(config: ExperimentConfig, index: int, results: Results) -> int:
    """Of one run: what it predicts of each test case, and of a few also in earlier rounds."""
    num_models = sum(model != SUPER for model in config.strategies[index].card.models)
    num_past_rounds = max(0, _num_history(config) - 1)  # the best round's masks are those of its test
    total = 0
    for result in results.values():
        num_tests = result.num_cases["test"]
        num_past = min(num_tests, config.evaluation.history_cases) * num_past_rounds
        total += (num_tests + num_past) * num_models * result.mask_bytes
    return total


def _num_history(config: ExperimentConfig) -> int:
    num_rounds, most = config.schedule.last_round, config.evaluation.history_rounds
    return min(most, 2, num_rounds) if most <= 2 else len(even_rounds(num_rounds, most))
