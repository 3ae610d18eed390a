"""Of whom a second factor is asked."""

from typing import Literal, get_args

Duty = Literal["optional", "administrators", "everybody"]
#: From the laxest to the strictest.
DUTIES: tuple[Duty, ...] = get_args(Duty)


def stricter(one: Duty, other: Duty) -> Duty:
    return max(one, other, key=DUTIES.index)
