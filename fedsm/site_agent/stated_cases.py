"""The sets of test cases over which means left this site, so that no two tests together tell of a few cases.

A test over n cases and one over the same and one more give that case's score by subtraction; so can three tests. Means
over a set leave only if no sum and difference of it and the sets before, however weighted, is over fewer cases than the
policy's minimum. The same set may be tested again.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf
from pathlib import Path

from backend.contracts.datasets import DatasetManifest
from fedsm.site_agent.operations import Refused
from fedsm.site_agent.site_home import write_private

Cases = frozenset[str]
_DIGITS = 32
#: What a task that was claimed longer ago said of its cases is let go: nobody reports it any more.
_KEPT_SECONDS = 30 * 86400.0
#: Of groups of few cases, and of choices of them, that are looked at. Where there are more, the set counts as one that
#: tells of a few.
_MAX_SMALL, _MAX_CHOICES = 200, 500
#: Ranks are found modulo this prime; the determinants of sets of cases are far below it.
_PRIME = 2**61 - 1


@dataclass(frozen=True)
class StatedCases:
    """In a folder that only this user reads. A case is its files' hashes: ids at the hub change, and so may a mask."""

    folder: Path

    def claimed(self, task_id: str, data: Sequence[DatasetManifest]) -> None:
        """Keeps what the task's case ids stand for, until its result comes."""
        self.folder.mkdir(exist_ok=True, mode=0o700)
        for path in self.folder.glob("task-*.json"):
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink(missing_ok=True)
        keys = {case.case_id: _key(case.image_sha256, case.mask_sha256) for one in data for case in one.cases}
        write_private(self._task_file(task_id), json.dumps(keys))

    def over(self, task_id: str) -> None:
        """The hub has the task's result."""
        self._task_file(task_id).unlink(missing_ok=True)

    def may_state(self, task_id: str, case_ids: Iterable[str], minimum: int) -> bool:
        """Whether means over these cases may leave; from then on they are known to have left.

        Raises Refused where the record of earlier tests is damaged."""
        try:
            keys: dict[str, str] = json.loads(self._task_file(task_id).read_text())
        except FileNotFoundError:
            return False
        ids = set(case_ids)
        if not ids <= keys.keys():
            return False
        cases, known = _numbered(keys[case_id] for case_id in ids), self._known()
        if cases in known:
            return True
        if tells_of_fewer(known, cases, minimum):
            return False
        write_private(self._known_file, json.dumps([sorted(stated) for stated in (*known, cases)]))
        return True

    @property
    def _known_file(self) -> Path:
        return self.folder / "sets.json"

    def _task_file(self, task_id: str) -> Path:
        return self.folder / f"task-{task_id}.json"

    def _known(self) -> list[Cases]:
        try:
            return [frozenset(stated) for stated in json.loads(self._known_file.read_text())]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            raise Refused(
                f"{self._known_file} is damaged: it says over which test cases means left. Restore it from a backup"
            ) from None


def tells_of_fewer(known: Sequence[Cases], cases: Cases, minimum: int) -> bool:
    """Whether the mean over `cases`, with those over the known sets, gives a weighted sum over fewer than the minimum.

    Cases that are in the same sets always have the same weight, so that they count as one group. A group, or a few, can
    be singled out if the vectors of the sets over the other groups are of lower rank than over all. What the known sets
    tell without the new one was known before.
    """
    groups = Counter(tuple(case in stated for stated in (*known, cases)) for case in cases.union(*known))
    columns, sizes = list(groups), list(groups.values())
    small = [index for index, size in enumerate(sizes) if size < minimum]
    if len(small) > _MAX_SMALL:
        return True
    fews = list(islice(_together_fewer(small, sizes, minimum - 1), _MAX_CHOICES + 1))
    if len(fews) > _MAX_CHOICES:
        return True
    for few in fews:
        others = [column for index, column in enumerate(columns) if index not in few]
        if _singled_out(columns, others) > _singled_out([c[:-1] for c in columns], [c[:-1] for c in others]):
            return True
    return False


def _together_fewer(
    rest: Sequence[int], sizes: Sequence[int], room: float, few: tuple[int, ...] = (), left_out: float = inf
) -> Iterator[frozenset[int]]:
    """Every choice of groups for whose cases there is room, and for no group more. rest: groups to choose from yet;
    left_out: the size of the smallest that was not chosen."""
    if room - sum(sizes[index] for index in rest) >= left_out:
        return
    if not rest:
        yield frozenset(few)
        return
    first, *others = rest
    if sizes[first] <= room:
        yield from _together_fewer(others, sizes, room - sizes[first], (*few, first), left_out)
    yield from _together_fewer(others, sizes, room, few, min(left_out, sizes[first]))


def _singled_out(columns: Sequence[tuple[bool, ...]], others: Sequence[tuple[bool, ...]]) -> int:
    """How many independent sums are over none of the other groups."""
    return _rank(columns) - _rank(others)


def _rank(vectors: Sequence[tuple[bool, ...]]) -> int:
    """Of a matrix of 0 and 1, by elimination."""
    rows = [[int(value) for value in vector] for vector in vectors]
    rank = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((index for index in range(rank, len(rows)) if rows[index][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        inverse = pow(rows[rank][column], -1, _PRIME)
        for index in range(rank + 1, len(rows)):
            if factor := rows[index][column] * inverse % _PRIME:
                rows[index] = [(a - factor * b) % _PRIME for a, b in zip(rows[index], rows[rank], strict=True)]
        rank += 1
    return rank


def _key(image_sha256: str, mask_sha256: str) -> str:
    return hashlib.sha256(f"{image_sha256}:{mask_sha256}".encode()).hexdigest()[:_DIGITS]


def _numbered(keys: Iterable[str]) -> Cases:
    """A case that is there twice counts twice in a mean: it is another set than with the case once."""
    seen: Counter[str] = Counter()
    found = set()
    for key in keys:
        seen[key] += 1
        found.add(f"{key}:{seen[key]}")
    return frozenset(found)
