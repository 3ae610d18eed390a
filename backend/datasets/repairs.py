"""Repairs of masks: which choices are possible, and who has looked at what they made."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.datasets import Reading
from backend.contracts.repairs import REPAIRS, Repair, repair_problem
from backend.contracts.status import DatasetStatus
from backend.contracts.task_definition import SegmentationTask
from backend.datasets.dataset_events import record_event
from backend.datasets.schemas import CheckAgain
from backend.db.lookup import get_row, lock_row
from backend.db.models import Case, Dataset, Site
from backend.errors import Conflict, InvalidInput


def require_possible(reading: Reading, task: SegmentationTask) -> None:
    """Raises InvalidInput where the task or the label map does not go with the repairs."""
    if problem := repair_problem(reading.repairs, task, reading.label_map is not None):
        message, remedy = problem
        raise InvalidInput.of_field("repairs", ", ".join(reading.repairs), message, remedy)


def changed(reading: Reading, change: CheckAgain) -> Reading:
    """What the change leaves out stays as it is."""
    update = {name: value for name, value in change.model_dump().items() if value is not None}
    return Reading.model_validate(reading.model_dump() | update)


def status_of(session: Session, dataset: Dataset) -> DatasetStatus:
    """Of a data set that is checked: whether it has cases, and whether somebody must look at them first."""
    if dataset.fingerprint is None:
        return DatasetStatus.FAILED
    query = select(Case.repairs).where(Case.dataset_id == dataset.id, Case.used)
    if any(session.scalars(query)) and dataset.fingerprint != dataset.confirmed_fingerprint:
        return DatasetStatus.REVIEW
    return DatasetStatus.READY


def confirm(session: Session, dataset_id: str, fingerprint: str, actor: str) -> Dataset:
    """Raises Conflict where the data are not those that were looked at, or are being checked."""
    dataset = lock_row(session, Dataset, dataset_id)
    if dataset.status not in (DatasetStatus.REVIEW, DatasetStatus.READY):
        raise Conflict(f"the data set {dataset.name!r} is {dataset.status}: confirm it when a check has found cases")
    if dataset.fingerprint != fingerprint:
        raise Conflict(f"the data set {dataset.name!r} has changed since it was looked at: look at it again")
    if dataset.status == DatasetStatus.READY:
        return dataset
    dataset.confirmed_fingerprint, dataset.status = fingerprint, DatasetStatus.READY
    site = get_row(session, Site, dataset.site_id)
    query = select(Case.repairs).where(Case.dataset_id == dataset.id, Case.used)
    repaired = counts_in_words([tuple(repairs or ()) for repairs in session.scalars(query)])
    message = f"{actor} looked at the repaired cases of {dataset.name} of {site.name} and took it into use{repaired}."
    record_event(session, dataset, site, message, actor)
    return dataset


def counts_in_words(repairs: Sequence[Sequence[Repair]]) -> str:
    """`; repaired: resize_masks 41`, or nothing. repairs: those of each used case."""
    counts = Counter(repair for of_case in repairs for repair in of_case)
    listed = ", ".join(f"{repair} {counts[repair]}" for repair in REPAIRS if counts[repair])
    return f"; repaired: {listed}" if listed else ""
