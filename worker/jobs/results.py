"""From engine to contract: metrics, scores and routes as the backend takes them."""

import math
from collections.abc import Iterable

from backend.contracts.metrics import CaseRouting, CaseScore, MetricPoint
from worker.engine.evaluation import EvaluatedCase
from worker.engine.metrics import Metric


def metric_points(metrics: Iterable[Metric]) -> tuple[MetricPoint, ...]:
    """The metrics as the contract has them. Raises ValueError where training diverged and a value is not finite."""
    metrics = tuple(metrics)
    for metric in metrics:
        if not math.isfinite(metric.value):
            raise ValueError(
                f"the {metric.split} {metric.name} of round {metric.round} is {metric.value}: training diverged; "
                "choose a lower learning rate, or clip gradients"
            )
    return tuple(
        MetricPoint(
            round=metric.round,
            model=metric.model,
            split=metric.split,
            name=metric.name,
            structure=metric.structure,
            value=metric.value,
            num_cases=metric.num_cases,
        )
        for metric in metrics
    )


def case_scores(case: EvaluatedCase) -> tuple[CaseScore, ...]:
    """One CaseScore for each model and structure."""
    return tuple(
        CaseScore(
            case_id=case.case_id,
            model=model,
            structure=structure,
            distance_unit=case.distance_unit,
            values=scores,
        )
        for model, by_structure in case.scores.items()
        for structure, scores in by_structure.items()
    )


def case_routing(case: EvaluatedCase) -> CaseRouting | None:
    """The case's route as the contract has it; None for strategies without a model selector."""
    if case.route is None:
        return None
    return CaseRouting(
        case_id=case.case_id,
        probabilities=case.route.probabilities,
        chosen_model=case.route.chosen_model,
        unlikeness=case.route.unlikeness,
        of_no_site=case.route.of_no_site,
    )
