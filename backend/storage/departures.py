"""What left a site, when and to whom: one line for each data set that was checked and each sort of work for a run.

It is read from the ledger and from what lies here now; what belonged to a deleted experiment or data set went with it.
A page is of data sets, runs and reports: of the others no more than when they were is read.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, distinct, exists, func, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.status import TaskStatus
from backend.db.models import Case, CaseHistory, Dataset, DatasetCheck, Experiment, Run, Site, Task, TestedCase
from backend.paging import Page
from backend.runs.words import described
from backend.storage.schemas import DepartureRecord
from backend.storage.withdraw import reports_showing

_AGGREGATED = "the server, which aggregates it with the other sites'; no other site receives it"
_READERS = "the server, and people who may see the federation; numbers stand in shared reports too"
_SHOWN = "the server, and people who may see cases"
_CHECKED = "the names, sizes, patients' pseudonyms and hashes of cases, and their statistics"
_OF_RUN = {
    "train_site": ("weights as they were trained, their loss, and numbers of cases", _AGGREGATED),
    "validate_site": ("scores of validation cases", _READERS),
    "evaluate_site": ("scores of test cases and of validation cases", _READERS),
}


@dataclass(frozen=True)
class _Subject:
    """A data set, run or report of which something left. at: when the last of it did, or when the run ended."""

    id: str
    kind: Literal["dataset", "run", "report"]
    at: datetime


def departures(session: Session, site: Site, page: Page) -> tuple[list[DepartureRecord], str | None]:
    """The lines of a page of subjects, the latest first, and the subject after which the next page begins; None where
    that was the last. Raises InvalidInput where the page begins after none of the site's subjects."""
    subjects = sorted(_subjects(session, site), key=lambda subject: (subject.at, subject.id), reverse=True)
    shown = page.of(subjects, lambda subject: subject.id)
    ids = {kind: [subject.id for subject in shown if subject.kind == kind] for kind in ("dataset", "run", "report")}
    found = [
        *_of_datasets(session, site, ids["dataset"]),
        *_of_runs(session, site, ids["run"]),
        *_of_reports(session, site, ids["report"]),
    ]
    place = {subject.id: number for number, subject in enumerate(shown)}
    lines = sorted(found, key=lambda entry: (entry.last_at, entry.id), reverse=True)
    more = bool(shown) and shown[-1] is not subjects[-1]
    return sorted(lines, key=lambda entry: place[_subject_of(entry)]), shown[-1].id if more else None


def _subject_of(entry: DepartureRecord) -> str:
    return entry.dataset_id or entry.run_id or entry.id


def _subjects(session: Session, site: Site) -> Iterator[_Subject]:
    checked = (
        select(DatasetCheck.dataset_id, func.max(DatasetCheck.at))
        .join(Dataset, Dataset.id == DatasetCheck.dataset_id)
        .where(Dataset.site_id == site.id)
        .group_by(DatasetCheck.dataset_id)
    )
    yield from (_Subject(dataset_id, "dataset", at) for dataset_id, at in session.execute(checked))
    worked = exists().where(Task.run_id == Run.id, *_of_site(site))
    runs = (
        select(Run.id, Run.finished_at)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(Experiment.federation_id == site.federation_id, worked)
    )
    yield from (_Subject(run_id, "run", at or now()) for run_id, at in session.execute(runs))
    yield from (_Subject(report.id, "report", report.created_at) for report, _ in reports_showing(session, site))


def _of_site(site: Site) -> tuple[ColumnElement[bool], ...]:
    return (Task.participant == site.slug, Task.status == TaskStatus.COMPLETED, Task.kind.in_(_OF_RUN))


def _of_datasets(session: Session, site: Site, ids: Sequence[str]) -> Iterator[DepartureRecord]:
    times = (func.min(DatasetCheck.at), func.max(DatasetCheck.at), func.count())
    for dataset in session.scalars(select(Dataset).where(Dataset.site_id == site.id, Dataset.id.in_(ids))):
        first, last, count = session.execute(select(*times).where(DatasetCheck.dataset_id == dataset.id)).one()
        with_thumbnail = select(func.count()).where(Case.dataset_id == dataset.id, Case.thumbnail.is_not(None))
        num = session.scalar(with_thumbnail) or 0
        yield DepartureRecord(
            id=dataset.id,
            what=_CHECKED + (f"; {num} thumbnail(s), kept here" if num else "; no thumbnail is kept here"),
            to=_SHOWN,
            of=f"data set {dataset.name}",
            dataset_id=dataset.id,
            run_id=None,
            experiment_id=None,
            num_times=count,
            num_bytes=None,
            first_at=first,
            last_at=last,
        )


def _of_reports(session: Session, site: Site, ids: Sequence[str]) -> Iterator[DepartureRecord]:
    for report, pictures in reports_showing(session, site) if ids else ():
        if report.id not in ids:
            continue
        num = sum(case.picture is not None and case.site_id == site.id for case in pictures.cases)
        yield DepartureRecord(
            id=report.id,
            what=f"picture(s) of {num} test case(s) with their names, kept here",
            to="everybody who has the report's link, while the policy allows it",
            of=f"report {report.title}",
            dataset_id=None,
            run_id=None,
            experiment_id=report.experiment_id,
            num_times=1,
            num_bytes=None,
            first_at=report.created_at,
            last_at=report.created_at,
        )


def _of_runs(session: Session, site: Site, ids: Sequence[str]) -> Iterator[DepartureRecord]:
    query = (
        select(
            Run.id,
            Run.strategy_label,
            Run.seed,
            Run.experiment_id,
            Experiment.name,
            Task.kind,
            func.count(),
            func.sum(Task.bytes_up),
            func.min(Task.finished_at),
            func.max(Task.finished_at),
        )
        .join(Run, Run.id == Task.run_id)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(Task.run_id.in_(ids), *_of_site(site))
        .group_by(Run.id, Experiment.name, Task.kind)
    )
    pictures = _pictures(session, site, ids)
    for run_id, label, seed, experiment_id, experiment, kind, count, num_bytes, first, last in session.execute(query):
        what, to = _OF_RUN[kind]
        if kind == "evaluate_site" and run_id in pictures:
            what, to = f"{what}; {pictures[run_id]}, kept here", _SHOWN
        yield DepartureRecord(
            id=f"{run_id}-{kind}",
            what=what,
            to=to,
            of=f"{described(label, seed)}, of {experiment}",
            dataset_id=None,
            run_id=run_id,
            experiment_id=experiment_id,
            num_times=count,
            num_bytes=None if num_bytes is None else int(num_bytes),
            first_at=first,
            last_at=last,
        )


def _pictures(session: Session, site: Site, ids: Sequence[str]) -> dict[str, str]:
    """Run id to what lies here of its test on the site's cases, in words; runs of which nothing does are left out."""
    of_site = (TestedCase.run_id.in_(ids), TestedCase.site_slug == site.slug)
    images = select(TestedCase.run_id, func.count(distinct(TestedCase.case_id))).where(
        *of_site, TestedCase.image.is_not(None)
    )
    num_images: dict[str, int] = dict(session.execute(images.group_by(TestedCase.run_id)).all())
    num_masks: Counter[str] = Counter()
    masks = select(TestedCase.run_id, TestedCase.predictions).where(*of_site)
    for run_id, predictions in session.execute(masks):
        num_masks[run_id] += len(predictions)
    same_case = (TestedCase.run_id == CaseHistory.run_id) & (TestedCase.case_id == CaseHistory.case_id)
    past = select(CaseHistory.run_id, CaseHistory.models).where(
        CaseHistory.run_id.in_(ids), exists().where(same_case, *of_site)
    )
    for run_id, models in session.execute(past):
        num_masks[run_id] += sum(entry["mask"] is not None for entry in models.values())
    return {
        run_id: " and ".join(
            [f"{num_images[run_id]} image(s) with references"] * (run_id in num_images)
            + [f"{num_masks[run_id]} predicted mask(s)"] * (num_masks[run_id] > 0)
        )
        for run_id in num_images.keys() | +num_masks
    }
