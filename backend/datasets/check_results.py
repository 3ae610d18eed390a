"""What a check found, or a person decided about its cases, is written to the data set."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.clock import now
from backend.contracts.datasets import (
    CheckedCase,
    DescribeDatasetResult,
    Reading,
)
from backend.contracts.status import DatasetStatus
from backend.datasets import alike, one_patient, repairs
from backend.datasets.alike_schemas import AlikeRecord, PairDecide
from backend.datasets.dataset_events import record_event
from backend.datasets.readings import fingerprint_of, reading_of
from backend.db.lookup import lock_row
from backend.db.models import Case, Dataset, DatasetCheck, Site
from backend.events.service import BACKEND


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
    dataset.fingerprint = fingerprint_of(used, result.reading or Reading()) if used else None
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


def store_check_failure(session: Session, dataset_id: str, message: str, worker: str) -> None:
    dataset = lock_row(session, Dataset, dataset_id)
    dataset.status, dataset.error, dataset.checked_at = DatasetStatus.FAILED, message, now()
    _keep_check(session, dataset, 0, 0, fingerprint=False)
    site = session.get_one(Site, dataset.site_id)
    text = f"The check of {dataset.name} of {site.name} failed: {message}"
    record_event(session, dataset, site, text, worker, level="error")


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
        before, dataset.fingerprint = dataset.fingerprint, fingerprint_of(cases, reading_of(dataset))
        if dataset.confirmed_fingerprint == before:
            dataset.confirmed_fingerprint = dataset.fingerprint
        dataset.statistics = None
        site = session.get_one(Site, site_id)
        message = f"Splits of {dataset.name} of {site.name} changed, for cases were confirmed to be of one patient."
        record_event(session, dataset, site, message, BACKEND)


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


def _no_case_used(result: DescribeDatasetResult) -> str:
    if not result.cases:
        return "The folder holds no images: put images into images/ and their masks, equally named, into masks/."
    code, count = Counter(case.reason_code for case in result.cases).most_common(1)[0]
    example = next(case.reason for case in result.cases if case.reason_code == code)
    return f"None of {len(result.cases)} cases can be used; the most common reason ({count} cases): {example}"
