"""Which cases are the same image, nearly the same, or of one patient: found without ever holding all pairs.

An image that is there a thousand times makes half a million pairs, and says no more than the first of them. So each
kind of pair is looked for until `MAX_FOUND` are found, those that reach into the test first.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product

from backend.contracts.datasets import NEAR_DUPLICATE_BITS
from backend.contracts.metrics import Split
from backend.datasets.leakage.hashes import near_pairs
from backend.datasets.leakage.schemas import LeakageCase, LeakageKind

#: Pairs of one kind that are looked for; a report shows fewer.
MAX_FOUND = 2000


@dataclass(frozen=True)
class UsedCase:
    """A used case. Its hashes are None where they may not be compared. patient: the key's name and the pseudonym. file:
    site id and SHA-256 of the image, by which decisions know it."""

    shown: LeakageCase
    patient: tuple[str | None, str] | None
    file: tuple[str, str]
    pixel_sha256: str | None
    perceptual_hash: str | None


@dataclass(frozen=True)
class Found:
    kind: LeakageKind
    bits: int | None
    first: UsedCase
    second: UsedCase

    @property
    def is_serious(self) -> bool:
        splits = {self.first.shown.split, self.second.shown.split}
        return "test" in splits and len(splits) > 1


def find_pairs(cases: list[UsedCase]) -> tuple[list[Found], bool]:
    """The pairs found, and whether there are no others."""
    near, all_near = _near(cases)
    kinds = [_exact(cases), near, _of_patients(cases)]
    found = [list(islice(pairs, MAX_FOUND + 1)) for pairs in kinds]
    is_complete = all_near and all(len(pairs) <= MAX_FOUND for pairs in found)
    return [pair for pairs in found for pair in pairs[:MAX_FOUND]], is_complete


def _exact(cases: list[UsedCase]) -> Iterator[Found]:
    groups: defaultdict[str, list[UsedCase]] = defaultdict(list)
    for case in cases:
        if case.pixel_sha256 is not None:
            groups[case.pixel_sha256].append(case)
    for serious in (True, False):
        for group in groups.values():
            for first, second in _within(group, serious):
                yield Found("exact", None, first, second)


def _near(cases: list[UsedCase]) -> tuple[Iterator[Found], bool]:
    """Equal hashes are compared once. The second answer: whether no two hashes were left out."""
    groups: defaultdict[str, list[UsedCase]] = defaultdict(list)
    for case in cases:
        if case.perceptual_hash is not None:
            groups[case.perceptual_hash].append(case)
    near = near_pairs({code: code for code in groups}, NEAR_DUPLICATE_BITS, MAX_FOUND)

    def pairs() -> Iterator[Found]:
        for serious in (True, False):
            for group in groups.values():
                for first, second in _within(group, serious):
                    if first.pixel_sha256 != second.pixel_sha256:
                        yield Found("near", 0, first, second)
            for (one, other), bits in near.items():
                for first, second in _between(groups[one], groups[other], serious):
                    yield Found("near", bits, first, second)

    return pairs(), len(near) < MAX_FOUND


def _within(group: list[UsedCase], serious: bool) -> Iterable[tuple[UsedCase, UsedCase]]:
    tested, others = _by_use(group)
    if serious:
        return product(others, tested)
    return (pair for part in (tested, others) for pair in combinations(part, 2))


def _between(one: list[UsedCase], other: list[UsedCase], serious: bool) -> Iterator[tuple[UsedCase, UsedCase]]:
    (one_tested, one_else), (other_tested, other_else) = _by_use(one), _by_use(other)
    if serious:
        yield from product(one_tested, other_else)
        yield from product(one_else, other_tested)
    else:
        yield from product(one_tested, other_tested)
        yield from product(one_else, other_else)


def _by_use(group: list[UsedCase]) -> tuple[list[UsedCase], list[UsedCase]]:
    """The tested ones, and those that train or validate."""
    tested = [case for case in group if case.shown.split == "test"]
    return tested, [case for case in group if case.shown.split != "test"]


def _of_patients(cases: list[UsedCase]) -> Iterator[Found]:
    """For each patient with cases in several splits of one site, one pair, with a tested case where there is one.
    Pseudonyms of one key are equal in all data sets of a site, and mean nothing elsewhere."""
    by_patient: defaultdict[tuple[str, tuple[str | None, str]], dict[Split, UsedCase]] = defaultdict(dict)
    for case in cases:
        if case.patient is not None:
            by_patient[case.shown.site_slug, case.patient].setdefault(case.shown.split, case)
    found = []
    for by_split in by_patient.values():
        present = [by_split[split] for split in ("test", "train", "val") if split in by_split]
        if len(present) > 1:
            found.append(Found("patient", None, present[0], present[1]))
    yield from sorted(found, key=lambda pair: not pair.is_serious)
