"""The best round of rounds run in one process, by the platform's rule."""

from collections.abc import Mapping

from backend.contracts.best_round import BestRound, ValidationScore, best_among
from worker.engine.metrics import Metric, ModelKind


def best_round(records: Mapping[int, Mapping[str, tuple[Metric, ...]]], criterion: ModelKind) -> BestRound:
    """By the validation Dice of `criterion`, the model that the strategy is for.

    records: round to participant to metrics. Raises ValueError where no round was validated.
    """
    best = best_among({round_: _scores(by_participant, criterion) for round_, by_participant in records.items()})
    if best is None:
        raise ValueError(f"no round has a validation Dice of the {criterion} model: give the sites validation cases")
    return best


def _scores(metrics: Mapping[str, tuple[Metric, ...]], criterion: ModelKind) -> dict[str, ValidationScore]:
    wanted = (criterion, "val", "dice", None)
    return {
        participant: ValidationScore(point.value, point.num_cases)
        for participant, points in metrics.items()
        for point in points
        if (point.model, point.split, point.name, point.structure) == wanted and point.num_cases
    }
