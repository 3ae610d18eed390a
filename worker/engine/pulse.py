"""A sign that the work moves on, given between two steps that may take long. The process that runs the engine may
listen."""

from collections.abc import Callable

_listener: Callable[[], None] | None = None


def pulse() -> None:
    """Calls the listener, if there is one; raises what it raises."""
    if _listener is not None:
        _listener()


def listen(listener: Callable[[], None] | None) -> None:
    """Sets the process's one listener, or removes it (None)."""
    global _listener
    _listener = listener
