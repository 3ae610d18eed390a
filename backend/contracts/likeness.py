"""Cases that are possibly one patient's, and what follows where somebody confirmed it."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.metrics import Split
from backend.contracts.values import AtMost, CaseName, Within

#: More pairs are of a data set that holds one picture many times; the nearest ones show it.
MAX_ALIKE = 500
Decision = Literal["same_patient", "different_patients"]


class AlikePair(Contract):
    """Two used cases of one data set, in name order."""

    first: CaseName
    second: CaseName
    bits: Annotated[int, Within(0, 256)] = Field(description="How many of 256 bits of their perceptual hashes differ.")


class Alike(Contract):
    """What a check found of cases that look far more alike than others of their data set."""

    pairs: Annotated[tuple[AlikePair, ...], AtMost(MAX_ALIKE)] = Field(default=(), description="The nearest first.")
    limit_bits: Annotated[int, Within(0, 256)] | None = Field(
        default=None, description="Pairs of other patients differ in more bits than this; None: too few cases to know."
    )


class JoinedCases(Contract):
    """Cases of one data set that are one patient's, as somebody confirmed. elsewhere: the splits of this patient's
    cases in other data sets of the site."""

    names: Annotated[tuple[CaseName, ...], AtMost(10_000)]
    elsewhere: Annotated[tuple[Split, ...], AtMost(3)] = ()


def joined_split(splits: Iterable[Split]) -> Split:
    """Of cases that must share one: test where one of them is tested, else val where one validates, else train."""
    present = set(splits)
    return next(split for split in ("test", "val", "train") if split in present or split == "train")
