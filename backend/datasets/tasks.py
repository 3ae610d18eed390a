"""The check of a data set as a task of the ledger."""

from typing import cast

from sqlalchemy.orm import Session
from typing_extensions import override

from backend.contracts.datasets import DescribeDatasetPayload, DescribeDatasetResult, Layout, Reading
from backend.contracts.tasks import TaskResult
from backend.datasets import check_results, one_patient
from backend.datasets.plausible_checks import check_problems
from backend.db.models import Dataset, Federation, Site, Task
from backend.result_problems import raise_first
from backend.sites.service import policy_of
from backend.task_owners import EventPlace, TaskOwner, register


class DatasetChecks(TaskOwner):
    @override
    def payload(self, session: Session, task: Task) -> DescribeDatasetPayload:
        assert task.dataset_id is not None
        dataset = session.get_one(Dataset, task.dataset_id)
        site = session.get_one(Site, dataset.site_id)
        federation = session.get_one(Federation, site.federation_id)
        return DescribeDatasetPayload(
            dataset_id=dataset.id,
            site=site.slug,
            folder=dataset.folder,
            task=federation.task,
            fractions=dataset.fractions,
            seed=dataset.seed,
            layout=cast(Layout, dataset.layout or "folders"),
            reading=dataset.reading or Reading(),
            patient_pattern=dataset.patient_pattern,
            may_send_thumbnails=policy_of(site).may_send_thumbnails,
            may_send_hashes=policy_of(site).may_send_hashes,
            joined=one_patient.joined_cases(session, dataset),
        )

    @override
    def check(self, session: Session, task: Task, result: TaskResult) -> None:
        assert isinstance(result, DescribeDatasetResult)
        site = session.get_one(Site, session.get_one(Dataset, task.dataset_id).site_id)
        raise_first(check_problems(session.get_one(Federation, site.federation_id).task, result))

    @override
    def store(self, session: Session, task: Task, result: TaskResult) -> None:
        assert isinstance(result, DescribeDatasetResult)
        assert task.dataset_id is not None
        check_results.store_check(session, task.dataset_id, result, task.worker or "worker")

    @override
    def event_place(self, session: Session, task: Task) -> EventPlace:
        return EventPlace(dataset_id=task.dataset_id)

    @override
    def give_up(self, session: Session, task: Task, message: str, actor: str) -> None:
        assert task.dataset_id is not None
        check_results.store_check_failure(session, task.dataset_id, message, actor)


register(DatasetChecks(), "describe_dataset")
