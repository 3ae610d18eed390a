"""Whether the slices of a DICOM series make one evenly spaced, upright grid, and the step from one to the next.

Each slice is compared with its place on the straight line that fits all positions best, because positions in headers
are often rounded to a tenth of a millimetre, which makes single distances uneven and moves no slice off the line.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.dicom_files import Slice
from worker.datasets.readers.errors import Undecodable

#: How far a slice may lie off its place along the normal, as a share of the distance between slices. A missing slice
#: moves its neighbours by a fifth at least, in a series of any length.
_ALONG_TOLERANCE = 0.12
#: How far a slice may be shifted within its plane, as a share of the pixel spacing.
_ACROSS_TOLERANCE = 0.25
#: How far each slice may be shifted against the one before, by a tilted gantry, as a share of their distance.
_TILT_TOLERANCE = 0.05
_SAME_DIRECTION = 1e-3
#: A difference by rounding, as a share of the pixel spacing.
_SAME_SPACING = 5e-3
#: In mm; no header is more exact.
_EXACT = 0.01

NamedSlice = tuple[Slice, str]


def require_one_grid(slices: Sequence[NamedSlice]) -> None:
    """Raises Undecodable where sizes, spacings or orientations differ."""
    first, first_name = slices[0]
    for part, name in slices[1:]:
        if not part.is_placed:
            raise Undecodable(f"holds {name} without a position in the patient: keep the slices of one series only")
        if part.size != first.size or not _is_same_spacing(part, first):
            raise Undecodable(f"holds slices of different size or spacing ({first_name} and {name}): keep one series")
        directions = np.abs([part.rows - first.rows, part.columns - first.columns])
        if float(directions.max()) > _SAME_DIRECTION:
            raise Undecodable(
                f"holds slices of different orientation ({first_name} and {name}), as localizers have: keep one series"
            )


def _is_same_spacing(one: Slice, other: Slice) -> bool:
    if one.spacing is None or other.spacing is None:
        return one.spacing == other.spacing
    return bool(np.allclose(one.spacing, other.spacing, rtol=_SAME_SPACING, atol=0))


def height_of(part: Slice, first: Slice) -> float:
    """The slice's height in mm along the normal of the first."""
    return float(part.position @ first.normal)


def step_between(slices: Sequence[NamedSlice]) -> NDArray[np.float64]:
    """The step in mm in LPS from one slice to the next, of slices in order of height.

    Raises Undecodable for doubled, missing and shifted slices.
    """
    first = slices[0][0]
    if len(slices) == 1:
        return first.normal * first.thickness
    positions = np.array([part.position for part, _ in slices])
    heights = positions @ first.normal
    distances = np.diff(heights)
    usual = float(np.median(distances))
    _require_different_places(slices, distances, usual)
    numbers = np.arange(len(slices)) - (len(slices) - 1) / 2
    step: NDArray[np.float64] = numbers @ positions / float(numbers @ numbers)
    moves = np.diff(positions - np.outer(heights, first.normal), axis=0)
    across = float(np.linalg.norm(np.median(moves, axis=0)))  # which a single shifted slice does not change
    if across > _TILT_TOLERANCE * usual:
        raise Undecodable(
            f"has slices that shift by {across:.3g} mm each (tilted gantry): resample it to an upright grid"
        )
    off = positions - positions.mean(axis=0) - np.outer(numbers, step)
    _require_even(slices, off @ first.normal, distances, usual)
    _require_upright(slices, off - np.outer(off @ first.normal, first.normal))
    travel: NDArray[np.float64] = (slices[-1][0].position - first.position) / len(distances)
    return travel


def _require_different_places(slices: Sequence[NamedSlice], distances: NDArray[np.float64], usual: float) -> None:
    for index, distance in enumerate(distances):
        if distance < max(_EXACT, 0.1 * usual):
            raise Undecodable(
                f"holds two slices at one place ({_pair_in_words(slices, index)}), as series of several times or "
                "echoes do: keep one of them in each folder"
            )


def _require_even(
    slices: Sequence[NamedSlice], off: NDArray[np.float64], distances: NDArray[np.float64], usual: float
) -> None:
    if float(np.abs(off).max()) <= max(_ALONG_TOLERANCE * usual, _EXACT):
        return
    index = int(np.argmax(np.abs(distances - usual)))
    raise Undecodable(
        f"lacks slices, or has uneven ones: {distances[index]:.4g} mm between {_pair_in_words(slices, index)}, "
        f"elsewhere {usual:.4g} mm: export the whole series"
    )


def _require_upright(slices: Sequence[NamedSlice], off: NDArray[np.float64]) -> None:
    spacing = slices[0][0].spacing
    distances = np.linalg.norm(off, axis=1)
    index = int(np.argmax(distances))
    if spacing is not None and float(distances[index]) > max(_ACROSS_TOLERANCE * min(spacing), _EXACT):
        part, name = slices[index]
        which = name if slices[0][1] != slices[-1][1] else f"frame {part.frame + 1}"
        raise Undecodable(
            f"has slices that do not lie on one line: {which} lies {distances[index]:.3g} mm off it "
            "(ImagePositionPatient): export the series again, or leave that slice's series out"
        )


def _pair_in_words(slices: Sequence[NamedSlice], index: int) -> str:
    (one, name), (other, other_name) = slices[index], slices[index + 1]
    if name == other_name:
        return f"frames {one.frame + 1} and {other.frame + 1}"
    return f"{name} and {other_name}"
