"""From the closed contours of one structure on one slice to its pixels.

DICOM PS3.3 C.8.8.6.3 says what CLOSEDPLANAR_XOR means: an odd number of contours around a pixel. For CLOSED_PLANAR it
leaves open what several contours in one plane are, so they are read as they are drawn: one within another is a hole in
it, a third within the hole is an island, the same contour twice is one, and those that cross are united.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.model import Plane

Polygon = NDArray[np.float64]  # [N, 2] in pixels
#: In pixels. Outlines whose extents differ by less than this on every side, and whose areas nearly agree, are one
#: outline written twice, because a wall between them would be thinner than any pixel.
_SAME_EXTENT = 0.5
_SAME_AREA = 0.9
#: The share of a contour's pixels that may lie outside of the one around it, by rounding, while it is still a hole.
_ROUNDING_SHARE = 0.02
#: Maximum crossings of edges and lines in memory at once, 100 MB.
_MAX_CROSSINGS = 2_000_000


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A contour as drawn. inside: of the pixels from corner on. extent: minimum and maximum of both axes. area: in
    pixels, exact."""

    inside: Plane
    corner: tuple[int, int]
    extent: NDArray[np.float64]
    area: float

    @property
    def part(self) -> tuple[slice, slice]:
        (first, second), (height, width) = self.corner, self.inside.shape
        return slice(first, first + height), slice(second, second + width)


def combined(closed: Sequence[Polygon], exclusive: Sequence[Polygon], shape: tuple[int, int]) -> tuple[Plane, bool]:
    """bool of the given shape, and whether contours cross. closed: the CLOSED_PLANAR ones; exclusive: the
    CLOSEDPLANAR_XOR ones."""
    plane: Plane = inside_odd(exclusive, shape) if exclusive else np.zeros(shape, np.bool_)
    drawn, crosses = _nested([_draw(polygon, shape) for polygon in closed], shape)
    return plane | drawn, crosses


def _nested(contours: Iterable[_Drawn], shape: tuple[int, int]) -> tuple[Plane, bool]:
    """The union, from the largest to the smallest: each adds what it encloses, or takes it away within what is
    there."""
    plane = np.zeros(shape, np.bool_)
    crosses = False
    done: list[_Drawn] = []
    for contour in sorted(contours, key=lambda contour: -contour.area):
        if not contour.inside.any() or _is_repeat(contour, done):
            continue
        done.append(contour)
        there = plane[contour.part]
        outside, within = contour.inside & ~there, contour.inside & there
        num_outside, num_within = int(outside.sum()), int(within.sum())
        if num_outside <= _ROUNDING_SHARE * (num_outside + num_within):
            there &= ~contour.inside
        else:
            crosses = crosses or num_within > _ROUNDING_SHARE * (num_outside + num_within)
            there |= contour.inside
    return plane, crosses


def _is_repeat(contour: _Drawn, others: Sequence[_Drawn]) -> bool:
    if not others:
        return False
    extents = np.array([other.extent for other in others])
    areas = np.array([other.area for other in others])
    near = (np.abs(extents - contour.extent) < _SAME_EXTENT).all(axis=1) & (contour.area >= _SAME_AREA * areas)
    return bool(near.any()) or any(
        other.corner == contour.corner and np.array_equal(other.inside, contour.inside) for other in others
    )


def _draw(polygon: Polygon, shape: tuple[int, int]) -> _Drawn:
    """Draws only the pixels around the contour, because a structure has hundreds of contours on slices of 512 x 512."""
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    first = np.clip(np.floor(low), 0, shape).astype(np.int64)
    stop = np.clip(np.ceil(high) + 1, 0, shape).astype(np.int64)
    corner, lengths = (int(first[0]), int(first[1])), np.maximum(stop - first, 0)
    inside = inside_odd([polygon - first], (int(lengths[0]), int(lengths[1])))
    following = np.roll(polygon, -1, axis=0)
    relative, next_one = polygon - low, following - low  # small numbers keep their digits
    area = 0.5 * abs(float((relative[:, 0] * next_one[:, 1] - relative[:, 1] * next_one[:, 0]).sum()))
    return _Drawn(inside, corner, np.concatenate([low, high]), area)


def inside_odd(polygons: Sequence[Polygon], shape: tuple[int, ...]) -> Plane:
    """bool of the given shape: whether a pixel's centre (a whole number) is inside an odd number of polygons [N, 2].

    It is the even-odd rule along lines of the second axis: each edge that crosses a line exchanges inside and outside
    from the crossing on. A centre on an edge belongs to the polygon on its far side, so neighbours never share pixels.
    """
    num_lines, length = shape
    turns = np.zeros((num_lines, length + 1), dtype=np.int32)
    for polygon in polygons:
        start, end = polygon, np.roll(polygon, -1, axis=0)
        first = np.clip(np.ceil(np.minimum(start[:, 0], end[:, 0])), 0, num_lines).astype(np.int64)
        stop = np.clip(np.ceil(np.maximum(start[:, 0], end[:, 0])), 0, num_lines).astype(np.int64)
        for edges in _in_parts(stop - first):
            _turn_over(turns, start[edges], end[edges], first[edges], stop[edges])
    inside: Plane = np.cumsum(turns, axis=1)[:, :length] % 2 == 1
    return inside


def _in_parts(counts: NDArray[np.int64]) -> Iterable[slice]:
    """Slices of edges that cross few enough lines together to be held in memory at once."""
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        before = int(ends[begin - 1]) if begin else 0
        stop = max(begin + 1, int(np.searchsorted(ends, before + _MAX_CROSSINGS, side="right")))
        yield slice(begin, stop)
        begin = stop


def _turn_over(
    turns: NDArray[np.int32], start: Polygon, end: Polygon, first: NDArray[np.int64], stop: NDArray[np.int64]
) -> None:
    counts = stop - first
    edge = np.repeat(np.arange(len(start)), counts)
    line = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    rise = end[edge, 0] - start[edge, 0]
    crossing = start[edge, 1] + (line - start[edge, 0]) * (end[edge, 1] - start[edge, 1]) / rise
    column = np.clip(np.ceil(crossing), 0, turns.shape[1] - 1).astype(np.int64)
    np.add.at(turns, (line, column), 1)
