"""The labels of palette masks: what the palette shows, never numbers that say the contrary.

Rules that are decisions:
- Grey palettes are read by brightness. Where the brightness is no known label, but grows with the values from black at
  0, the values themselves are the labels: it was made for the eye, and says the same.
- Colour palettes are read by the values, unless they show black, the background of every such picture, as a structure.
- What is read by the values must agree with the palettes of the other masks: see `seen_masks`.
"""

import itertools
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from worker.datasets.layouts.model import Skip
from worker.datasets.readers import LabelMask
from worker.datasets.seen_masks import SeenMasks, in_words

Palette = Mapping[int, tuple[int, int, int]]
_BLACK = (0, 0, 0)
_REMEDY = "save the mask as a grey picture of the labels"


def shown_labels(path: str, mask: LabelMask, known: Collection[int], seen: SeenMasks | None) -> NDArray[np.int32]:
    """The labels as the mask lies. known: the labels that mean something here, with 0.

    Raises Skip where the palette shows something else than the values say.
    """
    palette = mask.palette
    if palette is None:
        return mask.labels
    if len(palette) > 1 and len(set(palette.values())) == 1:
        shown = in_words(next(iter(palette.values())))
        raise Skip("unreadable_mask", f"{path} shows all of its values in one colour ({shown}): {_REMEDY}")
    is_grey = all(len(set(colour)) == 1 for colour in palette.values())
    if not is_grey:
        _require_background_at_zero(path, palette)
        by_index = True
    else:
        by_index = not {grey for grey, _, _ in palette.values()} <= set(known) and _grows_from_black(palette)
    if seen is not None and (by_index or not {grey for grey, _, _ in palette.values()} <= set(known)):
        seen.saw_palette(path, palette, by_index)
    return _indices(mask.labels, palette) if is_grey and by_index else mask.labels


def _require_background_at_zero(path: str, palette: Palette) -> None:
    colours = list(palette.values())
    twice = next((colour for colour in colours if colours.count(colour) > 1), None)
    if twice is not None:
        values = ", ".join(str(value) for value, colour in palette.items() if colour == twice)
        raise Skip("unreadable_mask", f"{path} shows its values {values} in one colour ({in_words(twice)}): {_REMEDY}")
    background = palette.get(0)
    for value, colour in palette.items():
        is_black = colour == _BLACK
        is_grey_on_colour = background is not None and len(set(background)) > 1 and len(set(colour)) == 1
        if value != 0 and (is_black or is_grey_on_colour):
            others = "" if background is None else f" and the background, 0, as {in_words(background)}"
            raise Skip(
                "unknown_label",
                f"{path} shows its value {value} as {in_words(colour)}{others}, so its values are not the labels that "
                f"it shows: {_REMEDY}",
            )


def _grows_from_black(palette: Palette) -> bool:
    """Whether the grey values grow with the indices, and 0 is black where it is used."""
    greys = [palette[index][0] for index in sorted(palette)]
    return all(dark < light for dark, light in itertools.pairwise(greys)) and palette.get(0, _BLACK) == _BLACK


def _indices(greys: NDArray[np.int32], palette: Palette) -> NDArray[np.int32]:
    index_of = np.zeros(256, dtype=np.int32)
    for index, (grey, _, _) in palette.items():
        index_of[grey] = index
    return index_of[greys]
