"""REFUGE: the MICCAI 2018 challenge's photographs of two cameras, with optic disc and cup."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fedsm.public_datasets.base import DISC_AND_CUP, FUNDUS, LeftOut, Picture, PublicDataset, SourceCase, SourceSite
from fedsm.public_datasets.files import by_stem, files_below
from fedsm.public_datasets.pairs import paired
from fedsm.public_datasets.pictures import disc_and_cup, read_colour, read_grey, require_values

ZEISS, CANON = "refuge-zeiss", "refuge-canon"
#: First letter of a file's name: glaucoma and normal training eyes; validation; test.
_SITES = {"g": ZEISS, "n": ZEISS, "v": CANON, "t": CANON}
_NAME = re.compile(r"[gnvt]\d{4}")
_CUP, _RIM, _BACKGROUND = 0, 128, 255


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    """By file name, wherever the archives were unpacked to: the four letters name one photograph in the whole set."""
    images = by_stem(files_below(source, (".jpg", ".jpeg")))
    masks = by_stem(files_below(source, (".bmp",)))
    for site in (ZEISS, CANON):
        yield from paired(site, _of(site, images), _of(site, masks), _read)


def _of(site: str, files: dict[str, Path]) -> dict[str, Path]:
    return {stem: path for stem, path in files.items() if _NAME.fullmatch(stem) and _SITES[stem[0]] == site}


def _read(image: Path, mask: Path) -> Picture:
    values = require_values(read_grey(mask), frozenset({_CUP, _RIM, _BACKGROUND}), mask)
    return disc_and_cup(read_colour(image), np.isin(values, (_CUP, _RIM)), values == _CUP, mask)


REFUGE = PublicDataset(
    name="refuge",
    title="REFUGE",
    where="https://refuge.grand-challenge.org (registration)",
    terms="The challenge's own terms, accepted at registration; research use. Read them there.",
    citation=(
        "Orlando et al., REFUGE Challenge: a unified framework for evaluating automated methods for glaucoma "
        "assessment from fundus photographs, Medical Image Analysis 59:101570, 2020"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=DISC_AND_CUP,
    sites=(
        SourceSite(ZEISS, "REFUGE Zeiss Visucam 500 (training)", 400),
        SourceSite(CANON, "REFUGE Canon CR-2 (validation and test)", 800),
    ),
    expected_source="refuge.grand-challenge.org: 1200 photographs, 400 each for training, validation and test",
    layout="""\
  Training400/{Glaucoma,Non-Glaucoma}/g0001.jpg, n0001.jpg
  Annotation-Training400/Disc_Cup_Masks/{Glaucoma,Non-Glaucoma}/g0001.bmp
  REFUGE-Validation400/V0001.jpg
  REFUGE-Validation400-GT/Disc_Cup_Masks/V0001.bmp
  Test400/T0001.jpg
  REFUGE-Test-GT/Disc_Cup_Masks/{G,N}/T0001.bmp""",
    layout_source="refuge.grand-challenge.org/Details (mask values); public loaders of the archives (folders)",
    find=find,
    notes=(
        "Mask values of the original: 0 cup, 128 rim, 255 background. Any other value leaves the case out.",
        "The challenge's split is the camera (training Zeiss, validation and test Canon), so it is not kept: each site "
        "is split anew. Papers that count 400 Canon cases use one of the two halves, V* or T*.",
        "The files do not name patients: each photograph counts as its own patient.",
    ),
)
