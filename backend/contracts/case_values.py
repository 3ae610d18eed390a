"""What a test case is worth by a metric: the hub's tables and a hospital's summaries are made of the same values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from backend.contracts.metrics import ScoreName

#: Model to structure to metric to value.
Scores = dict[str, dict[str, dict[str, Any]]]
SUPER = "super"
GLOBAL = "global"
PERSONALIZED = "personalized"


@dataclass(frozen=True)
class CaseValue:
    """value: None where there is none. missing: structure in neither mask. missed: in one mask only, so
    that the metric has no value for it."""

    value: float | None
    missing: bool
    missed: bool


def scores_of(scores: Scores, chosen_model: str | None) -> Scores:
    """With the super model's, which are the chosen model's."""
    if chosen_model is None or chosen_model not in scores:
        return scores
    return {**scores, SUPER: scores[chosen_model]}


def model_name(model: str, site_slug: str) -> str:
    """The scored model that stands for a kind: `personalized` is the case's own site's."""
    return f"{PERSONALIZED}/{site_slug}" if model == PERSONALIZED else model


def value_of(
    by_structure: Mapping[str, Mapping[str, Any]], metric: ScoreName, structure: str | None
) -> CaseValue | None:
    """Of one model on one case; structure None: the mean of those with a value, a miss as soon as one structure is.

    None where it was not scored."""
    wanted = [structure] if structure is not None else list(by_structure)
    scores = [by_structure[name] for name in wanted if metric in by_structure.get(name, {})]
    if not scores:
        return None
    values = [score[metric] for score in scores]
    present = [value for value in values if value is not None]
    missing = [score["dice"] is None for score in scores]
    missed = len(present) < len(values) and any(
        value is None and not is_missing for value, is_missing in zip(values, missing, strict=True)
    )
    return CaseValue(fmean(present) if present else None, all(missing), missed)


def present_values(values: Iterable[CaseValue]) -> list[float]:
    return [value.value for value in values if value.value is not None]


def most_probable(probabilities: dict[str, float]) -> str:
    """The site that the model selector holds for the case's."""
    return max(probabilities, key=lambda slug: probabilities[slug])
