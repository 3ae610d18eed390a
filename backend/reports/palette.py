"""Colours of the PDF's charts: those of frontend/src/lib/palette.ts (Okabe and Ito, 2008), in the same order."""

SITE_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#b3a100")
DASHES: tuple[tuple[int, ...] | None, ...] = (None, (5, 3), (1, 2))


def colour(position: int) -> str:
    return SITE_COLOURS[position % len(SITE_COLOURS)]


def dashes(position: int) -> tuple[int, ...] | None:
    """After eight colours the line type changes as well."""
    return DASHES[position // len(SITE_COLOURS) % len(DASHES)]
