"""Data sets: registering, checking, and what the check found."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from statistics import median
from typing import Any, cast, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url, require_artifacts
from backend.clock import now
from backend.contracts.datasets import (
    CaseFile,
    CheckedCase,
    DatasetManifest,
    DescribeDatasetPayload,
    DescribeDatasetResult,
    Layout,
    Reading,
)
from backend.contracts.metrics import Split
from backend.contracts.status import DatasetStatus, TaskStatus
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.values import stored_values
from backend.datasets import alike, history, one_patient, repairs
from backend.datasets.alike_schemas import AlikeRecord, PairDecide
from backend.datasets.records import record_event
from backend.datasets.schemas import CaseRecord, CheckAgain, DatasetCreate, DatasetRecord
from backend.db.lookup import get_row, lock_row
from backend.db.models import Case, Dataset, DatasetCheck, Federation, Site, Task
from backend.errors import Conflict, DatasetInUse, InvalidInput, NameTaken
from backend.events.service import BACKEND
from backend.queue import enqueue, site_queue
from backend.sites.service import policy_of

#: Settings of a reading that count in every fingerprint.
_ALWAYS_TOLD = ("label_map", "channel")


def register_dataset(session: Session, site_id: str, body: DatasetCreate, actor: str) -> Dataset:
    """Starts the check at the site's worker."""
    site = get_row(session, Site, site_id)
    if site.archived_at is not None:
        raise Conflict(f"the site {site.name!r} is archived: restore it first")
    task_definition = get_row(session, Federation, site.federation_id).task
    _require_mapped_structures(body, task_definition)
    repairs.require_possible(body.reading, task_definition)
    _require_layout_of_folder(body)
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
    task.failures, task.error = 0, None
    dataset.status, dataset.error = DatasetStatus.CHECKING, None
    enqueue(session, task)
    record_event(session, dataset, site, f"{actor} asked to check the data set {dataset.name} again.", actor)
    return dataset


def cancel_check(session: Session, dataset_id: str, actor: str) -> Dataset:
    """What an earlier check found holds again; with none, the data set has failed. No check under way: no change."""
    dataset = lock_row(session, Dataset, dataset_id)
    if dataset.status != DatasetStatus.CHECKING:
        return dataset
    task = session.scalars(select(Task).where(Task.dataset_id == dataset_id)).one()
    task.status, task.finished_at = TaskStatus.CANCELLED, now()
    dataset.status = repairs.status_of(session, dataset)
    dataset.error = None if dataset.fingerprint else "The check was cancelled before it found anything: check again."
    site = get_row(session, Site, dataset.site_id)
    record_event(session, dataset, site, f"{actor} cancelled the check of {dataset.name} of {site.name}.", actor)
    return dataset


def rename_dataset(session: Session, dataset_id: str, name: str, actor: str) -> Dataset:
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


def describe_payload(session: Session, task: Task) -> DescribeDatasetPayload:
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


def store_check(session: Session, dataset_id: str, result: DescribeDatasetResult, worker: str) -> None:
    """Replaces the data set's cases by those just checked; a case of the same name keeps its id."""
    dataset = lock_row(session, Dataset, dataset_id)
    require_artifacts(session, {case.thumbnail for case in result.cases if case.thumbnail})
    known = {case.name: case for case in session.scalars(select(Case).where(Case.dataset_id == dataset_id))}
    for checked in result.cases:
        case = known.pop(checked.name, None)
        if case is None:
            case = Case(dataset_id=dataset_id, name=checked.name)
            session.add(case)
        _fill_case(case, checked)
    for gone in known.values():
        session.delete(gone)
    used = [case for case in result.cases if case.reason_code is None]
    dataset.checked_at = now()
    dataset.intensity_histogram = list(result.intensity_histogram)
    dataset.found_layout, dataset.found_reading = result.layout, result.reading
    dataset.warnings = list(result.warnings)
    dataset.pseudonym_key = result.pseudonym_key
    dataset.statistics = result.statistics
    dataset.fingerprint = _fingerprint(used, result.reading or Reading()) if used else None
    dataset.alike = result.alike
    session.flush()
    join_patients(session, dataset.site_id)
    dataset.status = repairs.status_of(session, dataset)
    dataset.error = None if used else _no_case_used(result)
    _keep_check(session, dataset, len(used), len(result.cases) - len(used))
    site = session.get_one(Site, dataset.site_id)
    repaired = repairs.counts_in_words([case.repairs for case in used])
    message = f"{dataset.name} of {site.name} was checked: {len(used)} of {len(result.cases)} cases are used{repaired}."
    record_event(session, dataset, site, message, worker)


def decide_pair(session: Session, body: PairDecide, actor: str) -> AlikeRecord:
    """Whether two cases are of one patient. Runs that were started keep what they were started on."""
    pair = alike.pair_of(session, body.first_case_id, body.second_case_id)
    row = alike.store_decision(session, pair, body.decision, actor)
    first, second = pair
    words = "one patient" if body.decision == "same_patient" else "different patients"
    names = f"{first.case.name} of {first.site.name} and {second.case.name} of {second.site.name}"
    record_event(session, first.dataset, first.site, f"{actor} decided that {names} are of {words}.", actor)
    for site_id in sorted({first.site.id, second.site.id}):
        join_patients(session, site_id)
    return alike.record_of(pair, row)


def join_patients(session: Session, site_id: str) -> None:
    """One pseudonym and one split for each patient that was confirmed. A data set whose splits change has another
    fingerprint; its statistics, which the site's worker computes, are withheld until it is checked again."""
    for dataset_id in sorted(one_patient.join_site(session, site_id)):
        dataset = lock_row(session, Dataset, dataset_id)
        cases = session.scalars(select(Case).where(Case.dataset_id == dataset_id, Case.used)).all()
        before, dataset.fingerprint = dataset.fingerprint, _fingerprint(cases, _reading_of(dataset))
        if dataset.confirmed_fingerprint == before:
            dataset.confirmed_fingerprint = dataset.fingerprint
        dataset.statistics = None
        site = session.get_one(Site, site_id)
        message = f"Splits of {dataset.name} of {site.name} changed, for cases were confirmed to be of one patient."
        record_event(session, dataset, site, message, BACKEND)


def store_check_failure(session: Session, dataset_id: str, message: str, worker: str) -> None:
    dataset = lock_row(session, Dataset, dataset_id)
    dataset.status, dataset.error, dataset.checked_at = DatasetStatus.FAILED, message, now()
    _keep_check(session, dataset, 0, 0, fingerprint=False)
    site = session.get_one(Site, dataset.site_id)
    text = f"The check of {dataset.name} of {site.name} failed: {message}"
    record_event(session, dataset, site, text, worker, level="error")


def _keep_check(session: Session, dataset: Dataset, num_used: int, num_skipped: int, fingerprint: bool = True) -> None:
    check = DatasetCheck(
        dataset_id=dataset.id,
        at=now(),
        fingerprint=dataset.fingerprint if fingerprint else None,
        num_used=num_used,
        num_skipped=num_skipped,
        error=dataset.error,
    )
    session.add(check)


def ready_datasets(session: Session, site_id: str) -> list[Dataset]:
    """In order of registration."""
    query = select(Dataset).where(Dataset.site_id == site_id, Dataset.status == DatasetStatus.READY)
    return list(session.scalars(query.order_by(Dataset.created_at, Dataset.id)))


def num_training_cases(session: Session, dataset: Dataset) -> int:
    query = select(func.count()).where(Case.dataset_id == dataset.id, Case.used, Case.split == "train")
    return session.scalar(query) or 0


def num_empty_training_cases(session: Session, dataset: Dataset) -> int:
    """Training cases in which no structure is there, as the data set says. Only some data sets have any."""
    if not _reading_of(dataset).empty_means_nothing_there:
        return 0
    query = select(Case.structure_shares).where(Case.dataset_id == dataset.id, Case.used, Case.split == "train")
    return sum(not any(shares.values()) for shares in session.scalars(query))


@stored_values()
def manifest_of(session: Session, dataset: Dataset, site: Site) -> DatasetManifest:
    """The used cases as they are now, in name order, and what the site's policy lets leave now."""
    query = select(Case).where(Case.dataset_id == dataset.id, Case.used)
    cases = sorted(session.scalars(query), key=lambda case: case.name)
    files = tuple(
        CaseFile.model_validate(
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
        reading=_reading_of(dataset),
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


def dataset_record(session: Session, dataset: Dataset) -> DatasetRecord:
    site = session.get_one(Site, dataset.site_id)
    columns = select(
        Case.used,
        Case.split,
        Case.reason_code,
        Case.structure_shares,
        Case.patient,
        Case.spacing,
        Case.warnings,
        Case.repairs,
        Case.remedies,
    )
    rows = session.execute(columns.where(Case.dataset_id == dataset.id)).all()
    used = [row for row in rows if row.used]
    splits = Counter(row.split for row in used)
    return DatasetRecord(
        id=dataset.id,
        site_id=site.id,
        site_slug=site.slug,
        site_name=site.name,
        name=dataset.name,
        folder=dataset.folder,
        fractions=dataset.fractions,
        seed=dataset.seed,
        layout=cast(Layout, dataset.layout or "folders"),
        found_layout=cast(Layout | None, dataset.found_layout),
        reading=_reading_of(dataset),
        asked_reading=dataset.reading or Reading(),
        patient_pattern=dataset.patient_pattern,
        status=DatasetStatus(dataset.status),
        error=dataset.error,
        check_fraction=_check_fraction(session, dataset),
        may_send_thumbnails=policy_of(site).may_send_thumbnails,
        created_at=dataset.created_at,
        checked_at=dataset.checked_at,
        num_used=len(used),
        num_skipped=len(rows) - len(used),
        num_cases={split: splits[split] for split in get_args(Split)},
        num_patients=_num_patients([row.patient for row in used]),
        num_without_patient=sum(row.patient is None for row in used),
        skipped_by_reason=dict(Counter(row.reason_code for row in rows if not row.used)),
        warnings=dataset.warnings or [],
        num_warned=sum(bool(row.warnings) for row in used),
        num_repaired=dict(Counter(repair for row in used for repair in row.repairs or [])),
        num_repaired_cases=sum(bool(row.repairs) for row in used),
        num_remediable=dict(Counter(remedy for row in rows for remedy in row.remedies or [])),
        num_with_remedy=sum(bool(row.remedies) for row in rows),
        num_empty=sum(not any(row.structure_shares.values()) for row in used),
        spacing=_median_spacing([row.spacing for row in used]),
        intensity_histogram=dataset.intensity_histogram,
        structure_shares=_mean_shares([row.structure_shares for row in used]),
        fingerprint=dataset.fingerprint,
    )


def _check_fraction(session: Session, dataset: Dataset) -> float | None:
    if dataset.status != DatasetStatus.CHECKING:
        return None
    return session.scalar(select(Task.fraction).where(Task.dataset_id == dataset.id)) or 0.0


def case_record(case: Case, with_thumbnail: bool = True) -> CaseRecord:
    columns = ("id", "name", "used", "reason_code", "reason", "split", "patient", "width", "height", "depth", "spacing")
    values = {column: getattr(case, column) for column in columns}
    return CaseRecord(
        **values,
        warnings=case.warnings or [],
        repairs=case.repairs or [],
        remedies=case.remedies or [],
        structure_shares=case.structure_shares,
        structure_sizes=case.structure_sizes or {},
        thumbnail_url=artifact_url(case.thumbnail) if with_thumbnail else None,
    )


def _fill_case(case: Case, checked: CheckedCase) -> None:
    case.used = checked.reason_code is None
    case.reason_code, case.reason = checked.reason_code, checked.reason
    case.split = checked.split
    case.image, case.mask = checked.image, checked.mask
    case.mask_parts = dict(checked.mask_parts)
    case.image_sha256, case.mask_sha256 = checked.image_sha256, checked.mask_sha256
    case.width, case.height = checked.width, checked.height
    case.structure_shares = dict(checked.structure_shares)
    case.mean_intensity = list(checked.mean_intensity)
    case.thumbnail = checked.thumbnail
    case.depth = checked.depth
    case.spacing = None if checked.spacing is None else list(checked.spacing)
    case.patient = checked.patient
    case.pixel_sha256, case.perceptual_hash = checked.pixel_sha256, checked.perceptual_hash
    case.structure_sizes = dict(checked.structure_sizes)
    case.intensity_percentiles = list(checked.intensity_percentiles)
    case.warnings = [warning.model_dump(mode="json") for warning in checked.warnings]
    case.repairs, case.remedies = list(checked.repairs), list(checked.remedies)


def _reading_of(dataset: Dataset) -> Reading:
    """As the check applied it; before the first check, as asked."""
    return dataset.found_reading or dataset.reading or Reading()


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


def _require_layout_of_folder(body: DatasetCreate) -> None:
    """What the path alone tells; the files are at the site."""
    if body.folder.lower().endswith(".json") and body.layout not in ("auto", "datalist"):
        remedy = "give the data set's folder, or the layout datalist"
        raise InvalidInput.of_field("layout", body.layout, f"does not fit the file {body.folder}", remedy)
    if not (PurePosixPath(body.folder).is_absolute() or PureWindowsPath(body.folder).is_absolute()):
        remedy = "give the absolute path, as /data/site-a"
        raise InvalidInput.of_field("folder", body.folder, "is relative to no folder that a worker has", remedy)


def _num_patients(patients: list[str | None]) -> int | None:
    known = {patient for patient in patients if patient is not None}
    return len(known) or None


def _median_spacing(spacings: list[list[float] | None]) -> list[float] | None:
    known = [spacing for spacing in spacings if spacing]
    if not known or len({len(spacing) for spacing in known}) > 1:
        return None
    return [median(axis) for axis in zip(*known, strict=True)]


def _fingerprint(used: Sequence[CheckedCase] | Sequence[Case], reading: Reading) -> str:
    """Of what a run trains and tests on: names, splits, contents of files, and how masks are read."""
    lines = [[case.name, case.split, case.image_sha256, case.mask_sha256] for case in used]
    content = {"cases": sorted(lines, key=lambda line: str(line[0])), "reading": _told_of(reading)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _told_of(reading: Reading) -> dict[str, Any]:
    """What a fingerprint is made of. Settings that came later count only where they are used, so that data sets that
    were checked before keep their fingerprints."""
    told = reading.model_dump(mode="json")
    unused = Reading().model_dump(mode="json")
    return {name: value for name, value in told.items() if name in _ALWAYS_TOLD or value != unused[name]}


def _no_case_used(result: DescribeDatasetResult) -> str:
    if not result.cases:
        return "The folder holds no images: put images into images/ and their masks, equally named, into masks/."
    code, count = Counter(case.reason_code for case in result.cases).most_common(1)[0]
    example = next(case.reason for case in result.cases if case.reason_code == code)
    return f"None of {len(result.cases)} cases can be used; the most common reason ({count} cases): {example}"


def _mean_shares(shares: list[dict[str, float]]) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for case in shares:
        for structure, share in case.items():
            values[structure].append(share)
    return {structure: sum(numbers) / len(numbers) for structure, numbers in values.items()}
