"""Per-case scores: storing them, and the list that the viewer shows."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url, require_artifacts
from backend.contracts.tasks import DatasetManifest, EvaluateSiteResult
from backend.datasets import service as datasets
from backend.db.models import EvaluatedCase, Run
from backend.errors import InvalidInput
from backend.runs.schemas import RunCases, ScoredCase

SUPER = "super"


def store_evaluation(
    session: Session, run_id: str, participant: str, manifests: list[DatasetManifest], result: EvaluateSiteResult
) -> None:
    """Writes one row a case; evaluating again replaces it. Raises InvalidInput for a case that is not the run's."""
    places = {case.case_id: (manifest.site, case.name) for manifest in manifests for case in manifest.cases}
    routing = {entry.case_id: entry for entry in result.routing}
    files = {entry.case_id: entry for entry in result.files}
    dice: dict[str, dict[str, dict[str, float | None]]] = {}
    for score in result.scores:
        dice.setdefault(score.case_id, {}).setdefault(score.model, {})[score.structure] = score.dice
    if unknown := sorted({*dice, *routing, *files} - places.keys()):
        remedy = f"report only cases of {participant}"
        raise InvalidInput.of_field("result.scores", ", ".join(unknown[:3]), "are no cases of this run", remedy)
    require_artifacts(session, _hashes(result))
    for case_id, scores in dice.items():
        route, file = routing.get(case_id), files.get(case_id)
        site_slug, name = places[case_id]
        row = EvaluatedCase(
            run_id=run_id,
            case_id=case_id,
            name=name,
            site_slug=site_slug,
            dice=scores,
            probabilities=dict(route.probabilities) if route else None,
            chosen_model=route.chosen_model if route else None,
            image=file.image if file else None,
            reference=file.reference if file else None,
            predictions=dict(file.predictions) if file else {},
        )
        session.merge(row)


def evaluated_cases(session: Session, run_ids: Iterable[str]) -> list[EvaluatedCase]:
    query = select(EvaluatedCase).where(EvaluatedCase.run_id.in_(list(run_ids)))
    return sorted(session.scalars(query), key=lambda row: (row.run_id, row.site_slug, row.name))


def scores_of(row: EvaluatedCase) -> dict[str, dict[str, float | None]]:
    """Model to structure to Dice; the super model's is the chosen model's."""
    if row.chosen_model is None or row.chosen_model not in row.dice:
        return row.dice
    return {**row.dice, SUPER: row.dice[row.chosen_model]}


def run_cases(session: Session, run: Run) -> RunCases:
    """Everything that the case viewer needs of a run; empty until its evaluation."""
    rows = evaluated_cases(session, [run.id])
    thumbnails = datasets.thumbnails_of_cases(session, [row.case_id for row in rows])
    order = {slug: index for index, slug in enumerate(run.spec.sites if run.spec else ())}
    rows.sort(key=lambda row: (order.get(row.site_slug, len(order)), row.name))
    models = {model for row in rows for model in scores_of(row)}
    structures = run.spec.task.structures if run.spec else ()
    return RunCases(
        run_id=run.id,
        round=run.best_round or 0,
        structures=[structure.name for structure in structures],
        models=sorted(models, key=lambda model: (_model_rank(model), order.get(model.partition("/")[2], 0))),
        cases=[_scored_case(row, thumbnails) for row in rows],
    )


def _scored_case(row: EvaluatedCase, thumbnails: dict[str, str]) -> ScoredCase:
    predictions: dict[str, Any] = dict(row.predictions)
    if row.chosen_model in predictions:
        predictions[SUPER] = predictions[row.chosen_model]
    return ScoredCase(
        case_id=row.case_id,
        name=row.name,
        site_slug=row.site_slug,
        dice=scores_of(row),
        probabilities=row.probabilities,
        chosen_model=row.chosen_model,
        image_url=artifact_url(row.image),
        reference_url=artifact_url(row.reference),
        thumbnail_url=artifact_url(thumbnails.get(row.case_id)),
        predictions={model: artifact_url(sha256) or "" for model, sha256 in predictions.items()},
    )


def _model_rank(model: str) -> int:
    """super, then global, then the personalized ones."""
    return {SUPER: 0, "global": 1}.get(model, 2)


def _hashes(result: EvaluateSiteResult) -> set[str]:
    hashes = {sha256 for file in result.files for sha256 in (file.image, file.reference, *file.predictions.values())}
    return {sha256 for sha256 in hashes if sha256 is not None}
