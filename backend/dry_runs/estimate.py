"""From what a few steps cost at each site to what an experiment will: arithmetic, and no guess at hardware."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from backend.contracts.dry_runs import DryRunSiteResult, StrategyCost
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.references import CentralizedConfig, LocalOnlyConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.dry_runs.kept_bytes import (
    num_states_at_most,
    num_states_at_the_end,
    viewer_image_bytes,
    viewer_mask_bytes,
)
from backend.dry_runs.schemas import DryRunEstimate, StrategyEstimate

#: The best round and the last are tested.
TESTED_ROUNDS = 2
#: Validation cases of the best round are scored one by one, by at most this number of models.
COMPARED_MODELS = 3


@dataclass(frozen=True)
class Answers:
    """What the sites found. simulated: slugs of those that share num_processes; the others have their own machines."""

    results: Mapping[str, DryRunSiteResult]
    simulated: frozenset[str]
    num_processes: int

    def together(self, seconds: Mapping[str, float]) -> float:
        """How long the sites take for work that all of them do at the same time."""
        own = [value for slug, value in seconds.items() if slug not in self.simulated]
        shared = [value for slug, value in seconds.items() if slug in self.simulated]
        return max([0.0, *own, *shared, sum(shared) / self.num_processes])


def estimate(config: ExperimentConfig, labels: Sequence[str], answers: Answers) -> DryRunEstimate:
    """labels: of the experiment's strategies, in order. Raises ValueError where no site trains."""
    training = {slug: result for slug, result in answers.results.items() if result.strategies}
    if not training:
        raise ValueError("no site that trains has answered")
    strategies = [_of_strategy(config, label, index, training, answers) for index, label in enumerate(labels)]
    load = answers.together({slug: r.seconds_to_load * sum(r.num_cases.values()) for slug, r in training.items()})
    results = answers.results.values()
    gpu_memory = [r.peak_gpu_memory_mib for r in results if r.peak_gpu_memory_mib is not None]
    by_site = {
        slug: sum(_round_seconds(result, cost) for cost in result.strategies) for slug, result in training.items()
    }
    num_rounds = config.schedule.rounds * len(config.seeds)
    return DryRunEstimate(
        strategies=strategies,
        num_runs=len(labels) * len(config.seeds),
        seconds=load + len(config.seeds) * sum(strategy.seconds for strategy in strategies),
        bytes_up=num_rounds * sum(strategy.bytes_up_per_round for strategy in strategies),
        bytes_down=num_rounds * sum(strategy.bytes_down_per_round for strategy in strategies),
        bytes_kept=viewer_image_bytes(answers.results) + len(config.seeds) * sum(s.bytes_kept for s in strategies),
        bytes_peak=len(config.seeds) * sum(s.bytes_peak for s in strategies),
        peak_memory_mib=max(result.peak_memory_mib for result in results),
        peak_gpu_memory_mib=max(gpu_memory, default=None),
        num_processes=answers.num_processes,
        slowest_site=max(by_site, key=lambda slug: by_site[slug]),
    )


def _of_strategy(
    config: ExperimentConfig, label: str, index: int, training: Mapping[str, DryRunSiteResult], answers: Answers
) -> StrategyEstimate:
    costs = {slug: result.strategies[index] for slug, result in training.items()}
    pooled = config.strategies[index].name == "centralized"
    costs = _at_equal_steps(costs, config.strategies[index], pooled)
    rounds = {slug: _round_seconds(result, costs[slug]) for slug, result in training.items()}
    share = 1.0 if pooled else config.schedule.participation
    per_round = sum(rounds.values()) if pooled else answers.together(rounds) * share
    # The initial models are validated before the first round trains.
    validation = {slug: _validation_seconds(result, costs[slug]) for slug, result in training.items()}
    start = sum(validation.values()) if pooled else answers.together(validation)
    models = max(cost.tested_models for cost in costs.values())
    tests = {
        slug: r.num_cases["test"] * (models * (r.seconds_to_predict + r.seconds_to_score))
        for slug, r in answers.results.items()
    }
    one_by_one = {
        slug: r.num_cases["val"] * min(models, COMPARED_MODELS) * (r.seconds_to_predict + r.seconds_to_score)
        for slug, r in training.items()
    }
    num_rounds = config.schedule.rounds
    num_senders = 1 if pooled else len(costs)
    state = max(cost.bytes_kept for cost in costs.values())
    up, down = (sum(getattr(cost, name) for cost in costs.values()) for name in ("bytes_up", "bytes_down"))
    return StrategyEstimate(
        strategy_label=label,
        seconds_per_round=per_round,
        seconds=start * (1 + config.schedule.last_round - num_rounds)  # an average of late rounds is validated too
        + per_round * num_rounds
        + answers.together(tests) * TESTED_ROUNDS
        + answers.together(one_by_one),
        bytes_up_per_round=round(up / len(costs) * num_senders * share),
        bytes_down_per_round=round(down / len(costs) * num_senders * share),
        bytes_kept=state * num_states_at_the_end(config) + viewer_mask_bytes(config, index, answers.results),
        bytes_peak=state * num_states_at_most(config, len(costs)) + round(up / len(costs) * num_senders * share),
    )


def _at_equal_steps(costs: dict[str, StrategyCost], strategy: StrategyConfig, pooled: bool) -> dict[str, StrategyCost]:
    """The costs with the steps that a model of equal effort takes: the sites' mean at each site, or pooled a share of
    it for the cases of each."""
    if not (isinstance(strategy, CentralizedConfig | LocalOnlyConfig) and strategy.steps == "equal"):
        return costs
    steps = fmean(cost.steps for cost in costs.values()) / (len(costs) if pooled else 1)
    return {slug: cost.model_copy(update={"steps": steps}) for slug, cost in costs.items()}


def _round_seconds(result: DryRunSiteResult, cost: StrategyCost) -> float:
    return cost.steps * cost.seconds_per_step + cost.seconds_beside + _validation_seconds(result, cost)


def _validation_seconds(result: DryRunSiteResult, cost: StrategyCost) -> float:
    return result.num_cases["val"] * cost.validated_models * result.seconds_to_predict
