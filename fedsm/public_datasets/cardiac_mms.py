"""M&Ms: short-axis cine MR of six centres and four vendors, with both ventricles and the myocardium."""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from backend.contracts.task_definition import Structure
from fedsm.public_datasets.base import LeftOut, PublicDataset, SourceCase, SourceSite, Volume
from fedsm.public_datasets.files import files_below
from fedsm.public_datasets.volumes import frame, on_grid, read_volume, relabelled

CENTRES = (1, 2, 3, 4, 5, 6)
_IMAGE, _MASK = "_sa.nii.gz", "_sa_gt.nii.gz"
_COLUMNS = ("External code", "Centre", "ED", "ES")


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    """Two cases a patient: the frames at the end of diastole and of systole, which the table numbers from 0."""
    files = {path.name: path for path in files_below(source, (_IMAGE, _MASK))}
    for row in sorted(_rows(source), key=lambda row: row["External code"]):
        code, site = row["External code"], _slug(row["Centre"])
        image, mask = files.get(f"{code}{_IMAGE}"), files.get(f"{code}{_MASK}")
        for phase in ("ED", "ES"):
            yield _entry(site, f"{code}_{phase}", code, image, mask, row[phase])


def _rows(source: Path) -> list[dict[str, str]]:
    """Of the table of the open data set, wherever it lies."""
    for path in files_below(source, (".csv",)):
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if set(_COLUMNS) <= set(reader.fieldnames or ()):
                return list(reader)
    return []


def _entry(
    site: str, name: str, patient: str, image: Path | None, mask: Path | None, index: str
) -> SourceCase | LeftOut:
    if image is None:
        return LeftOut(site, name, "no_image", f"{patient}{_IMAGE} is missing")
    if mask is None or "Unlabeled" in mask.parts:
        return LeftOut(site, name, "no_mask", f"{patient} was published without labels")
    if not index.strip().isdigit():
        return LeftOut(site, name, "incomplete", f"the table gives {index!r} as the frame")
    return SourceCase(site, name, patient, partial(_read, image, mask, int(index)))


def _slug(centre: str) -> str:
    return f"mms-centre-{centre.strip()}"


def _read(image: Path, mask: Path, index: int) -> Volume:
    volume = frame(read_volume(image, "unreadable_image"), index, image)
    labels = relabelled(frame(read_volume(mask, "unreadable_mask"), index, mask), {1: 1, 2: 2, 3: 3}, mask)
    return on_grid(labels, volume, image.name)


MMS = PublicDataset(
    name="mms",
    title="M&Ms cardiac MR",
    where="https://www.ub.edu/mnms/ (registration)",
    terms="The organisers' own terms, accepted at registration. Read them there.",
    citation=(
        "Campello et al., Multi-Centre, Multi-Vendor and Multi-Disease Cardiac Segmentation: The M&Ms Challenge, IEEE "
        "Transactions on Medical Imaging 40(12):3543-3554, 2021"
    ),
    modality="cine MR",
    num_channels=1,
    dimensions=3,
    structures=(
        Structure(name="left ventricle", label_values=(1,)),
        Structure(name="myocardium", label_values=(2,)),
        Structure(name="right ventricle", label_values=(3,)),
    ),
    sites=tuple(SourceSite(_slug(str(centre)), f"M&Ms centre {centre}", None) for centre in CENTRES),
    expected_source="the paper counts 375 patients of six centres; how many of each are published is not verified",
    layout="""\
  OpenDataset/211230_M&Ms_Dataset_information_diagnosis_opendataset.csv
  OpenDataset/Training/Labeled/A0S9V9/A0S9V9_sa.nii.gz, A0S9V9_sa_gt.nii.gz
  OpenDataset/Training/Unlabeled/, Validation/, Testing/""",
    layout_source="public loaders of the original (folders, columns of the table)",
    find=find,
    notes=(
        "Sites are the column `Centre` of the table; its column `Vendor` is not used.",
        "Two frames of the 4D image become two cases of one patient, which share a split: ED and ES of the table.",
        "The challenge's split is by vendor, so that some centres have no training cases: it is not kept.",
        "Labels 1 left ventricle, 2 myocardium, 3 right ventricle (in ACDC, another set, 1 and 3 are exchanged).",
    ),
)
