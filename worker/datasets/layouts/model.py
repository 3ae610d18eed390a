"""What every layout gives: the cases of a data set, before any of their files is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from backend.contracts.datasets import Layout, ReasonCode
from backend.contracts.metrics import Split
from worker.datasets.names import showable

FoundLayout = Literal["folders", "per_structure", "datalist", "nnunet", "bids"]
ALL_SPLITS: tuple[Split, ...] = ("train", "val", "test")


class Skip(Exception):
    """Why a case cannot be used."""

    def __init__(self, code: ReasonCode, reason: str) -> None:
        super().__init__(showable(reason))
        self.code: ReasonCode = code


@dataclass(frozen=True)
class ListedCase:
    """A case as its files' names show it. Paths are relative to the data set's folder.

    skip: why the case cannot be used whatever its files hold; `image` is then where the image was looked for.
    splits: those that the data set leaves open for the case.
    parts: of a mask with one file for each structure, the paths by the structures' names in the data set; `mask` is
    then their folder. Of a single labelled file it is that file, whose name counts where it is wanted.
    """

    name: str
    image: str
    mask: str | None
    skip: Skip | None = None
    patient: str | None = None
    splits: tuple[Split, ...] = ALL_SPLITS
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """The cases in name order, each name once. label_names: integers by the names that the data set gives them."""

    layout: FoundLayout
    cases: tuple[ListedCase, ...]
    label_names: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def layouts_in_words(layout: Layout) -> str:
    words: dict[Layout, str] = {
        "auto": "any",
        "folders": "images/ and masks/ with files of equal names",
        "per_structure": "a folder of masks for each case, with one file for each structure",
        "datalist": "a datalist JSON with a list `training` of image and label",
        "nnunet": "nnU-Net's imagesTr/, labelsTr/ and dataset.json",
        "bids": "sub-*/ with masks below derivatives/",
    }
    return words[layout]
