"""Dry runs: trying a configuration at every site before an experiment is made of it."""

from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.dry_runs import DryRunSiteResult
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.datasets import service as datasets
from backend.db.lookup import get_row, lock_row
from backend.db.models import DryRun, Federation, Site, Task, Worker
from backend.dry_runs.estimate import Answers, estimate
from backend.dry_runs.schemas import DryRunEstimate, DryRunRecord, DryRunSite
from backend.events import service as events
from backend.experiments.labels import strategy_labels
from backend.queue import SIMULATED_QUEUE, site_queue
from backend.sites import service as sites
from backend.task_status import cancel, enqueue

Status = Literal["running", "completed", "failed", "cancelled"]


def start_dry_run(session: Session, federation_id: str, config: ExperimentConfig, actor: str) -> DryRun:
    """One task for each site with data. The caller has checked that the configuration fits the federation."""
    federation = get_row(session, Federation, federation_id)
    dry_run = DryRun(federation_id=federation_id, config=config, created_at=now(), created_by=actor)
    session.add(dry_run)
    session.flush()
    for site in sites_to_try(session, federation_id):
        task = Task(
            dry_run_id=dry_run.id,
            kind="dry_run_site",
            round=0,
            participant=site.slug,
            queue=site_queue(site.kind, site.slug),
            created_at=now(),
        )
        enqueue(session, task)
    message = f"{actor} started a dry run in {federation.name}."
    events.record(session, "experiment", message, actor, federation_id=federation_id)
    return dry_run


def cancel_dry_run(session: Session, dry_run_id: str) -> DryRun:
    """Ends what is not over; a task that runs is asked to stop at its next report."""
    dry_run = lock_row(session, DryRun, dry_run_id)
    for task in _tasks(session, dry_run.id):
        if task.status not in TERMINAL_TASK_STATUSES:
            cancel(task)
    return dry_run


def sites_to_try(session: Session, federation_id: str) -> list[Site]:
    """Those with data that are not archived, in site order."""
    return [site for site in sites.active_sites(session, federation_id) if datasets.ready_datasets(session, site.id)]


def dry_run_record(session: Session, dry_run: DryRun) -> DryRunRecord:
    tasks = _tasks(session, dry_run.id)
    status = _status(tasks)
    return DryRunRecord(
        id=dry_run.id,
        federation_id=dry_run.federation_id,
        config=dry_run.config,
        created_at=dry_run.created_at,
        created_by=dry_run.created_by,
        status=status,
        sites=[
            DryRunSite(
                site_slug=task.participant,
                status=TaskStatus(task.status),
                fraction=task.fraction,
                worker=task.worker,
                error=task.error,
                result=task.answer if isinstance(task.answer, DryRunSiteResult) else None,
            )
            for task in tasks
        ],
        estimate=_estimate(session, dry_run, tasks) if status == "completed" else None,
    )


def _estimate(session: Session, dry_run: DryRun, tasks: list[Task]) -> DryRunEstimate:
    workers = session.scalars(select(Worker).where(Worker.online)).all()
    answers = Answers(
        results={task.participant: task.answer for task in tasks if isinstance(task.answer, DryRunSiteResult)},
        simulated=frozenset(task.participant for task in tasks if task.queue == SIMULATED_QUEUE),
        num_processes=max(1, sum(worker.num_processes for worker in workers if SIMULATED_QUEUE in worker.queues)),
    )
    return estimate(dry_run.config, strategy_labels(dry_run.config.strategies), answers)


def _tasks(session: Session, dry_run_id: str) -> list[Task]:
    """In site order, which is that of their creation."""
    tasks = session.scalars(select(Task).where(Task.dry_run_id == dry_run_id)).all()
    return sorted(tasks, key=lambda task: (task.created_at, task.id))


def _status(tasks: list[Task]) -> Status:
    statuses = {task.status for task in tasks}
    if statuses - TERMINAL_TASK_STATUSES:
        return "running"
    if TaskStatus.FAILED in statuses or TaskStatus.CRASHED in statuses:
        return "failed"
    return "cancelled" if TaskStatus.CANCELLED in statuses else "completed"
