"""Per-case scores: storing them, and the list that the viewer shows."""

from typing import Any

from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url, require_artifacts
from backend.contracts.metrics import SCORE_NAMES
from backend.contracts.tasks import DatasetManifest, EvaluateSiteResult
from backend.datasets import service as datasets
from backend.db.models import EvaluatedCase, Run
from backend.errors import InvalidInput
from backend.evaluations.scored_cases import GLOBAL, SUPER, evaluated_cases, places_of, scores_of
from backend.runs.schemas import RunCases, ScoredCase


def store_evaluation(
    session: Session,
    run_id: str,
    round_number: int,
    participant: str,
    manifests: list[DatasetManifest],
    result: EvaluateSiteResult,
) -> None:
    """Writes one row a case; evaluating again replaces it. Raises InvalidInput for a case that is not the run's."""
    places = {case.case_id: (manifest.site, case.name) for manifest in manifests for case in manifest.cases}
    routing = {entry.case_id: entry for entry in result.routing}
    files = {entry.case_id: entry for entry in result.files}
    scores: dict[str, dict[str, dict[str, Any]]] = {}
    units: dict[str, str] = {}
    for score in result.scores:
        by_metric = {name: getattr(score, name) for name in SCORE_NAMES}
        scores.setdefault(score.case_id, {}).setdefault(score.model, {})[score.structure] = by_metric
        units[score.case_id] = score.distance_unit
    if unknown := sorted({*scores, *routing, *files} - places.keys()):
        remedy = f"report only cases of {participant}"
        raise InvalidInput.of_field("result.scores", ", ".join(unknown[:3]), "are no cases of this run", remedy)
    require_artifacts(session, _hashes(result))
    for case_id, by_model in scores.items():
        route, file = routing.get(case_id), files.get(case_id)
        site_slug, name = places[case_id]
        row = EvaluatedCase(
            run_id=run_id,
            round=round_number,
            case_id=case_id,
            name=name,
            site_slug=site_slug,
            scores=by_model,
            distance_unit=units[case_id],
            probabilities=dict(route.probabilities) if route else None,
            chosen_model=route.chosen_model if route else None,
            image=file.image if file else None,
            reference=file.reference if file else None,
            predictions=dict(file.predictions) if file else {},
        )
        session.merge(row)


def run_cases(session: Session, run: Run) -> RunCases:
    """Everything that the case viewer needs of a run's best round; empty until its evaluation."""
    rows = evaluated_cases(session, [run.id], "best")
    thumbnails = datasets.thumbnails_of_cases(session, [row.case_id for row in rows])
    order = {slug: index for index, slug in enumerate(places_of(run).all)}
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
    scores = scores_of(row)
    return ScoredCase(
        case_id=row.case_id,
        name=row.name,
        site_slug=row.site_slug,
        dice={model: {name: by["dice"] for name, by in structures.items()} for model, structures in scores.items()},
        scores=scores,
        distance_unit=row.distance_unit,
        probabilities=row.probabilities,
        chosen_model=row.chosen_model,
        image_url=artifact_url(row.image),
        reference_url=artifact_url(row.reference),
        thumbnail_url=artifact_url(thumbnails.get(row.case_id)),
        predictions={model: artifact_url(sha256) or "" for model, sha256 in predictions.items()},
    )


def _model_rank(model: str) -> int:
    """super, then global, then the personalized ones."""
    return {SUPER: 0, GLOBAL: 1}.get(model, 2)


def _hashes(result: EvaluateSiteResult) -> set[str]:
    hashes = {sha256 for file in result.files for sha256 in (file.image, file.reference, *file.predictions.values())}
    return {sha256 for sha256 in hashes if sha256 is not None}
