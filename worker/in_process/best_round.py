"""The best round of rounds run in one process, by the platform's rule."""

from collections.abc import Mapping

from backend.contracts.best_round import BestRound, ValidationScore, best_among
from worker.engine.metrics import Metric, ModelKind


def best_round(records: Mapping[int, Mapping[str, tuple[Metric, ...]]], criterion: ModelKind) -> BestRound:
    """The best round by the validation Dice of `criterion`, the model that the strategy is for.

    records: round to participant to metrics. Raises ValueError where no round was validated.
    """
    scores = {
        round_: validation_scores(metrics, criterion)
        for round_, metrics in records.items()
        if round_ > 0  # the initial state's scores are for comparison
    }
    best = best_among(scores)
    if best is None:
        raise ValueError(f"no round has a validation Dice of the {criterion} model: give the sites validation cases")
    return best


def validation_scores(metrics: Mapping[str, tuple[Metric, ...]], criterion: ModelKind) -> dict[str, ValidationScore]:
    """The scores of one round by participant, for those with validation cases."""
    wanted = (criterion, "val", "dice", None)
    return {
        participant: ValidationScore(point.value, point.num_cases)
        for participant, points in metrics.items()
        for point in points
        if (point.model, point.split, point.name, point.structure) == wanted and point.num_cases
    }
