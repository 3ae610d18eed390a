"""A dry run at one site as a task of the ledger."""

from collections.abc import Iterator
from typing import get_args

from sqlalchemy.orm import Session
from typing_extensions import override

from backend.contracts.dry_runs import DryRunSitePayload, DryRunSiteResult
from backend.contracts.metrics import Split
from backend.contracts.tasks import TaskResult
from backend.datasets import service as datasets
from backend.db.models import DryRun, Federation, Task
from backend.dry_runs.service import sites_to_try
from backend.result_problems import Problem, raise_first
from backend.sites import service as sites
from backend.task_owners import EventPlace, TaskOwner, register


class DryRuns(TaskOwner):
    @override
    def payload(self, session: Session, task: Task) -> DryRunSitePayload:
        """The site's data sets as they are now."""
        assert task.dry_run_id is not None
        dry_run = session.get_one(DryRun, task.dry_run_id)
        federation = session.get_one(Federation, dry_run.federation_id)
        tried = sites_to_try(session, federation.id)
        site = next(s for s in sites.list_sites(session, federation.id) if s.slug == task.participant)
        return DryRunSitePayload(
            dry_run_id=dry_run.id,
            participant=site.slug,
            config=dry_run.config,
            task=federation.task,
            sites=tuple(other.slug for other in tried if other.slug not in dry_run.config.held_out_sites),
            data=tuple(
                datasets.manifest_of(session, dataset, site) for dataset in datasets.ready_datasets(session, site.id)
            ),
        )

    @override
    def check(self, session: Session, task: Task, result: TaskResult) -> None:
        assert isinstance(result, DryRunSiteResult)
        raise_first(_problems(session.get_one(DryRun, task.dry_run_id), task.participant, result))

    @override
    def store(self, session: Session, task: Task, result: TaskResult) -> None:
        assert isinstance(result, DryRunSiteResult)
        task.answer = result

    @override
    def event_place(self, session: Session, task: Task) -> EventPlace:
        return EventPlace(federation_id=session.get_one(DryRun, task.dry_run_id).federation_id)


def _problems(dry_run: DryRun, participant: str, result: DryRunSiteResult) -> Iterator[Problem]:
    """The estimate needs each split's number of cases, and the cost of each method from each site that trains."""
    if missing := [split for split in get_args(Split) if split not in result.num_cases]:
        remedy = "give 0 where a split has no cases"
        yield Problem("result.num_cases", ", ".join(missing), "has no number of cases", remedy)
    is_held_out = participant in dry_run.config.held_out_sites
    wanted = 0 if is_held_out else len(dry_run.config.strategies)
    if len(result.strategies) != wanted:
        remedy = "report none, for the site is held out" if is_held_out else f"report {wanted}, one a method"
        yield Problem("result.strategies", len(result.strategies), "is not the number of methods", remedy)


register(DryRuns(), "dry_run_site")
