"""The hours of the week in which a hospital trains, by its own machine's clock and zone: `mon-fri 19:00-06:00`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(DAYS)
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
#: Days may be left out: every day. An end that is not after the beginning is on the next day.
PATTERN = rf"^(?:(?P<first>{_DAY})(?:-(?P<last>{_DAY}))? )?(?P<begin>{_TIME})-(?P<end>{_TIME}|24:00)$"


@dataclass(frozen=True)
class Window:
    """days: on which it begins, 0 is Monday. begin, end: minutes since midnight, end up to the next day's."""

    days: frozenset[int]
    begin: int
    end: int

    def holds(self, at: datetime) -> bool:
        """Whether a local time lies in it."""
        minute, day = 60 * at.hour + at.minute, at.weekday()
        since_yesterday = minute + 24 * 60
        return (day in self.days and self.begin <= minute < self.end) or (
            (day - 1) % 7 in self.days and self.begin <= since_yesterday < self.end
        )


def window(text: str) -> Window:
    """Raises ValueError for a text that is not of PATTERN."""
    found = re.match(PATTERN, text)
    if found is None:
        raise ValueError(f"{text!r} are no hours: write them as mon-fri 19:00-06:00")
    begin, end = _minutes(found["begin"]), _minutes(found["end"])
    return Window(_days(found["first"], found["last"]), begin, end if end > begin else end + 24 * 60)


def are_open(hours: Iterable[str], at: datetime) -> bool:
    """Whether the local time `at` lies in one of them."""
    return any(window(text).holds(at) for text in hours)


def next_opening(hours: Iterable[str], at: datetime) -> datetime | None:
    """The first beginning after the time `at`, by the machine's clock and in its zone; None where there are no hours.

    at: in that zone. Its offset may be another one than at the beginning, for clocks change in between."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    beginnings = [
        _following(day + timedelta(minutes=one.begin), at)
        for one in map(window, hours)
        for day in (midnight + timedelta(days=number) for number in range(8))
        if day.weekday() in one.days
    ]
    return min((begin for begin in beginnings if begin > at), default=None)


def _following(clock: datetime, at: datetime) -> datetime:
    """When the machine's clock shows it; the second time after `at` where it shows it twice, in autumn."""
    first = clock.astimezone()
    return first if first > at else clock.replace(fold=1).astimezone()


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    begin = DAYS.index(first)
    length = (DAYS.index(last or first) - begin) % 7
    return frozenset((begin + number) % 7 for number in range(length + 1))


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return 60 * int(hour) + int(minute)
