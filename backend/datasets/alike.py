"""Pairs of cases that are possibly one patient's: what there is to decide, and what somebody decided.

Inside a data set the site's worker compares its cases at the check, and says up to which distance a pair is an outlier
(`worker.datasets.likeness`). Here data sets are compared with each other, by the smaller of their two limits, where
their sites let hashes leave.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import cast

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url
from backend.clock import now
from backend.contracts.datasets import NEAR_DUPLICATE_BITS, SitePolicy
from backend.contracts.likeness import Decision
from backend.contracts.metrics import Split
from backend.contracts.status import DatasetStatus
from backend.datasets.alike_schemas import AlikeCase, AlikeRecord, AlikeReport, Scope
from backend.db.lookup import get_row
from backend.db.models import Case, Dataset, PairDecision, Site
from backend.errors import InvalidInput
from backend.sites.service import active_sites, policy_of

#: Comparisons of two hashes for one answer: about a second.
MAX_COMPARISONS = 5_000_000
MAX_RECORDS = 200
_CHECKED = (DatasetStatus.READY, DatasetStatus.REVIEW)
#: (site id, SHA-256 of the image file) of both, in order.
Key = tuple[tuple[str, str], tuple[str, str]]


@dataclass(frozen=True)
class Member:
    """A used case, and where it is."""

    case: Case
    dataset: Dataset
    site: Site


@dataclass(frozen=True)
class Pair:
    first: Member
    second: Member
    bits: int

    @property
    def key(self) -> Key:
        return key_of(self.first, self.second)


def alike_report(session: Session, federation_id: str, dataset_id: str | None = None) -> AlikeReport:
    """The undecided pairs first, the nearest of them first; of one data set, or of the federation's."""
    members = _members(session, active_sites(session, federation_id))
    found, is_complete = _pairs(members, dataset_id)
    pairs = {pair.key: pair for pair in reversed(found)}.values()  # files in several data sets are asked about once
    decisions = _decisions(session, [site.id for site in active_sites(session, federation_id)])
    records = [_record(pair, decisions.get(pair.key)) for pair in pairs]
    records.sort(key=lambda record: (record.decision is not None, record.bits, record.cases[0].name))
    return AlikeReport(
        pairs=records[:MAX_RECORDS],
        num_pairs=len(records),
        num_undecided=sum(record.decision is None for record in records),
        is_complete=is_complete,
    )


def pair_of(session: Session, first_id: str, second_id: str) -> tuple[Member, Member]:
    """Raises InvalidInput unless they are two used cases of one federation."""
    first, second = (_member(session, case_id) for case_id in (first_id, second_id))
    if first.site.federation_id != second.site.federation_id or first.case.id == second.case.id:
        remedy = "give two different cases of one federation"
        raise InvalidInput.of_field("second_case_id", second_id, "is no case to compare with", remedy)
    for field, member in (("first_case_id", first), ("second_case_id", second)):
        if not member.case.used or member.case.image_sha256 is None:
            raise InvalidInput.of_field(field, member.case.name, "is a skipped case", "give a used one")
    return first, second


def store_decision(session: Session, pair: tuple[Member, Member], decision: Decision, actor: str) -> PairDecision:
    """Replaces an earlier one."""
    (first_site, first_sha256), (second_site, second_sha256) = key_of(*pair)
    query = select(PairDecision).where(
        PairDecision.first_site_id == first_site,
        PairDecision.first_sha256 == first_sha256,
        PairDecision.second_site_id == second_site,
        PairDecision.second_sha256 == second_sha256,
    )
    row = session.scalar(query)
    if row is None:
        row = PairDecision(
            first_site_id=first_site,
            first_sha256=first_sha256,
            second_site_id=second_site,
            second_sha256=second_sha256,
        )
        session.add(row)
    row.decision, row.decided_by, row.decided_at = decision, actor, now()
    session.flush()
    return row


def record_of(pair: tuple[Member, Member], row: PairDecision) -> AlikeRecord:
    return _record(Pair(*pair, bits=_bits(pair[0].case, pair[1].case)), row)


def key_of(first: Member, second: Member) -> Key:
    ends = sorted((member.site.id, str(member.case.image_sha256)) for member in (first, second))
    return ends[0], ends[1]


def _member(session: Session, case_id: str) -> Member:
    case = get_row(session, Case, case_id)
    dataset = session.get_one(Dataset, case.dataset_id)
    return Member(case, dataset, session.get_one(Site, dataset.site_id))


def _members(session: Session, sites: list[Site]) -> dict[str, list[Member]]:
    """By data set, in site order, then of registration."""
    by_id = {site.id: site for site in sites}
    query = (
        select(Case, Dataset)
        .join(Dataset, Dataset.id == Case.dataset_id)
        .where(Dataset.site_id.in_(by_id), Dataset.status.in_(_CHECKED), Case.used)
        .order_by(Dataset.created_at, Dataset.id, Case.name)
    )
    found: dict[str, list[Member]] = {}
    for case, dataset in session.execute(query):
        found.setdefault(dataset.id, []).append(Member(case, dataset, by_id[dataset.site_id]))
    return found


def _pairs(members: dict[str, list[Member]], dataset_id: str | None) -> tuple[list[Pair], bool]:
    """And whether every two data sets were compared."""
    pairs = [pair for group in members.values() if _is_asked(group, dataset_id) for pair in _inside(group)]
    left = MAX_COMPARISONS
    for one, other in combinations(members.values(), 2):
        if not (_is_asked(one, dataset_id) or _is_asked(other, dataset_id)):
            continue
        left -= len(one) * len(other)
        if left < 0:
            return pairs, False
        pairs += _between(one, other)
    return pairs, True


def _is_asked(group: list[Member], dataset_id: str | None) -> bool:
    return dataset_id is None or group[0].dataset.id == dataset_id


def _inside(group: list[Member]) -> Iterator[Pair]:
    """Near duplicates share a split already, and the check names them."""
    alike = group[0].dataset.alike
    by_name = {member.case.name: member for member in group}
    for pair in alike.pairs if alike else ():
        if pair.bits > NEAR_DUPLICATE_BITS and pair.first in by_name and pair.second in by_name:
            yield Pair(by_name[pair.first], by_name[pair.second], pair.bits)


def _between(one: list[Member], other: list[Member]) -> Iterator[Pair]:
    limits = [group[0].dataset.alike.limit_bits for group in (one, other) if group[0].dataset.alike]
    known = [limit for limit in limits if limit is not None]
    if not known or not all(_may_compare(policy_of(group[0].site)) for group in (one, other)):
        return
    most = max(min(known), NEAR_DUPLICATE_BITS)
    codes = [(int(member.case.perceptual_hash, 16), member) for member in other if member.case.perceptual_hash]
    for first in one:
        if not first.case.perceptual_hash:
            continue
        code = int(first.case.perceptual_hash, 16)
        for second_code, second in codes:
            if (code ^ second_code).bit_count() <= most and _may_be_news(first, second):
                yield Pair(first, second, (code ^ second_code).bit_count())


def _may_compare(policy: SitePolicy) -> bool:
    return policy.may_send_hashes


def _may_be_news(first: Member, second: Member) -> bool:
    """Equal pixels are named as leakage. What was decided is shown with its decision, though it is one patient now."""
    return first.case.pixel_sha256 != second.case.pixel_sha256


def _decisions(session: Session, site_ids: list[str]) -> dict[Key, PairDecision]:
    query = select(PairDecision).where(
        or_(PairDecision.first_site_id.in_(site_ids), PairDecision.second_site_id.in_(site_ids))
    )
    return {
        ((row.first_site_id, row.first_sha256), (row.second_site_id, row.second_sha256)): row
        for row in session.scalars(query)
    }


def _record(pair: Pair, row: PairDecision | None) -> AlikeRecord:
    decided_at: datetime | None = row.decided_at if row else None
    return AlikeRecord(
        cases=(_shown(pair.first), _shown(pair.second)),
        bits=pair.bits,
        scope=_scope(pair),
        decision=cast(Decision, row.decision) if row else None,
        decided_by=row.decided_by if row else None,
        decided_at=decided_at,
    )


def _scope(pair: Pair) -> Scope:
    if pair.first.site.id != pair.second.site.id:
        return "sites"
    return "data_set" if pair.first.dataset.id == pair.second.dataset.id else "site"


def _shown(member: Member) -> AlikeCase:
    shown = policy_of(member.site).may_send_thumbnails
    return AlikeCase(
        case_id=member.case.id,
        name=member.case.name,
        split=cast(Split, member.case.split),
        site_slug=member.site.slug,
        site_name=member.site.name,
        dataset_id=member.dataset.id,
        dataset_name=member.dataset.name,
        thumbnail_url=artifact_url(member.case.thumbnail) if shown else None,
    )


def _bits(first: Case, second: Case) -> int:
    """256 where a hash is not known here."""
    if not first.perceptual_hash or not second.perceptual_hash:
        return 256
    return (int(first.perceptual_hash, 16) ^ int(second.perceptual_hash, 16)).bit_count()
