"""What is measured of a predicted mask besides sizes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backend.contracts.cup_to_disc import disc_and_cup


def cup_to_disc(structures: Sequence[str], mask: NDArray[np.bool_]) -> float | None:
    """The height of the optic cup over that of the disc, in pixels of rows. mask: [S, H, W] bool.

    None of volumes, where the structures are others, and without a disc.
    """
    found = disc_and_cup(structures)
    if found is None or mask.ndim != 3:
        return None
    disc, cup = (_height(mask[index]) for index in found)
    return cup / disc if disc else None


def _height(plane: NDArray[np.bool_]) -> int:
    rows = np.flatnonzero(plane.any(axis=1))
    return int(rows[-1] - rows[0] + 1) if len(rows) else 0
