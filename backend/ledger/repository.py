"""Queries on the ledger."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.contracts.task_kinds import TaskKind
from backend.db.models import Case, Run, RunDataset, RunRound, Task


def tasks_of(session: Session, run: Run, kind: TaskKind, round_number: int | None = None) -> list[Task]:
    """In the order in which they were opened, which is site order."""
    query = select(Task).where(Task.run_id == run.id, Task.kind == kind)
    if round_number is not None:
        query = query.where(Task.round == round_number)
    tasks = session.scalars(query).all()
    order = {participant: index for index, participant in enumerate(_participant_order(run))}
    return sorted(tasks, key=lambda task: order.get(task.participant, -1))


def last_used_round(session: Session, run: Run, participant: str, before: int) -> int:
    """The participant's last round before this one whose update was aggregated; 0 where none was."""
    query = select(func.max(Task.round)).where(
        Task.run_id == run.id,
        Task.kind == "train_site",
        Task.participant == participant,
        Task.status == TaskStatus.COMPLETED,
        Task.round < before,
    )
    return session.scalar(query) or 0


def latest_round(session: Session, run: Run) -> RunRound | None:
    """The round under way, or the last one finished; None before the initialization."""
    query = select(RunRound).where(RunRound.run_id == run.id).order_by(RunRound.round.desc()).limit(1)
    return session.scalars(query).one_or_none()


def run_datasets(session: Session, run_id: str, site: str | None = None) -> list[RunDataset]:
    """In site order, then in order of registration. site: only that one's; each row is a manifest to be read."""
    query = select(RunDataset).where(RunDataset.run_id == run_id)
    if site is not None:
        query = query.where(RunDataset.site_slug == site)
    return list(session.scalars(query.order_by(RunDataset.position)))


def queues_of(session: Session, run_id: str) -> dict[str, str]:
    """Of the workers of each site whose data sets the run has."""
    query = select(RunDataset.site_slug, RunDataset.queue).where(RunDataset.run_id == run_id)
    return dict(session.execute(query.order_by(RunDataset.position.desc())).all())


def num_cases_of(session: Session, run_id: str) -> dict[str, int]:
    """By site, as its data sets are now. It orders work, and is no fact about the run."""
    query = (
        select(RunDataset.site_slug, func.count())
        .join(Case, Case.dataset_id == RunDataset.dataset_id)
        .where(RunDataset.run_id == run_id)
        .group_by(RunDataset.site_slug)
    )
    return dict(session.execute(query).all())


def all_ended(session: Session, run: Run, kind: TaskKind, round_number: int | None = None) -> bool:
    """Whether no task of the kind and round is to be done any more, or of any round. Asked at each site's end: it
    reads no update."""
    under_way = select(Task.id).where(
        Task.run_id == run.id, Task.kind == kind, Task.status.not_in(TERMINAL_TASK_STATUSES)
    )
    if round_number is not None:
        under_way = under_way.where(Task.round == round_number)
    return session.scalar(under_way.limit(1)) is None


def open_tasks(session: Session, run: Run) -> list[Task]:
    query = select(Task).where(Task.run_id == run.id, Task.status.not_in(TERMINAL_TASK_STATUSES))
    return list(session.scalars(query))


def _participant_order(run: Run) -> list[str]:
    sites = [*run.spec.sites, *run.spec.held_out_sites] if run.spec else []
    return sites + [name for name in (run.participants or []) if name not in sites]
