"""Units of length in the headers of volumes, in millimetres: the one table of all formats."""


def _spelt(prefix: str) -> tuple[str, ...]:
    """The unit's name in American and British English, singular and plural."""
    return tuple(f"{prefix}{metre}{plural}" for metre in ("meter", "metre") for plural in ("", "s"))


#: Names of units of length to millimetres; a header without a name means mm.
MM_OF_UNIT = {
    **dict.fromkeys(("", "mm", *_spelt("milli")), 1.0),
    **dict.fromkeys(("cm", *_spelt("centi")), 10.0),
    **dict.fromkeys(("m", *_spelt("")), 1000.0),
    **dict.fromkeys(("um", "\u00b5m", "\u03bcm", "micron", "microns", *_spelt("micro")), 0.001),
    **dict.fromkeys(("nm", *_spelt("nano")), 1e-6),
}
