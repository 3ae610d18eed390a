"""From a photograph, and a copy of it with two closed lines drawn on it, to the areas that the lines enclose.

Legend of shapes: H rows, W columns.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from fedsm.public_datasets.base import PictureArray
from fedsm.public_datasets.pictures import BoolPlane

#: Grey values, of 255, by which a drawn pixel differs in its strongest channel; JPEG copies differ by less elsewhere.
DRAWN = 25
#: Pixels of a line; what is smaller is compression noise.
_MIN_LINE = 20
#: Gaps of a line that are closed are up to twice as wide, in pixels.
_MAX_CLOSING = 6
#: A line counts as closed when line and enclosed area fill this share of its bounding box; an ellipse fills 0.79.
_MIN_FILLED = 0.5
#: And when this share of the two is enclosed area, not line.
_MIN_ENCLOSED = 0.25
#: The lines with the largest bounding boxes that are looked at: two are drawn, the rest is noise.
_MAX_LINES = 8
_EIGHT = np.ones((3, 3), dtype=bool)


class NoOutlines(ValueError):
    """The text says what was found instead of two closed lines, one within the other."""


@dataclass(frozen=True, eq=False)
class Outlined:
    """[H, W] each, the lines themselves included; `inner` lies within `outer`."""

    outer: BoolPlane
    inner: BoolPlane


def outlined_areas(photograph: PictureArray, drawn_on: PictureArray) -> Outlined:
    """Both [H, W, 3], of equal size. Raises NoOutlines.

    The line is where the two differ; small gaps are closed, by as little as it takes. The two lines must not touch:
    where they do nothing says which area is which.
    """
    if photograph.shape != drawn_on.shape:
        raise NoOutlines(f"the copy is {drawn_on.shape[1]} x {drawn_on.shape[0]}, not the photograph's size")
    drawn = _lines(photograph, drawn_on)
    if not drawn.any():
        raise NoOutlines("nothing is drawn")
    box = _padded_box(drawn)
    problem = NoOutlines("no closed line")
    for closing in range(_MAX_CLOSING + 1):
        try:
            found = _nested(_closed(drawn[box], closing))
        except NoOutlines as reason:
            problem = reason
        else:
            return Outlined(_placed(found.outer, box, drawn), _placed(found.inner, box, drawn))
    raise problem


def _lines(photograph: PictureArray, drawn_on: PictureArray) -> BoolPlane:
    difference = np.abs(photograph.astype(np.int16) - drawn_on.astype(np.int16)).max(axis=-1)
    labels, _ = ndimage.label(difference > DRAWN, structure=_EIGHT)
    large = np.bincount(labels.ravel()) >= _MIN_LINE
    large[0] = False
    return np.asarray(large[labels])


def _padded_box(drawn: BoolPlane) -> tuple[slice, slice]:
    """Around all lines, with room for the closing."""
    (rows, columns) = ndimage.find_objects(drawn.astype(np.uint8))[0]
    pad = 2 * _MAX_CLOSING + 1
    return slice(max(rows.start - pad, 0), rows.stop + pad), slice(max(columns.start - pad, 0), columns.stop + pad)


def _closed(drawn: BoolPlane, steps: int) -> BoolPlane:
    if steps == 0:
        return drawn
    padded = np.pad(drawn, steps)
    return np.asarray(ndimage.binary_closing(padded, structure=_EIGHT, iterations=steps))[steps:-steps, steps:-steps]


def _nested(lines: BoolPlane) -> Outlined:
    """The largest closed line, and the largest one within it. Raises NoOutlines."""
    areas = _closed_areas(lines)
    if len(areas) < 2:
        raise NoOutlines(f"{len(areas)} closed line{'' if len(areas) == 1 else 's'}, not two: open, or touching")
    areas.sort(key=np.count_nonzero)
    outer = areas[-1]
    inside = [area for area in areas[:-1] if not (area & ~outer).any()]
    if not inside:
        raise NoOutlines("two closed lines next to one another, none within the other")
    return Outlined(outer, inside[-1])


def _closed_areas(lines: BoolPlane) -> list[BoolPlane]:
    """Of each closed line, the line and what it encloses."""
    labels, _ = ndimage.label(lines, structure=_EIGHT)
    boxes = [(labels[box].size, label, box) for label, box in enumerate(ndimage.find_objects(labels), start=1)]
    areas: list[BoolPlane] = []
    for size, label, box in sorted(boxes, key=lambda entry: entry[:2], reverse=True)[:_MAX_LINES]:
        line = labels[box] == label
        filled = np.asarray(ndimage.binary_fill_holes(line))
        num_filled, num_line = np.count_nonzero(filled), np.count_nonzero(line)
        if num_filled >= _MIN_FILLED * size and num_filled - num_line >= _MIN_ENCLOSED * num_filled:
            areas.append(_placed(filled, box, lines))
    return areas


def _placed(area: BoolPlane, box: tuple[slice, slice], like: BoolPlane) -> BoolPlane:
    whole = np.zeros_like(like)
    whole[box] = area
    return whole
