"""What left a site, when and to whom: one line for each data set that was checked and each sort of work for a run.

It is read from the ledger and from what lies here now; what belonged to a deleted experiment or data set went with it.
"""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import distinct, exists, func, select
from sqlalchemy.orm import Session

from backend.contracts.status import TaskStatus
from backend.db.models import Case, CaseHistory, Dataset, DatasetCheck, Experiment, Run, Site, Task, TestedCase
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


def departures(session: Session, site: Site) -> list[DepartureRecord]:
    """The latest first."""
    found = [*_of_datasets(session, site), *_of_runs(session, site), *_of_reports(session, site)]
    return sorted(found, key=lambda entry: (entry.last_at, entry.id), reverse=True)


def _of_datasets(session: Session, site: Site) -> Iterator[DepartureRecord]:
    times = (func.min(DatasetCheck.at), func.max(DatasetCheck.at), func.count())
    for dataset in session.scalars(select(Dataset).where(Dataset.site_id == site.id)):
        first, last, count = session.execute(select(*times).where(DatasetCheck.dataset_id == dataset.id)).one()
        if not count:
            continue
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


def _of_reports(session: Session, site: Site) -> Iterator[DepartureRecord]:
    for report, pictures in reports_showing(session, site):
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


def _of_runs(session: Session, site: Site) -> Iterator[DepartureRecord]:
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
        .where(
            Experiment.federation_id == site.federation_id,
            Task.participant == site.slug,
            Task.status == TaskStatus.COMPLETED,
            Task.kind.in_(_OF_RUN),
        )
        .group_by(Run.id, Experiment.name, Task.kind)
    )
    pictures = _pictures(session, site)
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


def _pictures(session: Session, site: Site) -> dict[str, str]:
    """Run id to what lies here of its test on the site's cases, in words; runs of which nothing does are left out."""
    runs = select(Run.id).join(Experiment, Experiment.id == Run.experiment_id)
    of_site = (
        TestedCase.run_id.in_(runs.where(Experiment.federation_id == site.federation_id)),
        TestedCase.site_slug == site.slug,
    )
    images = select(TestedCase.run_id, func.count(distinct(TestedCase.case_id))).where(
        *of_site, TestedCase.image.is_not(None)
    )
    num_images: dict[str, int] = dict(session.execute(images.group_by(TestedCase.run_id)).all())
    num_masks: Counter[str] = Counter()
    masks = select(TestedCase.run_id, TestedCase.predictions).where(*of_site)
    for run_id, predictions in session.execute(masks):
        num_masks[run_id] += len(predictions)
    same_case = (TestedCase.run_id == CaseHistory.run_id) & (TestedCase.case_id == CaseHistory.case_id)
    past = select(CaseHistory.run_id, CaseHistory.models).where(exists().where(same_case, *of_site))
    for run_id, models in session.execute(past):
        num_masks[run_id] += sum(entry["mask"] is not None for entry in models.values())
    return {
        run_id: " and ".join(
            [f"{num_images[run_id]} image(s) with references"] * (run_id in num_images)
            + [f"{num_masks[run_id]} predicted mask(s)"] * (num_masks[run_id] > 0)
        )
        for run_id in num_images.keys() | +num_masks
    }
