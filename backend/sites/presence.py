"""Who serves the sites, and what is under way there."""

from collections import defaultdict
from dataclasses import dataclass
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.hardware_problems import Gpus, gpus_of
from backend.contracts.status import TaskStatus
from backend.contracts.task_kinds import TaskKind
from backend.db.models import Dataset, DryRun, Experiment, Run, Site, Task, Worker
from backend.sites.schemas import SiteTask

#: With its run, the federation's id and the site's slug.
_RunningTask = tuple[Task, Run | None, str, str]


@dataclass(frozen=True)
class Presence:
    #: Those online first, the last seen first.
    workers: list[Worker]
    #: By federation id and slug of the site.
    tasks: defaultdict[tuple[str, str], list[SiteTask]]

    def worker_of(self, queue: str) -> Worker | None:
        return next((worker for worker in self.workers if queue in worker.queues), None)

    def gpus_of(self, queue: str) -> Gpus:
        """Of the workers that serve the queue now; where none is online, of the one seen last."""
        serving = [worker for worker in self.workers if queue in worker.queues]
        online = [worker for worker in serving if worker.online]
        return gpus_of([worker.num_gpus for worker in online or serving[:1]])


def load_presence(session: Session) -> Presence:
    workers = session.scalars(select(Worker).order_by(Worker.online.desc(), Worker.last_seen_at.desc())).all()
    tasks: defaultdict[tuple[str, str], list[SiteTask]] = defaultdict(list)
    for task, run, federation_id, slug in _running_tasks(session):
        tasks[federation_id, slug].append(_site_task(task, run))
    return Presence(list(workers), tasks)


def _running_tasks(session: Session) -> list[_RunningTask]:
    """Of each sort in order of their start."""
    of_runs = (
        select(Task, Run, Experiment.federation_id, Task.participant)
        .join(Run, Run.id == Task.run_id)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(Task.status == TaskStatus.RUNNING)
        .order_by(Task.started_at, Task.id)
    )
    of_datasets = (
        select(Task, Site.federation_id, Site.slug)
        .join(Dataset, Dataset.id == Task.dataset_id)
        .join(Site, Site.id == Dataset.site_id)
        .where(Task.status == TaskStatus.RUNNING)
        .order_by(Task.started_at, Task.id)
    )
    of_dry_runs = (
        select(Task, DryRun.federation_id, Task.participant)
        .join(DryRun, DryRun.id == Task.dry_run_id)
        .where(Task.status == TaskStatus.RUNNING)
        .order_by(Task.started_at, Task.id)
    )
    found: list[_RunningTask] = list(session.execute(of_runs))
    for query in (of_datasets, of_dry_runs):
        found += [(task, None, federation_id, slug) for task, federation_id, slug in session.execute(query)]
    return found


def _site_task(task: Task, run: Run | None) -> SiteTask:
    return SiteTask(
        kind=cast(TaskKind, task.kind),
        started_at=task.started_at,
        fraction=task.fraction,
        round=run and task.round,
        num_rounds=run and run.num_rounds,
        run_label=run and f"{run.strategy_label}, seed {run.seed}",
        run_id=task.run_id,
        experiment_id=run and run.experiment_id,
        dataset_id=task.dataset_id,
    )
