"""Which structures have a vertical cup-to-disc ratio: the one rule of screens, command line and workers."""

import re
from collections.abc import Sequence

#: What a structure's name holds, in any case of letters; JavaScript reads the patterns alike.
DISC, CUP = r"\bdis[ck]\b", r"\bcup\b"


def disc_and_cup(structures: Sequence[str]) -> tuple[int, int] | None:
    """The positions of the optic disc and its cup among the structures, the first of each; None without both."""
    disc = next((i for i, name in enumerate(structures) if re.search(DISC, name, re.IGNORECASE)), None)
    cup = next((i for i, name in enumerate(structures) if re.search(CUP, name, re.IGNORECASE)), None)
    return None if disc is None or cup is None else (disc, cup)
