"""Leakage: cases of one federation that a model may have seen before it is tested on them.

Inside a data set the readiness check itself skips exact duplicates and keeps near ones in one split. Here data sets
are compared with each other, at one site and at several.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.datasets import NEAR_DUPLICATE_BITS
from backend.contracts.metrics import Split
from backend.contracts.status import DatasetStatus
from backend.datasets.leakage.pairs import Found, UsedCase, find_pairs
from backend.datasets.leakage.schemas import LeakageCase, LeakageKind, LeakagePair, LeakageReport, SiteNotCompared
from backend.db.models import Case, Dataset, PairDecision, Site
from backend.sites.service import active_sites, policy_of

#: A report with more pairs is of a data set that was registered twice; the first pairs show it.
MAX_PAIRS = 500
_KIND_ORDER: dict[LeakageKind, int] = {"exact": 0, "confirmed": 1, "patient": 2, "near": 3}


def leakage_report(session: Session, federation_id: str) -> LeakageReport:
    sites = active_sites(session, federation_id)
    cases_of = {site.id: _used_cases(session, site) for site in sites}
    cases = [case for of_site in cases_of.values() for case in of_site]
    found, is_complete = find_pairs(cases)
    decisions = _decisions(session, [site.id for site in sites])
    found = [pair for pair in found if pair.kind != "near" or decisions.get(_files(pair)) != "different_patients"]
    found += _confirmed(decisions, cases)
    found.sort(key=_order)
    return LeakageReport(
        num_compared=sum(case.pixel_sha256 is not None for case in cases),
        num_pairs=len(found),
        num_serious=sum(pair.is_serious for pair in found),
        is_complete=is_complete,
        pairs=[_pair(pair) for pair in found[:MAX_PAIRS]],
        not_compared=[entry for site in sites for entry in _all_not_compared(site, cases_of[site.id])],
        threshold_bits=NEAR_DUPLICATE_BITS,
    )


def _used_cases(session: Session, site: Site) -> list[UsedCase]:
    """Of the site's ready data sets, with the hashes that its policy of now lets be compared."""
    query = (
        select(Case, Dataset.name, Dataset.pseudonym_key)
        .join(Dataset, Dataset.id == Case.dataset_id)
        .where(Dataset.site_id == site.id, Dataset.status == DatasetStatus.READY, Case.used)
        .order_by(Dataset.created_at, Dataset.id, Case.name)
    )
    may_compare = policy_of(site).may_send_hashes
    return [
        UsedCase(
            shown=LeakageCase(
                case_id=case.id,
                name=case.name,
                split=cast(Split, case.split),
                site_slug=site.slug,
                site_name=site.name,
                dataset_id=case.dataset_id,
                dataset_name=dataset_name,
            ),
            patient=None if case.patient is None else (pseudonym_key, case.patient),
            file=(site.id, str(case.image_sha256)),
            pixel_sha256=case.pixel_sha256 if may_compare else None,
            perceptual_hash=case.perceptual_hash if may_compare else None,
        )
        for case, dataset_name, pseudonym_key in session.execute(query)
    ]


def _all_not_compared(site: Site, cases: list[UsedCase]) -> list[SiteNotCompared]:
    return [entry for entry in (_not_compared(site, cases), _patients_not_compared(site, cases)) if entry is not None]


def _patients_not_compared(site: Site, cases: list[UsedCase]) -> SiteNotCompared | None:
    """Where pseudonyms of the site's data sets come from several keys; those of one key are compared."""
    counts = Counter(case.patient[0] for case in cases if case.patient is not None)
    if len(counts) < 2:
        return None
    num_cases = sum(counts.values()) - max(counts.values())
    reason = (
        "Pseudonyms of patients in its data sets come from different keys (one was checked by another worker, with "
        "another home, or before keys were secret), and patients are compared only within one key: check its data sets "
        "again."
    )
    return SiteNotCompared(site_slug=site.slug, site_name=site.name, num_cases=num_cases, reason=reason)


def _decisions(session: Session, site_ids: list[str]) -> dict[tuple[tuple[str, str], tuple[str, str]], str]:
    query = select(PairDecision).where(
        PairDecision.first_site_id.in_(site_ids), PairDecision.second_site_id.in_(site_ids)
    )
    return {
        ((row.first_site_id, row.first_sha256), (row.second_site_id, row.second_sha256)): row.decision
        for row in session.scalars(query)
    }


def _files(pair: Found) -> tuple[tuple[str, str], tuple[str, str]]:
    first, second = sorted((pair.first.file, pair.second.file))
    return first, second


def _confirmed(
    decisions: Mapping[tuple[tuple[str, str], tuple[str, str]], str], cases: list[UsedCase]
) -> Iterator[Found]:
    """Patients of two sites, whose splits nothing can join: the text says what can be done."""
    by_file = {case.file: case for case in cases}
    for (first, second), decision in sorted(decisions.items()):
        if decision == "same_patient" and first[0] != second[0] and first in by_file and second in by_file:
            yield Found("confirmed", None, by_file[first], by_file[second])


def _not_compared(site: Site, cases: list[UsedCase]) -> SiteNotCompared | None:
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


def _pair(found: Found) -> LeakagePair:
    one, other = sorted((found.first.shown, found.second.shown), key=lambda case: case.split == "test")
    return LeakagePair(
        kind=found.kind,
        bits=found.bits,
        is_serious=found.is_serious,
        cases=(one, other),
        message=f"{_in_words(one)} and {_in_words(other)} {_finding(found.kind, found.bits)}.",
        remedy=_remedy(found.kind, one, other),
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
        case "confirmed":
            return "are of one patient, as somebody confirmed"


def _remedy(kind: LeakageKind, one: LeakageCase, other: LeakageCase) -> str:
    if kind == "patient":
        return "Give both the same split in the data sets' cases.csv, and check the data sets again."
    if kind == "confirmed":
        return "Nothing joins splits of two sites: remove one of the two, or hold one of the sites out."
    action = "Remove one of the two from its folder, and check that data set again."
    if one.split == other.split and one.site_slug == other.site_slug:
        action = "They share a split, so no score is too good; remove one of the two if they are one image."
    look = "" if kind == "exact" else "Look at both first: likeness is a guess. "
    return look + action


def _order(found: Found) -> tuple[bool, int, int, str, str]:
    """Serious ones first; then exact ones before others, and the nearest first."""
    ids = sorted((found.first.shown.case_id, found.second.shown.case_id))
    return (not found.is_serious, _KIND_ORDER[found.kind], found.bits or 0, ids[0], ids[1])
