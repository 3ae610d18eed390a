"""What a claimed task of a run carries, read from the ledger at the time of the claim."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.datasets import SitePolicy
from backend.contracts.model_parts import OWN_ALONE, SERVER_ALONE
from backend.contracts.status import TaskStatus
from backend.contracts.tasks import (
    POOLED,
    AggregateRoundPayload,
    DatasetManifest,
    EvaluateSitePayload,
    InitializeRunPayload,
    PartMap,
    RunSpec,
    SiteUpdateRef,
    TaskPayload,
    TrainSitePayload,
    ValidateSitePayload,
)
from backend.db.models import Dataset, Run, RunDataset, RunRound, Site, Task
from backend.ledger import repository
from backend.ledger.history_rounds import shown_rounds
from backend.sites.service import policy_of


def run_payload(session: Session, task: Task) -> TaskPayload:
    """What a task of a run tells its worker. Raises RuntimeError for a task that no run can have."""
    run = session.get_one(Run, task.run_id)
    spec = run.spec
    if spec is None:
        raise RuntimeError(f"task {task.id} belongs to run {run.id}, which was never started")
    match task.kind:
        case "initialize_run":
            return InitializeRunPayload(run=spec)
        case "train_site":
            return _train_payload(session, run, spec, task)
        case "aggregate_round":
            return AggregateRoundPayload(
                run=spec,
                round=task.round,
                state=_state(session, run, task.round - 1),
                updates=tuple(completed_updates(session, run, task.round)),
            )
        case "validate_site":
            return ValidateSitePayload(
                run=spec,
                round=task.round,
                participant=task.participant,
                data=manifests_of(session, run, task.participant),
                state=_for_validation(_state(session, run, task.round), spec, task.participant),
            )
        case "evaluate_site":
            return EvaluateSitePayload(
                run=spec,
                round=task.round,
                participant=task.participant,
                data=manifests_of(session, run, task.participant),
                state=_for_participant(_state(session, run, task.round), task.participant),
                with_files=task.round == run.best_round,
                history=_history(session, run, task.participant) if task.round == run.best_round else {},
            )
    raise RuntimeError(f"task {task.id} has the unknown kind {task.kind!r}")


def completed_updates(session: Session, run: Run, round_number: int) -> list[SiteUpdateRef]:
    """In site order."""
    tasks = repository.tasks_of(session, run, "train_site", round_number)
    return [task.update for task in tasks if task.status == TaskStatus.COMPLETED and task.update is not None]


def _train_payload(session: Session, run: Run, spec: RunSpec, task: Task) -> TrainSitePayload:
    before = session.get_one(RunRound, (run.id, task.round - 1))
    state, downloads = before.parts or {}, before.downloads or {}
    return TrainSitePayload(
        run=spec,
        round=task.round,
        participant=task.participant,
        data=manifests_of(session, run, task.participant),
        parts={name: state[name] for name in downloads.get(task.participant, [])},
        state=_for_validation(state, spec, task.participant),
        kept_round=repository.last_used_round(session, run, task.participant, task.round),
    )


def _state(session: Session, run: Run, round_number: int) -> PartMap:
    return session.get_one(RunRound, (run.id, round_number)).parts or {}


def _for_participant(state: PartMap, participant: str) -> PartMap:
    """Without the sums that other sites sent of their images and scores, from which the server solves selector and
    rule, and without what the server keeps for itself: no site needs any of it."""
    return {name: sha256 for name, sha256 in state.items() if _may_have(name, participant)}


def _may_have(name: str, participant: str) -> bool:
    kind, _, owner = name.partition("/")
    return kind not in SERVER_ALONE and (kind not in OWN_ALONE or owner == participant)


def _for_validation(state: PartMap, spec: RunSpec, participant: str) -> PartMap:
    """Besides, without the other sites' personalized models where the method has no super model, which alone may choose
    one for a validation case. The test needs them of every method: each model is tested at each site."""
    named = _for_participant(state, participant)
    if "super" in spec.strategy.card.models:
        return named
    return {name: sha256 for name, sha256 in named.items() if _is_shared_or_of(name, participant)}


def _is_shared_or_of(name: str, participant: str) -> bool:
    kind, _, owner = name.partition("/")
    return kind != "personalized" or owner == participant


def _history(session: Session, run: Run, participant: str) -> dict[int, PartMap]:
    """The states of the rounds that the viewer's slider shows."""
    found = {number: _kept_state(session, run, number) for number in shown_rounds(run)}
    return {number: _for_participant(state, participant) for number, state in found.items() if state}


def _kept_state(session: Session, run: Run, round_number: int) -> PartMap:
    """Empty where it was let go."""
    row = session.get(RunRound, (run.id, round_number))
    return {} if row is None or row.removed_at is not None else row.parts or {}


def manifests_of(session: Session, run: Run, participant: str) -> tuple[DatasetManifest, ...]:
    """A site's own data; that of every site that trains for the pooled participant, in site order."""
    training = run.spec.sites if run.spec else ()
    wanted = training if participant == POOLED else (participant,)
    query = (
        select(RunDataset, Site)
        .join(Dataset, Dataset.id == RunDataset.dataset_id)
        .join(Site, Site.id == Dataset.site_id)
        .where(RunDataset.run_id == run.id, RunDataset.site_slug.in_(wanted))
        .order_by(RunDataset.position)
    )
    return tuple(_as_allowed_now(row.manifest, policy_of(site)) for row, site in session.execute(query))


def _as_allowed_now(manifest: DatasetManifest, policy: SitePolicy) -> DatasetManifest:
    """The manifest of the run's start, with a policy that was tightened since then."""
    allowed = {
        "may_send_images": manifest.may_send_images and policy.may_send_images,
        "may_send_predictions": manifest.may_send_predictions and policy.may_send_predictions,
    }
    return manifest.model_copy(update=allowed)
