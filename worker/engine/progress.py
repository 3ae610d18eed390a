"""How far a step of the work is, reported while it goes on."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

#: Called with the share done, 0 to 1; raises to stop the work.
OnProgress = Callable[[float], None]


def no_progress(_: float) -> None:
    """Does nothing: nobody watches."""


def part_of(on_progress: OnProgress, begin: float, end: float) -> OnProgress:
    """Takes the shares of a step, and reports them as shares of the whole, in which the step goes from `begin` to
    `end`."""
    return lambda done: on_progress(begin + (end - begin) * done)


def counted(items: Iterable[Item], number: int, on_progress: OnProgress) -> Iterator[Item]:
    """Yields the items, and reports each of them once the next one is asked for. number: of the items."""
    for done, item in enumerate(items, 1):
        yield item
        on_progress(done / number)
