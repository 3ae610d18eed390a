"""What changed, from what to what, as events say it."""

from backend.contracts.values import one_line

#: Of a text in an event: the whole one stands where it belongs.
MAX_LETTERS = 80


def from_to(old: str, new: str) -> str:
    """`from "Try" to "Baselines"`"""
    return f"from {quoted(old)} to {quoted(new)}"


def quoted(text: str) -> str:
    """On one line and cut where it is long; `nothing` for an empty one."""
    return f'"{one_line(text, MAX_LETTERS)}"' if text.strip() else "nothing"
