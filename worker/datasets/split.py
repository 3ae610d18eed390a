"""Which case trains, validates and tests: by patient, stratified, seeded, and never against what a data set gives.

The random order is that of SHA-256 of the seed and the names, so no version of a generator matters.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.contracts.datasets import SplitFractions
from backend.contracts.metrics import Split

SPLITS: tuple[Split, ...] = ("train", "val", "test")
#: Minimum number of groups in a stratum of foreground size; the splits could not share a smaller one.
MIN_STRATUM = 6
MAX_STRATA = 4


@dataclass(frozen=True)
class SplitCase:
    """shares: each structure's share of the image, 0 where it is absent. splits: those that are open for the case."""

    name: str
    patient: str | None
    shares: tuple[float, ...]
    splits: tuple[Split, ...] = SPLITS


@dataclass(frozen=True)
class SplitResult:
    """moved: cases that left the split which their data set gives, because their patient is also in another one."""

    splits: Mapping[str, Split]
    moved: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Group:
    """Cases that must share a split, in name order."""

    cases: tuple[SplitCase, ...]
    splits: tuple[Split, ...]

    @property
    def present(self) -> tuple[bool, ...]:
        return tuple(any(case.shares[i] > 0 for case in self.cases) for i in range(len(self.cases[0].shares)))

    @property
    def foreground(self) -> float:
        return sum(sum(case.shares) for case in self.cases) / len(self.cases)


def require_fractions(fractions: SplitFractions) -> None:
    """Raises ValueError where train and val leave nothing for test."""
    if fractions.train + fractions.val >= 1:
        raise ValueError(
            f"fractions.train {fractions.train} + fractions.val {fractions.val} must be less than 1: "
            "lower one of them, the rest is test"
        )


def split_cases(
    cases: Sequence[SplitCase], near_duplicates: Iterable[tuple[str, str]], fractions: SplitFractions, seed: int
) -> SplitResult:
    """The split of each case. Cases of one patient, and near duplicates, share theirs.

    Among the groups that are open for several splits, each combination of structures and each quarter of foreground
    size is shared out in proportion; each split gets at least one group where there are three or more. A patient whose
    cases are given to different splits goes to test if one of them is there, else to val. Near duplicates that are
    given to different splits stay there, because likeness is a guess.
    """
    require_fractions(fractions)
    groups = [_group(members) for members in _joined(cases, near_duplicates)]
    pools: defaultdict[tuple[Split, ...], list[_Group]] = defaultdict(list)
    for group in groups:
        pools[group.splits].append(group)
    result: dict[str, Split] = {}
    for splits, pool in sorted(pools.items()):
        result |= _shared_out(pool, splits, fractions, seed)
    moved = tuple(case.name for case in cases if result[case.name] not in case.splits)
    return SplitResult({case.name: result[case.name] for case in cases}, moved)


def split_counts(num_cases: int, fractions: SplitFractions) -> tuple[int, int, int]:
    """The numbers of cases of train, val and test: rounded, and at least one each where there are three or more
    cases."""
    if num_cases < 3:
        return (min(num_cases, 1), 0, max(num_cases - 1, 0))
    num_train = max(1, int(num_cases * fractions.train + 0.5))
    num_val = max(1, int(num_cases * fractions.val + 0.5))
    num_train = min(num_train, num_cases - 2)
    num_val = min(num_val, num_cases - num_train - 1)
    return (num_train, num_val, num_cases - num_train - num_val)


def _joined(cases: Sequence[SplitCase], near_duplicates: Iterable[tuple[str, str]]) -> list[list[SplitCase]]:
    """The cases by patient, and then groups that near duplicates link, where a split is open for both."""
    group_of: dict[str, list[SplitCase]] = {}
    by_patient: dict[str, list[SplitCase]] = {}
    for case in sorted(cases, key=lambda case: case.name):
        members = [] if case.patient is None else by_patient.setdefault(case.patient, [])
        members.append(case)
        group_of[case.name] = members
    for first, second in sorted(near_duplicates):
        left, right = group_of[first], group_of[second]
        if left is right or not _open_for_all([*left, *right]):
            continue
        left.extend(right)
        for case in right:
            group_of[case.name] = left
    unique = {id(members): members for members in group_of.values()}
    return [sorted(members, key=lambda case: case.name) for members in unique.values()]


def _group(members: list[SplitCase]) -> _Group:
    splits = _open_for_all(members)
    if not splits:
        wanted = {split for case in members for split in case.splits}
        splits = (next(split for split in ("test", "val", "train") if split in wanted),)
    return _Group(tuple(members), splits)


def _open_for_all(members: Iterable[SplitCase]) -> tuple[Split, ...]:
    return tuple(split for split in SPLITS if all(split in case.splits for case in members))


def _shared_out(
    pool: list[_Group], splits: tuple[Split, ...], fractions: SplitFractions, seed: int
) -> dict[str, Split]:
    if len(splits) == 1:
        return {case.name: splits[0] for group in pool for case in group.cases}
    num_cases = sum(len(group.cases) for group in pool)
    targets = _targets(num_cases, splits, fractions)
    chosen: list[tuple[_Group, Split]] = []
    counts: Counter[Split] = Counter()
    for group in _in_strata(pool, seed):
        seen = sum(counts.values()) + len(group.cases)
        split = _most_behind(targets, counts, seen / num_cases, len(group.cases))
        counts[split] += len(group.cases)
        chosen.append((group, split))
    chosen = _none_empty(chosen, [split for split in splits if targets[split] > 0])
    return {case.name: split for group, split in chosen for case in group.cases}


def _targets(num_cases: int, splits: tuple[Split, ...], fractions: SplitFractions) -> dict[Split, int]:
    """The number of cases of each split that is open; with two splits open, in proportion to their fractions."""
    if len(splits) == len(SPLITS):
        return dict(zip(SPLITS, split_counts(num_cases, fractions), strict=True))
    shares: dict[Split, float] = {
        "train": fractions.train,
        "val": fractions.val,
        "test": 1 - fractions.train - fractions.val,
    }
    first, second = splits
    in_second = int(num_cases * shares[second] / (shares[first] + shares[second]) + 0.5)
    in_second = min(max(in_second, 1), num_cases - 1) if num_cases > 1 else 0
    return {first: num_cases - in_second, second: in_second}


def _most_behind(targets: Mapping[Split, int], counts: Counter[Split], progress: float, num_cases: int) -> Split:
    """The split that is farthest behind its share of what was dealt, among those with room for the group, else among
    all."""
    with_room = [split for split, target in targets.items() if counts[split] + num_cases <= target]
    candidates = with_room or list(targets)
    return max(candidates, key=lambda split: targets[split] * progress - counts[split])


def _none_empty(chosen: list[tuple[_Group, Split]], splits: list[Split]) -> list[tuple[_Group, Split]]:
    """Gives a split that large patients left empty the smallest group of the split with most groups."""
    if len(chosen) < len(splits):
        return chosen
    for empty in [split for split in splits if split not in {taken for _, taken in chosen}]:
        richest = Counter(split for _, split in chosen).most_common(1)[0][0]
        index = min(
            (index for index, (_, split) in enumerate(chosen) if split == richest),
            key=lambda index: (len(chosen[index][0].cases), index),
        )
        chosen[index] = (chosen[index][0], empty)
    return chosen


def _in_strata(pool: list[_Group], seed: int) -> list[_Group]:
    """The groups, stratum after stratum; inside one, in the order that the seed draws."""
    by_presence: defaultdict[tuple[bool, ...], list[_Group]] = defaultdict(list)
    for group in pool:
        by_presence[group.present].append(group)
    ordered: list[_Group] = []
    for _, groups in sorted(by_presence.items()):
        groups.sort(key=lambda group: (group.foreground, group.cases[0].name))
        num_strata = max(1, min(MAX_STRATA, len(groups) // MIN_STRATUM))
        for stratum in range(num_strata):
            bounds = (stratum * len(groups) // num_strata, (stratum + 1) * len(groups) // num_strata)
            ordered += sorted(groups[slice(*bounds)], key=lambda group: _drawn(group, seed))
    return ordered


def _drawn(group: _Group, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{group.cases[0].name}".encode()).digest()
