"""Cases that somebody confirmed to be one patient's: they get one pseudonym and one split, in all data sets of a site.

What a run was started on is fixed in its manifest, so no decision changes a run.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.datasets import NEAR_DUPLICATE_BITS
from backend.contracts.likeness import JoinedCases, joined_split
from backend.contracts.metrics import Split
from backend.db.models import Case, Dataset, PairDecision


def joined_cases(session: Session, dataset: Dataset) -> tuple[JoinedCases, ...]:
    """What the next check of the data set must keep together."""
    found = []
    for group in _groups(session, dataset.site_id):
        here = tuple(sorted(case.name for case in group if case.dataset_id == dataset.id))
        elsewhere = {split for case in group if case.dataset_id != dataset.id and (split := _split(case))}
        if here:
            found.append(JoinedCases(names=here, elsewhere=tuple(sorted(elsewhere))))
    return tuple(sorted(found, key=lambda group: group.names))


def join_site(session: Session, site_id: str) -> set[str]:
    """Gives the cases of each confirmed patient one pseudonym and one split. Answers the ids of the data sets in which
    a case changed its split; their fingerprints and statistics are no longer right."""
    changed: set[str] = set()
    for group in _groups(session, site_id):
        split = joined_split(case_split for case in group if (case_split := _split(case)))
        patient = _pseudonym(group)
        for case in group:
            case.patient = patient
            if case.split != split:
                case.split = split
                changed.add(case.dataset_id)
    session.flush()
    return changed


def _groups(session: Session, site_id: str) -> list[list[Case]]:
    """Used cases of one site that confirmed pairs link, with all other cases of the patients that they join, and with
    near duplicates that share a split already."""
    query = select(PairDecision.first_sha256, PairDecision.second_sha256).where(
        PairDecision.first_site_id == site_id,
        PairDecision.second_site_id == site_id,
        PairDecision.decision == "same_patient",
    )
    links = session.execute(query).all()
    if not links:
        return []
    datasets = session.scalars(select(Dataset).where(Dataset.site_id == site_id)).all()
    ids = [dataset.id for dataset in datasets]
    cases = session.scalars(select(Case).where(Case.dataset_id.in_(ids), Case.used).order_by(Case.name, Case.id)).all()
    by_file: defaultdict[str | None, list[Case]] = defaultdict(list)
    by_patient: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_file[case.image_sha256].append(case)
        if case.patient is not None:
            by_patient[case.patient].append(case)
    union = _Union(case.id for case in cases)
    linked: set[str] = set()
    for first, second in links:
        if by_file[first] and by_file[second]:
            linked |= union.join(case.id for case in (*by_file[first], *by_file[second]))
    for same in by_patient.values():
        union.join(case.id for case in same)
    by_name = {(case.dataset_id, case.name): case for case in cases}
    for dataset in datasets:
        for pair in dataset.alike.pairs if dataset.alike else ():
            ends = [by_name.get((dataset.id, name)) for name in (pair.first, pair.second)]
            near = [end for end in ends if end is not None and pair.bits <= NEAR_DUPLICATE_BITS]
            if len(near) == len(ends) and near[0].split == near[1].split:
                union.join(case.id for case in near)
    groups: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[union.root(case.id)].append(case)
    roots = {union.root(case_id) for case_id in linked}
    return [group for root, group in groups.items() if root in roots]


class _Union:
    """Which keys belong together (union-find)."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._parent = {key: key for key in keys}

    def root(self, key: str) -> str:
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key

    def join(self, keys: Iterable[str]) -> set[str]:
        joined = set(keys)
        roots = sorted({self.root(key) for key in joined})
        for root in roots[1:]:
            self._parent[root] = roots[0]
        return joined


def _split(case: Case) -> Split | None:
    return cast(Split | None, case.split)


def _pseudonym(group: list[Case]) -> str:
    """The first of those that the cases have; where none has one, of the files, so that it stays the same."""
    known = sorted({case.patient for case in group if case.patient is not None})
    if known:
        return known[0]
    files = sorted(str(case.image_sha256) for case in group)
    return hashlib.blake2b("\n".join(files).encode(), digest_size=8).hexdigest()
