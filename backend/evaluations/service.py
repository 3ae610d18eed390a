"""Per-case scores: storing them, and the list that the viewer shows."""

from collections import defaultdict
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.artifacts import access
from backend.artifacts.service import artifact_url, require_artifacts
from backend.contracts.datasets import SitePolicy
from backend.contracts.tasks import DatasetManifest, EvaluateSiteResult
from backend.contracts.unlikeness import unlike_in_words
from backend.datasets import service as datasets
from backend.db.models import (
    CaseHistory,
    Experiment,
    Run,
    ScoreSummaryRow,
    TestedCase,
    TestMeans,
    ThresholdCurve,
    ValidatedCase,
)
from backend.evaluations.reported_scores import by_case
from backend.evaluations.schemas import CaseRounds, PastModel, PastRound, RunHistory
from backend.evaluations.scored_cases import GLOBAL, SUPER, evaluated_cases, of_checkpoint, places_of, scores_of
from backend.evaluations.summaries import store_summary
from backend.evaluations.validated_cases import num_validated_cases, store_validation, validated_cases
from backend.runs.schemas import CaseSplit, RunCases, ScoredCase
from backend.sites import service as sites

#: Of a validation case: its image and masks stay at the site.
NO_FILES: dict[str, Any] = {"image_url": None, "reference_url": None, "predictions": {}}


def forget_evaluation(session: Session, run_id: str) -> None:
    """Scores, routes, the viewer's masks and those of earlier rounds, and what is known of validation cases."""
    for rows in (TestMeans, TestedCase, ValidatedCase, CaseHistory, ThresholdCurve, ScoreSummaryRow):
        session.execute(delete(rows).where(rows.run_id == run_id))


def store_evaluation(
    session: Session,
    run_id: str,
    round_number: int,
    participant: str,
    manifests: list[DatasetManifest],
    result: EvaluateSiteResult,
) -> None:
    """Writes one row a case; evaluating again replaces them, also where a summary now stands in place of the cases.

    manifests: of the participant. The caller has checked that the cases are the participant's.

    Raises InvalidInput for a file that is not there.
    """
    places = {case.case_id: (manifest.site, case.name) for manifest in manifests for case in manifest.cases}
    routing = {entry.case_id: entry for entry in result.routing}
    files = {entry.case_id: entry for entry in result.files}
    scores, units = by_case(result.scores)
    require_artifacts(session, _hashes(result))
    session.execute(delete(TestMeans).where(TestMeans.run_id == run_id))
    if result.summary is not None:
        own = {case_id for case_id, (slug, _) in places.items() if slug == participant}
        _forget_cases(session, run_id, round_number, participant, own)
    session.execute(delete(TestedCase).filter_by(run_id=run_id, round=round_number, site_slug=participant))
    for case_id, by_model in scores.items():
        route, file = routing.get(case_id), files.get(case_id)
        site_slug, name = places[case_id]
        row = TestedCase(
            run_id=run_id,
            round=round_number,
            case_id=case_id,
            name=name,
            site_slug=site_slug,
            scores=by_model,
            distance_unit=units[case_id],
            probabilities=dict(route.probabilities) if route else None,
            chosen_model=route.chosen_model if route else None,
            unlikeness=route.unlikeness if route else None,
            of_no_site=route is not None and route.of_no_site,
            image=file.image if file else None,
            reference=file.reference if file else None,
            predictions=dict(file.predictions) if file else {},
        )
        session.add(row)
    store_validation(session, run_id, round_number, participant, manifests, result)
    store_summary(session, run_id, round_number, participant, result.summary)
    store_history(session, run_id, result)
    if result.thresholds:
        points = [point.model_dump() for point in result.thresholds]
        session.merge(ThresholdCurve(run_id=run_id, round=round_number, site_slug=participant, points=points))


def _forget_cases(session: Session, run_id: str, round_number: int, participant: str, own: set[str]) -> None:
    """What the participant said of single cases before its policy closed. own: the ids of its cases."""
    for of_site in (TestedCase, ThresholdCurve):
        key = {"run_id": run_id, "round": round_number, "site_slug": participant}
        session.execute(delete(of_site).filter_by(**key))
    for past in session.scalars(select(CaseHistory).where(CaseHistory.run_id == run_id)):
        if past.case_id in own:
            session.delete(past)


def store_history(session: Session, run_id: str, result: EvaluateSiteResult) -> None:
    """One row a round and case; evaluating again replaces it. The caller has checked whose cases these are."""
    require_artifacts(session, {entry.mask for entry in result.history if entry.mask is not None})
    rows: dict[tuple[int, str], CaseHistory] = {}
    for entry in result.history:
        key = entry.round, entry.case_id
        row = rows.setdefault(key, CaseHistory(run_id=run_id, round=entry.round, case_id=entry.case_id, models={}))
        row.models = {**row.models, entry.model: {"dice": entry.dice, "mask": entry.mask}}
        if entry.chosen:
            row.chosen_model = entry.model
    for row in rows.values():
        session.merge(row)


def run_history(session: Session, run: Run) -> RunHistory:
    """The masks of earlier rounds; empty for runs that kept none."""
    query = select(CaseHistory).where(CaseHistory.run_id == run.id).order_by(CaseHistory.round)
    by_case: dict[str, list[CaseHistory]] = {}
    for row in session.scalars(query):
        by_case.setdefault(row.case_id, []).append(row)
    policies = _policies_of(session, run)
    slugs = {row.case_id: row.site_slug for row in evaluated_cases(session, [run.id], "best")}
    return RunHistory(
        run_id=run.id,
        best_round=run.best_round,
        rounds=sorted({past.round for rounds in by_case.values() for past in rounds}),
        cases=[
            CaseRounds(
                case_id=case_id,
                site_slug=slugs[case_id],
                rounds=[_past_round(row, policies[slugs[case_id]].may_send_predictions) for row in rounds],
            )
            for case_id, rounds in by_case.items()
            if case_id in slugs
        ],
    )


def _policies_of(session: Session, run: Run) -> defaultdict[str, SitePolicy]:
    """As they are now: what was withdrawn is hidden at once."""
    federation_id = session.get_one(Experiment, run.experiment_id).federation_id
    return defaultdict(SitePolicy, sites.policies_by_slug(session, federation_id))


def _past_round(row: CaseHistory, may_show: bool) -> PastRound:
    key = row.run_id, row.round, row.case_id
    access.remember(CaseHistory.models, key, (entry["mask"] for entry in row.models.values()))
    models = {
        model: PastModel(dice=entry["dice"], mask_url=artifact_url(entry["mask"]) if may_show else None)
        for model, entry in row.models.items()
    }
    if row.chosen_model in models:
        models = {SUPER: models[row.chosen_model], **models}
    return PastRound(round=row.round, chosen_model=row.chosen_model, models=models)


def run_cases(session: Session, run: Run, split: CaseSplit = "test") -> RunCases:
    """Everything that the case viewer needs of a run's best round; empty until its evaluation."""
    rows: list[TestedCase] | list[ValidatedCase]
    if split == "val":
        rows = validated_cases(session, run)
    else:
        rows = list(session.scalars(select(TestedCase).where(*of_checkpoint([run.id], "best"))))
    thumbnails = datasets.thumbnails_of_cases(session, [row.case_id for row in rows])
    policies = _policies_of(session, run)
    order = {slug: index for index, slug in enumerate(places_of(run).all)}
    rows.sort(key=lambda row: (order.get(row.site_slug, len(order)), row.name))
    models = {model for row in rows for model in scores_of(row.scores, row.chosen_model)}
    structures = run.spec.task.structures if run.spec else ()
    return RunCases(
        run_id=run.id,
        round=run.best_round or 0,
        split=split,
        num_validation=len(rows) if split == "val" else num_validated_cases(session, run),
        structures=[structure.name for structure in structures],
        models=sorted(models, key=lambda model: (_model_rank(model), order.get(model.partition("/")[2], 0))),
        cases=[_scored_case(row, thumbnails, policies[row.site_slug]) for row in rows],
    )


def _scored_case(row: TestedCase | ValidatedCase, thumbnails: dict[str, str], policy: SitePolicy) -> ScoredCase:
    scores = scores_of(row.scores, row.chosen_model)
    return ScoredCase(
        case_id=row.case_id,
        name=row.name,
        site_slug=row.site_slug,
        dice={model: {name: by["dice"] for name, by in structures.items()} for model, structures in scores.items()},
        scores=scores,
        distance_unit=row.distance_unit,
        probabilities=row.probabilities,
        chosen_model=row.chosen_model,
        unlikeness=row.unlikeness,
        unlike=unlike_in_words(row.unlikeness, row.of_no_site),
        thumbnail_url=artifact_url(thumbnails.get(row.case_id)),
        **(_files(row, policy) if isinstance(row, TestedCase) else NO_FILES),
    )


def _files(row: TestedCase, policy: SitePolicy) -> dict[str, Any]:
    predictions: dict[str, Any] = dict(row.predictions) if policy.may_send_predictions else {}
    if row.chosen_model in predictions:
        predictions[SUPER] = predictions[row.chosen_model]
    key = row.run_id, row.round, row.case_id
    access.remember(TestedCase.image, key, [row.image])
    access.remember(TestedCase.reference, key, [row.reference])
    access.remember(TestedCase.predictions, key, row.predictions.values())
    return {
        "image_url": artifact_url(row.image) if policy.may_send_images else None,
        "reference_url": artifact_url(row.reference) if policy.may_send_images else None,
        "predictions": {model: artifact_url(sha256) or "" for model, sha256 in predictions.items()},
    }


def _model_rank(model: str) -> int:
    """super, then global, then the personalized ones."""
    return {SUPER: 0, GLOBAL: 1}.get(model, 2)


def _hashes(result: EvaluateSiteResult) -> set[str]:
    hashes = {sha256 for file in result.files for sha256 in (file.image, file.reference, *file.predictions.values())}
    return {sha256 for sha256 in hashes if sha256 is not None}
