"""Prostate158: 3 T biparametric MR of one hospital, with central gland and peripheral zone."""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from backend.contracts.metrics import Split
from fedsm.public_datasets.base import LeftOut, PublicDataset, SourceCase, SourceSite, Volume
from fedsm.public_datasets.files import files_below
from fedsm.public_datasets.prostate import ONE_TASK, PERIPHERAL, T2_MR, TRANSITION, ZONES
from fedsm.public_datasets.volumes import on_grid, read_volume, relabelled

SITE = "prostate158"
IMAGE, MASK = "t2.nii.gz", "t2_anatomy_reader1.nii.gz"
#: The original's label of the central gland is 1, of the peripheral zone 2.
VALUES = {1: TRANSITION, 2: PERIPHERAL}
_TABLES: tuple[tuple[str, Split], ...] = (("train.csv", "train"), ("valid.csv", "val"), ("test.csv", "test"))


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    splits = dict(_splits(source))
    folders = {path.parent for path in files_below(source, (".nii.gz",)) if path.name in (IMAGE, MASK)}
    for folder in sorted(folders):
        name, image, mask = folder.name, folder / IMAGE, folder / MASK
        if not image.is_file():
            yield LeftOut(SITE, name, "no_image", f"{name}/{IMAGE} is missing")
        elif not mask.is_file():
            yield LeftOut(SITE, name, "no_mask", f"{name}/{MASK} is missing")
        else:
            yield SourceCase(SITE, name, name, partial(_read, image, mask), splits.get(name))


def _splits(source: Path) -> Iterator[tuple[str, Split]]:
    """Case to split, by the tables of the original. A table names its cases by the path of their T2 image."""
    for path in files_below(source, (".csv",)):
        for table, split in _TABLES:
            if path.name.lower() == table:
                with path.open(newline="", encoding="utf-8-sig") as file:
                    yield from ((Path(row["t2"]).parent.name, split) for row in csv.DictReader(file) if row.get("t2"))


def _read(image: Path, mask: Path) -> Volume:
    labels = relabelled(read_volume(mask, "unreadable_mask"), VALUES, mask)
    return on_grid(labels, read_volume(image, "unreadable_image"), image.parent.name)


PROSTATE158 = PublicDataset(
    name="prostate158",
    title="Prostate158",
    where="https://doi.org/10.5281/zenodo.6481141 (training); https://prostate158.grand-challenge.org",
    terms="The license of the Zenodo record. Read it there.",
    citation=(
        "Adams et al., Prostate158 - An expert-annotated 3T MRI dataset and algorithm for prostate cancer detection, "
        "Computers in Biology and Medicine 148:105817, 2022"
    ),
    modality=T2_MR,
    num_channels=1,
    dimensions=3,
    structures=ZONES,
    sites=(SourceSite(SITE, "Prostate158 (Charite Berlin)", 158),),
    expected_source="Adams et al., 2022: 158 studies, of which prostate158.grand-challenge.org offers 139 for training",
    layout="""\
  prostate158_train/train/020/t2.nii.gz, t2_anatomy_reader1.nii.gz
  prostate158_train/train.csv, valid.csv""",
    layout_source="configuration of github.com/kbressem/prostate158 (tables, columns); public loaders (folders)",
    find=find,
    notes=(
        "The first reader's anatomy is taken. Its labels, 1 central gland and 2 peripheral zone, become 2 and 1, as in "
        "the other prostate sets.",
        "With the training archive alone 139 of 158 are found: that is all of what it holds.",
        "The original's split into training and validation (train.csv, valid.csv) is kept.",
        "One study a patient, so the authors: each case is its own patient.",
        ONE_TASK,
    ),
)
