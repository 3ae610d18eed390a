"""PROMISE12: the MICCAI 2012 challenge's T2 volumes of several centres and vendors, with the whole gland."""

import re
from collections.abc import Iterator
from pathlib import Path

from fedsm.public_datasets.base import LeftOut, PublicDataset, SourceCase, SourceSite
from fedsm.public_datasets.files import files_below
from fedsm.public_datasets.prostate import GLAND, ONE_TASK, T2_MR, paired_files

SITE = "promise12"
_IMAGE, _MASK = re.compile(r"case\d{2}"), re.compile(r"case\d{2}_segmentation")


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    """Test cases are called as training cases are: an image belongs to the mask next to it, and one without a mask
    counts only where its folder holds masks."""
    headers = files_below(source, (".mhd",))
    masks = {_key(path): path for path in headers if _MASK.fullmatch(path.stem.lower())}
    folders = {path.parent for path in masks.values()}
    images = {_key(path): path for path in headers if _IMAGE.fullmatch(path.stem.lower()) and path.parent in folders}
    yield from paired_files(SITE, images, masks)


def _key(path: Path) -> str:
    return path.stem[:6].capitalize()


PROMISE12 = PublicDataset(
    name="promise12",
    title="PROMISE12",
    where="https://promise12.grand-challenge.org (registration)",
    terms="The challenge's own terms, accepted at registration. Read them there.",
    citation=(
        "Litjens et al., Evaluation of prostate segmentation algorithms for MRI: the PROMISE12 challenge, Medical "
        "Image Analysis 18(2):359-373, 2014"
    ),
    modality=T2_MR,
    num_channels=1,
    dimensions=3,
    structures=GLAND,
    sites=(SourceSite(SITE, "PROMISE12 (training)", 50),),
    expected_source="promise12.grand-challenge.org/Details: 50 training cases",
    layout="""\
  TrainingData_Part1/Case00.mhd, Case00.raw
  TrainingData_Part1/Case00_segmentation.mhd, Case00_segmentation.raw
  ... Part2, Part3""",
    layout_source="promise12.grand-challenge.org; public preparation scripts (file names)",
    find=find,
    notes=(
        "The cases are of four centres, which the files do not name: they are one site here.",
        "The files do not name patients: each case counts as its own patient.",
        "Its cases are also a part of the six-site pack `saml-prostate` (BIDMC, HK, UCL): never use both.",
        ONE_TASK,
    ),
)
