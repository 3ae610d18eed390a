"""Which pairs are possibly one patient's: outliers of the distances of a data set, on numbers worked by hand.

The first 128 bits of a case's hash are a row of a Hadamard matrix, of which any two differ in 64 bits; the last 128
are for each test to add to these distances.
"""

import pytest
from scipy.linalg import hadamard

from backend.contracts.likeness import MAX_ALIKE, Alike, AlikePair
from worker.datasets.likeness import alike_cases

ROWS = ["".join("1" if value > 0 else "0" for value in row) for row in hadamard(128)]
NAMES = [f"{number:02d}" for number in range(20)]
#: Any two cases differ in 64 bits: no deviation but the smallest that counts, 4, so the limit is 64 - 3.5 * 4 = 50.
EVEN_LIMIT = 50


def hash_of(row: int, start: int = 0, num_bits: int = 0) -> str:
    """The row's, with bits set from `start` of the last 128 on."""
    tail = ("0" * start + "1" * num_bits).ljust(128, "0")
    return f"{int(ROWS[row] + tail, 2):064x}"


def even(count: int = len(NAMES)) -> dict[str, str]:
    return {name: hash_of(row) for row, name in enumerate(NAMES[:count])}


def near(bits: int) -> dict[str, str]:
    """A case that differs from 00 in so many bits, and in 64 more from all others."""
    return {"like 00": hash_of(0, num_bits=bits)}


def test_where_all_are_equally_far_apart_nothing_is_found() -> None:
    assert alike_cases(even(), {}) == Alike(limit_bits=EVEN_LIMIT)


@pytest.mark.parametrize(("bits", "found"), [(50, True), (51, False), (30, True)])
def test_a_pair_below_the_limit_is_found(bits: int, found: bool) -> None:
    alike = alike_cases(even() | near(bits), {})
    assert alike.limit_bits == EVEN_LIMIT
    assert alike.pairs == ((AlikePair(first="00", second="like 00", bits=bits),) if found else ())


def test_the_limit_follows_how_far_cases_of_the_data_set_are_spread() -> None:
    """With bits of their own, of numbers 0 (2 cases), 2, 6 and 10 (6 each), the nearest of each is one without any:
    64 (2), 66, 70, 74 (6 each) bits away. Median 70; deviations from it 6 (2), 4, 0, 4 (6 each), whose median is 4:
    70 - 3.5 * 1.4826 * 4 = 49.2."""
    hashes, start = {}, 0
    for row, (name, bits) in enumerate(zip(NAMES, [0] * 2 + [2] * 6 + [6] * 6 + [10] * 6, strict=True)):
        hashes[name] = hash_of(row, start, bits)
        start += bits
    assert alike_cases(hashes, {}) == Alike(limit_bits=49)


def test_cases_of_a_known_patient_are_no_finding_and_do_not_count_as_nearest() -> None:
    """All 20 have such a twin: were these the nearest, 30 bits would be usual, and the limit 16."""
    twins = {f"{name} twin": hash_of(row, num_bits=30) for row, name in enumerate(NAMES)}
    patients = {name: name[:2] for name in (*NAMES, *twins)}
    assert alike_cases(even() | twins, patients) == Alike(limit_bits=EVEN_LIMIT)
    unknown = alike_cases(even() | twins, dict.fromkeys(patients, None))
    assert (unknown.pairs, unknown.limit_bits) == ((), 16)


def test_one_of_whom_the_patient_is_known_may_be_anothers() -> None:
    (pair,) = alike_cases(even() | near(40), {"00": "p"}).pairs
    assert (pair.first, pair.second) == ("00", "like 00")
    (pair,) = alike_cases(even() | near(40), {"00": "p", "like 00": "q"}).pairs
    assert pair.bits == 40


@pytest.mark.parametrize(
    ("count", "most", "limit"), [(6, 24, None), (7, 44, None), (18, 44, None), (19, 50, EVEN_LIMIT)]
)
def test_of_fewer_than_20_cases_a_pair_stands_out_by_its_distance_from_the_next(
    count: int, most: int, limit: int | None
) -> None:
    """The case that is like 00 is one more. 24 bits are a near duplicate anywhere; the next pair lies 64 apart."""
    for bits, found in ((most, True), (most + 1, False)):
        alike = alike_cases(even(count) | near(bits), {})
        assert (len(alike.pairs), alike.limit_bits) == (int(found), limit)


def test_of_few_cases_two_pairs_at_one_distance_do_not_stand_out() -> None:
    hashes = even(10) | near(40) | {"like 01": hash_of(1, 50, 40)}
    assert alike_cases(hashes, {}).pairs == ()


@pytest.mark.parametrize("count", [9, 15, 20])
def test_an_eye_53_bits_from_its_other_photograph_is_found_where_the_next_pair_is_76_apart(count: int) -> None:
    """As two cameras and another crop were measured: each case has six bits of its own, so two differ in 64 + 12."""
    hashes = {name: hash_of(row, 6 * row, 6) for row, name in enumerate(NAMES[:count])}
    again = f"{int(hashes['00'], 16) ^ (((1 << 53) - 1) << 60):064x}"
    (pair,) = alike_cases(hashes | {"00 again": again}, {}).pairs
    assert pair == AlikePair(first="00", second="00 again", bits=53)


def test_one_patients_cases_have_no_nearest_of_another() -> None:
    assert alike_cases(even(), dict.fromkeys(NAMES, "p")) == Alike()


def test_no_case_and_one_case_have_no_pair() -> None:
    assert alike_cases({}, {}) == alike_cases(even(1), {}) == Alike()


def test_the_nearest_come_first_and_one_picture_many_times_is_cut_off() -> None:
    """33 of one picture make 528 pairs."""
    many = {f"copy {number:02d}": hash_of(40) for number in range(33)}
    alike = alike_cases(even() | near(20) | many, {})
    assert len(alike.pairs) == MAX_ALIKE
    assert {pair.bits for pair in alike.pairs} == {0}
    few = alike_cases(even() | near(20) | {"like 01": hash_of(1, num_bits=10)}, {})
    assert [(pair.first, pair.bits) for pair in few.pairs] == [("01", 10), ("00", 20)]
