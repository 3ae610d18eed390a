"""Several contours of one structure on one slice: repeats, holes, islands, crossings, and the exclusive kind."""

import numpy as np
import pytest

from worker.datasets.readers import contours
from worker.datasets.readers.contours import combined

SHAPE = (40, 50)


def _square(first: float, second: float, height: float, width: float) -> np.ndarray:
    return np.array(
        [(first, second), (first, second + width), (first + height, second + width), (first + height, second)]
    )


def _block(first: int, second: int, height: int, width: int) -> np.ndarray:
    plane = np.zeros(SHAPE, bool)
    plane[first : first + height, second : second + width] = True
    return plane


OUTER, OUTER_BLOCK = _square(4.5, 5.5, 30, 40), _block(5, 6, 30, 40)
HOLE, HOLE_BLOCK = _square(9.5, 10.5, 20, 30), _block(10, 11, 20, 30)
ISLAND, ISLAND_BLOCK = _square(14.5, 20.5, 6, 8), _block(15, 21, 6, 8)
ASIDE, ASIDE_BLOCK = _square(35.5, 0.5, 3, 4), _block(36, 1, 3, 4)


def _closed(*polygons: np.ndarray) -> np.ndarray:
    plane, crosses = combined(polygons, [], SHAPE)
    assert not crosses
    return plane


@pytest.mark.parametrize("times", [2, 3, 4])
def test_repeats_count_once(times: int) -> None:
    assert np.array_equal(_closed(*[OUTER] * times), OUTER_BLOCK)
    assert np.array_equal(_closed(*[OUTER, HOLE, ISLAND] * times), OUTER_BLOCK & ~HOLE_BLOCK | ISLAND_BLOCK)
    assert np.array_equal(_closed(*[OUTER] * times, HOLE), OUTER_BLOCK & ~HOLE_BLOCK)
    assert np.array_equal(_closed(OUTER, *[HOLE] * times), OUTER_BLOCK & ~HOLE_BLOCK)


def test_a_repeat_may_start_elsewhere_turn_round_or_be_rounded() -> None:
    turned = np.roll(OUTER, 2, axis=0)
    closed = np.vstack([OUTER, OUTER[:1]])
    for again in (turned, turned[::-1], closed, OUTER + 0.01, OUTER - 0.3, np.round(OUTER * 2) / 2):
        assert np.array_equal(_closed(OUTER, again), _closed(max(OUTER, again, key=lambda one: np.ptp(one))))
        assert _closed(OUTER, again).sum() >= OUTER_BLOCK.sum()


def test_holes_islands_and_parts() -> None:
    for order in ([OUTER, HOLE, ISLAND, ASIDE], [ISLAND, ASIDE, HOLE, OUTER]):
        assert np.array_equal(_closed(*order), (OUTER_BLOCK & ~HOLE_BLOCK) | ISLAND_BLOCK | ASIDE_BLOCK)


def test_a_hole_at_the_border_is_a_hole_also_where_rounding_puts_it_outside() -> None:
    touching = _square(4.5, 10.5, 10, 10)
    assert np.array_equal(_closed(OUTER, touching), OUTER_BLOCK & ~_block(5, 11, 10, 10))
    outside = touching.copy()
    outside[:2, 0] -= 0.2
    assert np.array_equal(_closed(OUTER, outside), OUTER_BLOCK & ~_block(5, 11, 10, 10))


def test_contours_that_cross_are_united_and_told() -> None:
    bar, bar_block = _square(15.5, 30.5, 6, 19), _block(16, 31, 6, 19)
    small, small_block = _square(9.5, 10.5, 20, 25), _block(10, 11, 20, 25)
    plane, crosses = combined([small, bar], [], SHAPE)
    assert crosses
    assert np.array_equal(plane, small_block | bar_block)


def test_neighbours_do_not_cross() -> None:
    assert np.array_equal(_closed(_square(1, 1, 5, 5), _square(1, 6, 5, 5)), _closed(_square(1, 1, 5, 10)))


def test_the_exclusive_kind_is_an_odd_number_of_contours() -> None:
    crossing, crossing_block = _square(0.5, 30.5, 20, 19), _block(1, 31, 20, 19)
    plane, crosses = combined([], [OUTER, HOLE, crossing], SHAPE)
    assert not crosses
    assert np.array_equal(plane, OUTER_BLOCK ^ HOLE_BLOCK ^ crossing_block)
    assert not combined([], [OUTER, OUTER], SHAPE)[0].any()


def test_outlines_beyond_the_slice_are_cut() -> None:
    assert _closed(_square(-20, -20, 100, 100)).all()
    assert not _closed(_square(-20, -20, 10, 10)).any()
    assert np.array_equal(_closed(_square(-20.5, -20.5, 25, 30)), _block(0, 0, 5, 10))


def test_edges_are_drawn_in_parts_that_fit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    angles = np.linspace(0, 2 * np.pi, 101)[:-1]
    radii = np.where(np.arange(100) % 2, 5.3, 18.7)
    star = np.stack([20 + radii * np.sin(angles), 25 + radii * np.cos(angles)], axis=1)
    at_once = contours.inside_odd([star], SHAPE)
    monkeypatch.setattr(contours, "_MAX_CROSSINGS", 10)
    assert at_once.any()
    assert np.array_equal(contours.inside_odd([star], SHAPE), at_once)
