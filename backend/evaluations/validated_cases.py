"""Scores of validation cases one by one: stored for the list of cases, and read by nothing else."""

from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.contracts.tasks import DatasetManifest, EvaluateSiteResult
from backend.db.models import Run, ValidatedCase
from backend.evaluations.reported_scores import by_case


def store_validation(
    session: Session,
    run_id: str,
    round_number: int,
    participant: str,
    manifests: list[DatasetManifest],
    result: EvaluateSiteResult,
) -> None:
    """Writes one row a case; evaluating again replaces them, also by none where no score of a case leaves any more.
    The caller has checked that these are validation cases of the participant's."""
    names = {case.case_id: case.name for manifest in manifests for case in manifest.cases if case.split == "val"}
    routing = {entry.case_id: entry for entry in result.validation_routing}
    scores, units = by_case(result.validation)
    before = {"run_id": run_id, "round": round_number, "site_slug": participant}
    session.execute(delete(ValidatedCase).filter_by(**before))
    for case_id, by_model in scores.items():
        route = routing.get(case_id)
        row = ValidatedCase(
            **before,
            case_id=case_id,
            name=names[case_id],
            scores=by_model,
            distance_unit=units[case_id],
            probabilities=dict(route.probabilities) if route else None,
            chosen_model=route.chosen_model if route else None,
            unlikeness=route.unlikeness if route else None,
            of_no_site=route is not None and route.of_no_site,
        )
        session.add(row)


def validated_cases(session: Session, run: Run) -> list[ValidatedCase]:
    """Of the best round."""
    return list(session.scalars(select(ValidatedCase).where(*_of_best_round(run))))


def num_validated_cases(session: Session, run: Run) -> int:
    return session.scalar(select(func.count()).select_from(ValidatedCase).where(*_of_best_round(run))) or 0


def _of_best_round(run: Run) -> tuple[Any, ...]:
    return ValidatedCase.run_id == run.id, ValidatedCase.round == (run.best_round or 0)
