"""Data sets: what people do with them, and what other features ask of them."""

from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.datasets import (
    DatasetManifest,
    ManifestCase,
    Reading,
)
from backend.contracts.status import DatasetStatus
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.values import stored_values
from backend.datasets import history, repairs
from backend.datasets.check_results import store_check as store_check
from backend.datasets.check_results import store_check_failure as store_check_failure
from backend.datasets.dataset_events import record_event
from backend.datasets.readings import reading_of
from backend.datasets.schemas import CheckAgain, DatasetCreate, DatasetUpdate
from backend.db.lookup import get_row, lock_row
from backend.db.models import Case, Dataset, Federation, Site, Task
from backend.errors import Conflict, DatasetInUse, InvalidInput, NameTaken
from backend.events.changes import from_to
from backend.queue import site_queue
from backend.sites.service import policy_of
from backend.task_status import cancel, enqueue, start_over


def register_dataset(session: Session, site_id: str, body: DatasetCreate, actor: str) -> Dataset:
    """Starts the check at the site's worker.

    Raises Conflict for an archived site, InvalidInput where no case is left to test on, and NameTaken.
    """
    site = get_row(session, Site, site_id)
    if site.archived_at is not None:
        raise Conflict(f"the site {site.name!r} is archived: restore it first")
    task_definition = get_row(session, Federation, site.federation_id).task
    _require_mapped_structures(body, task_definition)
    repairs.require_possible(body.reading, task_definition)
    _require_layout_of_folder(body.folder, body.layout)
    if body.fractions.train + body.fractions.val >= 1:
        total = f"{body.fractions.train} + {body.fractions.val}"
        raise InvalidInput.of_field("fractions", total, "leaves no cases for the test", "make their sum less than 1")
    if session.scalar(select(Dataset.id).where(Dataset.site_id == site_id, Dataset.name == body.name)):
        raise NameTaken(f"{site.name} already has a data set named {body.name!r}: choose another name")
    dataset = Dataset(
        site_id=site_id,
        name=body.name,
        folder=body.folder,
        fractions=body.fractions,
        seed=body.seed,
        layout=body.layout,
        reading=body.reading,
        patient_pattern=body.patient_pattern,
        status=DatasetStatus.CHECKING,
        created_at=now(),
        intensity_histogram=[],
    )
    session.add(dataset)
    session.flush()
    task = Task(
        dataset_id=dataset.id,
        kind="describe_dataset",
        round=0,
        participant=site.slug,
        queue=site_queue(site.kind, site.slug),
        created_at=now(),
    )
    enqueue(session, task)
    record_event(session, dataset, site, f"{actor} registered the data set {dataset.name} at {site.name}.", actor)
    return dataset


def check_again(session: Session, dataset_id: str, actor: str, change: CheckAgain | None = None) -> Dataset:
    """Repeats the check, with other repairs where `change` says so; while one is under way, a second is not started."""
    dataset = lock_row(session, Dataset, dataset_id)
    if dataset.status == DatasetStatus.CHECKING:
        return dataset
    site = get_row(session, Site, dataset.site_id)
    if change is not None:
        reading = repairs.changed(dataset.reading or Reading(), change)
        repairs.require_possible(reading, get_row(session, Federation, site.federation_id).task)
        dataset.reading = reading
    task = session.scalars(select(Task).where(Task.dataset_id == dataset_id)).one()
    dataset.status, dataset.error = DatasetStatus.CHECKING, None
    start_over(session, task)
    record_event(session, dataset, site, f"{actor} asked to check the data set {dataset.name} again.", actor)
    return dataset


def cancel_check(session: Session, dataset_id: str, actor: str) -> Dataset:
    """What an earlier check found holds again; with none, the data set has failed. No check under way: no change."""
    dataset = lock_row(session, Dataset, dataset_id)
    if dataset.status != DatasetStatus.CHECKING:
        return dataset
    task = session.scalars(select(Task).where(Task.dataset_id == dataset_id)).one()
    cancel(task)
    dataset.status = repairs.status_of(session, dataset)
    dataset.error = None if dataset.fingerprint else "The check was cancelled before it found anything: check again."
    site = get_row(session, Site, dataset.site_id)
    record_event(session, dataset, site, f"{actor} cancelled the check of {dataset.name} of {site.name}.", actor)
    return dataset


def update_dataset(session: Session, dataset_id: str, body: DatasetUpdate, actor: str) -> Dataset:
    """Changes what is given and leaves the rest. Raises DatasetInUse for another folder of one that a run was started
    on, Conflict while a check is under way."""
    dataset = lock_row(session, Dataset, dataset_id)
    if body.name is not None:
        rename_dataset(session, dataset_id, body.name, actor)
    if body.folder is None or body.folder == dataset.folder:
        return dataset
    if history.runs_on(session, dataset_id):
        raise DatasetInUse(
            f"runs were started on the data set {dataset.name!r} in {dataset.folder}: register the other folder as a "
            "data set of its own"
        )
    if dataset.status == DatasetStatus.CHECKING:
        raise Conflict(f"the data set {dataset.name!r} is being checked: cancel the check, then change its folder")
    _require_layout_of_folder(body.folder, dataset.layout or "folders")
    site = get_row(session, Site, dataset.site_id)
    changed = from_to(dataset.folder, body.folder)
    record_event(session, dataset, site, f"{actor} changed the folder of the data set {dataset.name} {changed}.", actor)
    dataset.folder = body.folder
    dataset.fingerprint = None  # what the old folder held does not come back with a check that is cancelled
    return check_again(session, dataset_id, actor)


def rename_dataset(session: Session, dataset_id: str, name: str, actor: str) -> Dataset:
    """Raises NameTaken where another data set of the site has the name."""
    dataset = lock_row(session, Dataset, dataset_id)
    site = get_row(session, Site, dataset.site_id)
    if name == dataset.name:
        return dataset
    if session.scalar(select(Dataset.id).where(Dataset.site_id == site.id, Dataset.name == name)):
        raise NameTaken(f"{site.name} already has a data set named {name!r}: choose another name")
    record_event(
        session, dataset, site, f"{actor} renamed the data set {dataset.name} of {site.name} to {name}.", actor
    )
    dataset.name = name
    return dataset


def delete_dataset(session: Session, dataset_id: str, actor: str) -> None:
    """Raises DatasetInUse when a run was started on it. The folder itself is never touched."""
    dataset = lock_row(session, Dataset, dataset_id)
    if runs := history.runs_on(session, dataset_id):
        names = ", ".join(sorted({run.experiment_name for run in runs}))
        raise DatasetInUse(
            f"the data set {dataset.name!r} is used by {len(runs)} run(s) of {names}: delete these experiments first, "
            "or keep it"
        )
    if dataset.status == DatasetStatus.CHECKING:
        raise Conflict(f"the data set {dataset.name!r} is being checked: delete it when the check is over")
    site = get_row(session, Site, dataset.site_id)
    session.delete(dataset)
    record_event(session, dataset, site, f"{actor} removed the data set {dataset.name} of {site.name}.", actor)


def ready_datasets(session: Session, site_id: str) -> list[Dataset]:
    """In order of registration."""
    query = select(Dataset).where(Dataset.site_id == site_id, Dataset.status == DatasetStatus.READY)
    return list(session.scalars(query.order_by(Dataset.created_at, Dataset.id)))


def num_training_cases(session: Session, dataset: Dataset) -> int:
    query = select(func.count()).where(Case.dataset_id == dataset.id, Case.used, Case.split == "train")
    return session.scalar(query) or 0


def num_training_slices(session: Session, dataset_ids: Sequence[str]) -> int | None:
    """Of the training cases together; None where one was checked before its slices were counted."""
    query = select(func.count(), func.count(Case.depth), func.sum(Case.depth))
    query = query.where(Case.dataset_id.in_(dataset_ids), Case.used, Case.split == "train")
    num_cases, num_counted, num_slices = session.execute(query).one()
    return (num_slices or 0) if num_cases == num_counted else None


def num_empty_training_cases(session: Session, dataset: Dataset) -> int:
    """Training cases in which no structure is there, as the data set says. Only some data sets have any."""
    if not reading_of(dataset).empty_means_nothing_there:
        return 0
    query = select(Case.structure_shares).where(Case.dataset_id == dataset.id, Case.used, Case.split == "train")
    return sum(not any(shares.values()) for shares in session.scalars(query))


@stored_values()
def manifest_of(session: Session, dataset: Dataset, site: Site) -> DatasetManifest:
    """The used cases as they are now, in name order, and what the site's policy lets leave now."""
    query = select(Case).where(Case.dataset_id == dataset.id, Case.used)
    cases = sorted(session.scalars(query), key=lambda case: case.name)
    files = tuple(
        ManifestCase.model_validate(
            {
                "case_id": case.id,
                "name": case.name,
                "split": case.split,
                "image": case.image,
                "mask": case.mask,
                "image_sha256": case.image_sha256,
                "mask_sha256": case.mask_sha256,
                "mask_parts": case.mask_parts or {},
                "patient": case.patient,
            }
        )
        for case in cases
    )
    return DatasetManifest(
        dataset_id=dataset.id,
        site=site.slug,
        folder=dataset.folder,
        cases=files,
        reading=reading_of(dataset),
        may_send_images=policy_of(site).may_send_images,
        may_send_predictions=policy_of(site).may_send_predictions,
    )


def thumbnails_of_cases(session: Session, case_ids: list[str]) -> dict[str, str]:
    """Case id to thumbnail, of the cases that still have one and whose site's policy of now shows it."""
    columns = select(Case.id, Case.thumbnail, Site).join(Dataset, Dataset.id == Case.dataset_id)
    query = columns.join(Site, Site.id == Dataset.site_id).where(Case.thumbnail.is_not(None))
    found: dict[str, str] = {}
    for start in range(0, len(case_ids), 500):
        rows = session.execute(query.where(Case.id.in_(case_ids[start : start + 500])))
        found |= {case_id: sha256 for case_id, sha256, site in rows if policy_of(site).may_send_thumbnails and sha256}
    return found


def _require_mapped_structures(body: DatasetCreate, task: SegmentationTask) -> None:
    """A structure that is missing in the map would be taken for absent in every case."""
    if body.label_map is None:
        return
    mapped, wanted = set(body.label_map.structures), {structure.name for structure in task.structures}
    if missing := sorted(wanted - mapped):
        names = ", ".join(missing)
        raise InvalidInput.of_field("label_map", names, "has no labels in the map", "say what stands for it")
    if unknown := sorted(mapped - wanted):
        names, known = ", ".join(unknown), ", ".join(sorted(wanted))
        raise InvalidInput.of_field("label_map", names, "is no structure of the federation", f"take {known}")


def _require_layout_of_folder(folder: str, layout: str) -> None:
    """What the path alone tells; the files are at the site."""
    if folder.lower().endswith(".json") and layout not in ("auto", "datalist"):
        remedy = "give the data set's folder, or the layout datalist"
        raise InvalidInput.of_field("layout", layout, f"does not fit the file {folder}", remedy)
    if not (PurePosixPath(folder).is_absolute() or PureWindowsPath(folder).is_absolute()):
        remedy = "give the absolute path, as /data/site-a"
        raise InvalidInput.of_field("folder", folder, "is relative to no folder that a worker has", remedy)
