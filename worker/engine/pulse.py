"""Says that the work moves on, between two steps that may take long; whoever runs the engine may listen."""

from collections.abc import Callable

_listener: Callable[[], None] | None = None


def pulse() -> None:
    if _listener is not None:
        _listener()


def listen(listener: Callable[[], None] | None) -> None:
    """One listener a process."""
    global _listener
    _listener = listener
