"""Scores of cases as a site reports them, in the form in which a row of a case keeps them."""

from collections.abc import Iterable
from typing import Any

from backend.contracts.metrics import CaseScore


def by_case(reported: Iterable[CaseScore]) -> tuple[dict[str, dict[str, dict[str, Any]]], dict[str, str]]:
    """By case id: {model: {structure: {metric: value or null}}}, and the unit of its distances."""
    scores: dict[str, dict[str, dict[str, Any]]] = {}
    units: dict[str, str] = {}
    for score in reported:
        scores.setdefault(score.case_id, {}).setdefault(score.model, {})[score.structure] = dict(score.values)
        units[score.case_id] = score.distance_unit
    return scores, units
