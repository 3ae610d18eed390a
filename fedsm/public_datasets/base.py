"""What a public data set is: where it comes from, its sites, and how its original layout is read.

Each data set has one frozen description, `PublicDataset`, whose `find` walks the folder that a person downloaded and
yields the cases in a fixed order, without decoding them. A case's `read` decodes it, when the writer asks for it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.contracts.metrics import Split
from backend.contracts.task_definition import Structure

ReasonCode = Literal[
    "no_mask",
    "no_image",
    "unreadable_image",
    "unreadable_mask",
    "size_mismatch",
    "unknown_label",
    "empty_mask",
    "ambiguous",
    "incomplete",
    "duplicate",
]
PictureArray = NDArray[np.uint8]


class WrongSource(ValueError):
    """The folder is not an original of this data set; the text says what was looked for, and where to get it."""


class Unusable(Exception):
    """Raised by `read` of a case that cannot be used: it is left out with this reason."""

    def __init__(self, code: ReasonCode, reason: str) -> None:
        super().__init__(reason)
        self.code: ReasonCode = code


@dataclass(frozen=True, eq=False)
class Picture:
    """image: [H, W, 3], [H, W, 1] of grey data sets. labels: [H, W] of the data set's label values, 0 background."""

    image: PictureArray
    labels: PictureArray


@dataclass(frozen=True, eq=False)
class Volume:
    """Two `SimpleITK.Image`s of one grid: one channel, and integer labels of the data set's label values."""

    image: Any
    labels: Any


@dataclass(frozen=True)
class SourceCase:
    """A case of the original.

    name: unique within the site. patient: unique within the data set; cases of one patient share it. split: only where
    the original defines one. read: decodes it, raises Unusable.
    """

    site: str
    name: str
    patient: str
    read: Callable[[], Picture | Volume] = field(repr=False)
    split: Split | None = None


@dataclass(frozen=True)
class LeftOut:
    """A part of the original that does not become a case. name: the case's, or the path below the source."""

    site: str
    name: str
    code: ReasonCode
    reason: str


@dataclass(frozen=True)
class SourceSite:
    """num_expected: cases with masks in the complete original; None where no official source states it."""

    slug: str
    name: str
    num_expected: int | None


@dataclass(frozen=True)
class PublicDataset:
    """A data set's description, all of which is shown to the person who prepares it.

    where: address of the official download. terms: what its authors allow. layout: the folders that `find` reads, as
    they are after unpacking. layout_source: where that layout is known from. expected_source: who states the sites'
    expected numbers. notes: what is ambiguous, and what was decided. num_expected_in_all: where the sum is known and
    the sites' shares of it are not.
    """

    name: str
    title: str
    where: str
    terms: str
    citation: str
    modality: str
    num_channels: Literal[1, 3]
    dimensions: Literal[2, 3]
    structures: tuple[Structure, ...]
    sites: tuple[SourceSite, ...]
    expected_source: str
    layout: str
    layout_source: str
    find: Callable[[Path], Iterator[SourceCase | LeftOut]] = field(repr=False)
    notes: tuple[str, ...] = ()
    num_expected_in_all: int | None = None

    @property
    def num_expected(self) -> int | None:
        """Of all sites together; None where it is not known."""
        if self.num_expected_in_all is not None:
            return self.num_expected_in_all
        counts = [site.num_expected for site in self.sites]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def known_label_values(self) -> frozenset[int]:
        """Every integer a prepared mask may hold, background included."""
        return frozenset({0}).union(*(structure.label_values for structure in self.structures))

    def wrong_source(self, source: Path, problem: str) -> WrongSource:
        """The error of `find` for a folder in which it recognises nothing."""
        return WrongSource(
            f"{source} {problem}: unpack {self.title} there, so that it holds\n{self.layout}\n(from {self.where})"
        )


#: Masks of optic disc and cup: 1 is the rim, 2 the cup, so the disc is both.
DISC_AND_CUP = (Structure(name="optic disc", label_values=(1, 2)), Structure(name="optic cup", label_values=(2,)))
VESSEL = (Structure(name="vessel", label_values=(1,)),)
POLYP = (Structure(name="polyp", label_values=(1,)),)
FUNDUS, COLONOSCOPY = "fundus photography", "colonoscopy"
