"""Colours of the PDF's charts: those of frontend/src/lib/palette.ts by day, in the same order."""

SITE_COLOURS = ("#003da5", "#c58117", "#01836e", "#e8399b", "#1c96e9", "#7a3302", "#332c35", "#816800")
DASHES: tuple[tuple[int, ...] | None, ...] = (None, (5, 3), (1, 2))


def colour(position: int) -> str:
    return SITE_COLOURS[position % len(SITE_COLOURS)]


def dashes(position: int) -> tuple[int, ...] | None:
    """After eight colours the line type changes as well."""
    return DASHES[position // len(SITE_COLOURS) % len(DASHES)]
