"""Data sets and their cases, as the API shows them."""

from collections import Counter, defaultdict
from statistics import median
from typing import cast, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url
from backend.contracts.datasets import (
    Layout,
    Reading,
)
from backend.contracts.metrics import Split
from backend.contracts.status import DatasetStatus
from backend.datasets.readings import reading_of
from backend.datasets.schemas import CaseRecord, DatasetRecord
from backend.db.models import Case, Dataset, Site, Task
from backend.sites.service import policy_of, unserved


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
        reading=reading_of(dataset),
        asked_reading=dataset.reading or Reading(),
        patient_pattern=dataset.patient_pattern,
        status=DatasetStatus(dataset.status),
        error=dataset.error,
        check_fraction=_check_fraction(session, dataset),
        waits_for=unserved(session, site) if dataset.status == DatasetStatus.CHECKING else None,
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


def _check_fraction(session: Session, dataset: Dataset) -> float | None:
    if dataset.status != DatasetStatus.CHECKING:
        return None
    return session.scalar(select(Task.fraction).where(Task.dataset_id == dataset.id)) or 0.0


def _num_patients(patients: list[str | None]) -> int | None:
    known = {patient for patient in patients if patient is not None}
    return len(known) or None


def _median_spacing(spacings: list[list[float] | None]) -> list[float] | None:
    known = [spacing for spacing in spacings if spacing]
    if not known or len({len(spacing) for spacing in known}) > 1:
        return None
    return [median(axis) for axis in zip(*known, strict=True)]


def _mean_shares(shares: list[dict[str, float]]) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for case in shares:
        for structure, share in case.items():
            values[structure].append(share)
    return {structure: sum(numbers) / len(numbers) for structure, numbers in values.items()}
