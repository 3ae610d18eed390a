"""The pattern by which a data set's case names tell the patient: matched by RE2, whose time grows with the text alone.

A pattern that a person gives must never meet `re`, which may take years on a name of 40 letters and cannot be stopped.
Backend and worker compile a pattern here: what the one accepts, the other can match. RE2 knows no references back
(`\\1`) and no looking ahead or behind (`(?=`), and `\\w`, `\\d` and `\\b` know the letters and digits of ASCII only.
"""

from typing import Any

import re2

from backend.contracts.refusals import refused

_EXAMPLE = "^([^_]+)_"
#: Parts of a pattern that mean ASCII only, where other programs mean all alphabets.
_ASCII_ONLY = ("\\w", "\\W", "\\d", "\\D", "\\b", "\\B")


def compile_patient_pattern(pattern: str) -> Any:
    """Raises ValueError, naming what RE2 does not know and the remedy, unless there is exactly one group."""
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        raise refused(
            f"{pattern!r} is no regular expression as RE2 knows them ({_reason(error)})",
            f"try {_EXAMPLE}; references back and looking ahead or behind are not possible",
        ) from None
    if compiled.groups != 1:
        raise refused(
            f"{pattern!r} has {compiled.groups} groups",
            f"put parentheses around the patient's part, as {_EXAMPLE}; write others as (?:...)",
        )
    return compiled


def valid_patient_pattern(pattern: str | None) -> str | None:
    """The pattern itself. Raises ValueError as `compile_patient_pattern`."""
    if pattern is not None:
        compile_patient_pattern(pattern)
    return pattern


def means_ascii_only(pattern: str) -> bool:
    """Whether a part of the pattern means ASCII only here, where other programs mean all alphabets."""
    return any(part in pattern for part in _ASCII_ONLY)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "it is no text"
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
