"""Pairs that are possibly of one patient: far more alike than cases of a data set are by chance.

The same eye photographed by two cameras and cropped differently is no near duplicate, because 50 to 60 of 256 bits
differ. But how far unrelated cases are apart depends on the data set: the nearest pair of different patients differs in
40 bits in one and in 70 in another. So the limit is the data set's own. Each case's distance to its nearest case of
another patient is taken; a distance more than `DEVIATIONS` robust standard deviations (1.4826 median absolute
deviations) below the median of these is an outlier (Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993,
who take 3.5).

`benchmarks/likeness.py` measures it, with CHASE_DB1, HRF and FIVES: of their 758 pairs none is found but a near
duplicate, which is one eye; of 31,200 pairs of 40 synthetic fundus data sets of 40 cases four are found, which are
false. Random halves of these, of 20 cases each, hold 101 false pairs, in 87 of 2,400 halves, so a data set of few cases
shows one in about thirty times. Of synthetic photographs taken again (cropped by up to 12 %, blurred, with other
colours, exposure and vignette) 28 % are found, from 22 % to 38 % by site; a pair that is not found may still be of one
patient.

A data set of fewer cases does not show what is usual. Of eight and more a pair is shown that lies `MIN_GAP` bits below
the next nearest pair. Of 240 random parts of eight synthetic data sets, with 8, 10, 13, 16 and 19 cases, 5, 8, 0, 0 and
0 hold such a pair, which is false; with six cases 16 do.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from backend.contracts.datasets import NEAR_DUPLICATE_BITS
from backend.contracts.likeness import MAX_ALIKE, Alike, AlikePair

#: Minimum number of cases, because fewer do not show how far unrelated ones are apart.
MIN_CASES = 20
#: Minimum number of cases of which a single pair may stand out.
MIN_FEW_CASES = 8
#: In bits, from the nearest pair of few cases to the next.
MIN_GAP = 20
DEVIATIONS = 3.5
#: In bits. Where all nearest distances are equal by chance, one bit less is no outlier.
MIN_DEVIATION = 4.0


def alike_cases(hashes: Mapping[str, str], patients: Mapping[str, str | None]) -> Alike:
    """The pairs among cases by name. Cases of one known patient are no finding. It takes 1 s for 5000 hashes."""
    names = sorted(hashes)
    if len(names) < 2:
        return Alike()
    codes = np.array([np.frombuffer(bytes.fromhex(hashes[name]), dtype=np.uint64) for name in names])
    groups = _numbers([patients.get(name) for name in names])
    limit = _limit(codes, groups)
    most = max(_limit_of_few(codes, groups) if limit is None else limit, NEAR_DUPLICATE_BITS)
    found: list[AlikePair] = []
    for index in range(len(names) - 1):
        distances = _distances(codes, index)[index + 1 :]
        near = np.flatnonzero((distances <= most) & (groups[index + 1 :] != groups[index]))
        found += [
            AlikePair(first=names[index], second=names[index + 1 + int(other)], bits=int(distances[other]))
            for other in near
        ]
    found.sort(key=lambda pair: (pair.bits, pair.first, pair.second))
    return Alike(pairs=tuple(found[:MAX_ALIKE]), limit_bits=limit)


def _limit(codes: NDArray[np.uint64], groups: NDArray[np.int64]) -> int | None:
    nearest = []
    for index in range(len(codes)):
        unrelated = _distances(codes, index)[groups != groups[index]]
        if unrelated.size:
            nearest.append(int(unrelated.min()))
    if len(nearest) < MIN_CASES:
        return None
    median = float(np.median(nearest))
    deviation = max(1.4826 * float(np.median(np.abs(np.array(nearest) - median))), MIN_DEVIATION)
    return max(int(median - DEVIATIONS * deviation), 0)


def _limit_of_few(codes: NDArray[np.uint64], groups: NDArray[np.int64]) -> int:
    """In bits: so far below the next nearest pair that the nearest stands out alone; 0 where too few are known."""
    if not MIN_FEW_CASES <= len(codes) < MIN_CASES:
        return 0
    bits: list[int] = []
    for index in range(len(codes) - 1):
        distances = _distances(codes, index)[index + 1 :]
        bits += distances[(groups[index + 1 :] != groups[index]) & (distances > NEAR_DUPLICATE_BITS)].tolist()
    return max(sorted(bits)[1] - MIN_GAP, 0) if len(bits) > 1 else 0


def _distances(codes: NDArray[np.uint64], index: int) -> NDArray[np.int64]:
    distances: NDArray[np.int64] = np.bitwise_count(codes ^ codes[index]).sum(axis=1, dtype=np.int64)
    return distances


def _numbers(patients: list[str | None]) -> NDArray[np.int64]:
    """Equal numbers for cases of one patient; a case without a known one has a number of its own."""
    numbers: dict[object, int] = {}
    keys = [("case", position) if patient is None else patient for position, patient in enumerate(patients)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
