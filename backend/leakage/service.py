"""Leakage: cases of one federation that a model may have seen before it is tested on them.

Inside a data set the readiness check itself skips exact duplicates and keeps near ones in one split. Here data sets
are compared with each other, at one site and at several.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.datasets import NEAR_DUPLICATE_BITS
from backend.contracts.metrics import Split
from backend.contracts.status import DatasetStatus
from backend.db.models import Case, Dataset, Site
from backend.leakage.hashes import near_pairs
from backend.leakage.schemas import LeakageCase, LeakageKind, LeakagePair, LeakageReport, SiteNotCompared
from backend.sites.service import policy_of

#: A report with more pairs is of a data set that was registered twice; the first pairs show it.
MAX_PAIRS = 500
_KIND_ORDER: dict[LeakageKind, int] = {"exact": 0, "patient": 1, "near": 2}


@dataclass(frozen=True)
class _Used:
    """A used case. Its hashes are None where they may not be compared."""

    shown: LeakageCase
    patient: str | None
    pixel_sha256: str | None
    perceptual_hash: str | None


def leakage_report(session: Session, federation_id: str) -> LeakageReport:
    sites = session.scalars(select(Site).where(Site.federation_id == federation_id).order_by(Site.position)).all()
    cases_of = {site.id: _used_cases(session, site) for site in sites}
    cases = [case for of_site in cases_of.values() for case in of_site]
    pairs = sorted(_all_pairs(cases), key=_order)
    return LeakageReport(
        num_compared=sum(case.pixel_sha256 is not None for case in cases),
        num_pairs=len(pairs),
        num_serious=sum(pair.is_serious for pair in pairs),
        pairs=pairs[:MAX_PAIRS],
        not_compared=[entry for site in sites if (entry := _not_compared(site, cases_of[site.id])) is not None],
        threshold_bits=NEAR_DUPLICATE_BITS,
    )


def _used_cases(session: Session, site: Site) -> list[_Used]:
    """Of the site's ready data sets, with the hashes that its policy of now lets be compared."""
    query = (
        select(Case, Dataset.name)
        .join(Dataset, Dataset.id == Case.dataset_id)
        .where(Dataset.site_id == site.id, Dataset.status == DatasetStatus.READY, Case.used)
        .order_by(Dataset.created_at, Dataset.id, Case.name)
    )
    may_compare = policy_of(site).may_send_hashes
    return [
        _Used(
            shown=LeakageCase(
                case_id=case.id,
                name=case.name,
                split=cast(Split, case.split),
                site_slug=site.slug,
                site_name=site.name,
                dataset_id=case.dataset_id,
                dataset_name=dataset_name,
            ),
            patient=case.patient,
            pixel_sha256=case.pixel_sha256 if may_compare else None,
            perceptual_hash=case.perceptual_hash if may_compare else None,
        )
        for case, dataset_name in session.execute(query)
    ]


def _not_compared(site: Site, cases: list[_Used]) -> SiteNotCompared | None:
    num_cases = sum(case.pixel_sha256 is None for case in cases)
    if not num_cases:
        return None
    reason = "Its data sets were checked before hashes were sent: check them again."
    if not policy_of(site).may_send_hashes:
        reason = (
            "Its policy lets no hash of decoded images leave, so its cases are compared inside each data set only, at "
            "the site: allow hashes in the site's policy and check its data sets again."
        )
    return SiteNotCompared(site_slug=site.slug, site_name=site.name, num_cases=num_cases, reason=reason)


def _all_pairs(cases: list[_Used]) -> Iterable[LeakagePair]:
    exact = _exact_pairs(cases)
    for first, second in exact:
        yield _pair("exact", None, first, second)
    known = {frozenset((first.shown.case_id, second.shown.case_id)) for first, second in exact}
    by_id = {case.shown.case_id: case for case in cases}
    hashes = {key: case.perceptual_hash for key, case in by_id.items() if case.perceptual_hash is not None}
    for (first_id, second_id), bits in near_pairs(hashes, NEAR_DUPLICATE_BITS).items():
        if frozenset((first_id, second_id)) not in known:
            yield _pair("near", bits, by_id[first_id], by_id[second_id])
    for first, second in _patient_pairs(cases):
        yield _pair("patient", None, first, second)


def _exact_pairs(cases: list[_Used]) -> list[tuple[_Used, _Used]]:
    by_pixels: defaultdict[str, list[_Used]] = defaultdict(list)
    for case in cases:
        if case.pixel_sha256 is not None:
            by_pixels[case.pixel_sha256].append(case)
    return [pair for same in by_pixels.values() for pair in combinations(same, 2)]


def _patient_pairs(cases: list[_Used]) -> Iterable[tuple[_Used, _Used]]:
    """For each patient with cases in several splits of one site, one pair, with a tested case where there is one.
    Pseudonyms are equal in all data sets of a site, and mean nothing elsewhere."""
    by_patient: defaultdict[tuple[str, str], dict[Split, _Used]] = defaultdict(dict)
    for case in cases:
        if case.patient is not None:
            by_patient[case.shown.site_slug, case.patient].setdefault(case.shown.split, case)
    for by_split in by_patient.values():
        present = [by_split[split] for split in ("test", "train", "val") if split in by_split]
        if len(present) > 1:
            yield present[0], present[1]


def _pair(kind: LeakageKind, bits: int | None, first: _Used, second: _Used) -> LeakagePair:
    one, other = sorted((first.shown, second.shown), key=lambda case: case.split == "test")
    splits = {one.split, other.split}
    return LeakagePair(
        kind=kind,
        bits=bits,
        is_serious="test" in splits and len(splits) > 1,
        cases=(one, other),
        message=f"{_in_words(one)} and {_in_words(other)} {_finding(kind, bits)}.",
        remedy=_remedy(kind, one, other),
    )


def _in_words(case: LeakageCase) -> str:
    return f"{case.name} of {case.site_name} ({case.dataset_name}, {case.split})"


def _finding(kind: LeakageKind, bits: int | None) -> str:
    match kind:
        case "exact":
            return "have the same pixels"
        case "near":
            return f"look alike: {bits} of 256 bits of their hashes differ"
        case "patient":
            return "are of one patient"


def _remedy(kind: LeakageKind, one: LeakageCase, other: LeakageCase) -> str:
    if kind == "patient":
        return "Give both the same split in the data sets' cases.csv, and check the data sets again."
    action = "Remove one of the two from its folder, and check that data set again."
    if one.split == other.split and one.site_slug == other.site_slug:
        action = "They share a split, so no score is too good; remove one of the two if they are one image."
    look = "" if kind == "exact" else "Look at both first: likeness is a guess. "
    return look + action


def _order(pair: LeakagePair) -> tuple[bool, int, int, str, str]:
    """Serious ones first; then exact ones before others, and the nearest first."""
    first, second = pair.cases
    return (not pair.is_serious, _KIND_ORDER[pair.kind], pair.bits or 0, first.case_id, second.case_id)
