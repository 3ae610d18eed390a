"""How a data set's files are arranged: which image belongs to which mask, whose they are, and which split is given."""

from dataclasses import replace
from pathlib import Path

from backend.contracts.datasets import Layout
from worker.datasets.layouts.bids import is_bids, list_bids
from worker.datasets.layouts.cases_csv import CASES_CSV, with_cases_csv
from worker.datasets.layouts.datalist import find_datalist, list_datalist
from worker.datasets.layouts.documents import read_document
from worker.datasets.layouts.folders import IMAGES, LABELS, MASKS, list_folders
from worker.datasets.layouts.model import ALL_SPLITS, FoundLayout, ListedCase, Listing, Skip, layouts_in_words
from worker.datasets.layouts.nnunet import is_first_version, list_nnunet
from worker.datasets.layouts.per_structure import has_case_folders, list_case_folders
from worker.datasets.names import is_showable, showable

__all__ = [
    "ALL_SPLITS",
    "CASES_CSV",
    "IMAGES",
    "LABELS",
    "MASKS",
    "FoundLayout",
    "ListedCase",
    "Listing",
    "Skip",
    "list_cases",
    "root_of",
]


def root_of(path: str | Path) -> Path:
    """The data set's folder: the path itself, or the folder of a datalist file."""
    path = Path(path)
    return path.parent if path.suffix.lower() == ".json" and not path.is_dir() else path


def list_cases(path: str | Path, layout: Layout, channel: int | None = None) -> Listing:
    """The cases, by the names of files alone. `auto` looks for images/, a datalist, nnU-Net's folders, sub-*, and
    folders of cases with masks in them.

    Raises ValueError, with the path and the remedy, where there is no such folder or nothing in it.
    """
    path, root = Path(path), root_of(path)
    if not root.is_dir():
        problem = "is a file, not a folder" if root.exists() else "is not there"
        raise ValueError(f"{root} {problem}: give a folder, on the site's own machine, with {IMAGES}/ and {MASKS}/")
    try:
        return with_cases_csv(_with_showable_names(_list(path, root, layout, channel)), root)
    except PermissionError as error:
        raise ValueError(f"{error.filename} may not be read: give the worker's user permission to read it") from None


def _list(path: Path, root: Path, layout: Layout, channel: int | None) -> Listing:
    if path != root:
        if layout not in ("auto", "datalist"):
            raise ValueError(
                f"{path} is a file, but the layout {layout} is {layouts_in_words(layout)}: give the folder"
            )
        return list_datalist(root, path.name)
    match layout if layout != "auto" else _looks_like(root):
        case "datalist":
            name = find_datalist(root)
            if name is None:
                raise ValueError(f"{root} has no {layouts_in_words('datalist')}: give the path of the JSON file")
            return list_datalist(root, name)
        case "nnunet":
            return list_nnunet(root, channel)
        case "bids":
            return list_bids(root)
        case "per_structure" if not (root / IMAGES).is_dir():
            return list_case_folders(root)
        case _:
            return list_folders(root)


def _looks_like(root: Path) -> FoundLayout:
    if (root / IMAGES).is_dir():
        return "folders"
    if (name := find_datalist(root)) is not None:
        return "nnunet" if is_first_version(root, read_document(root, name)) else "datalist"
    if (root / "imagesTr").is_dir():
        return "nnunet"
    if is_bids(root):
        return "bids"
    if has_case_folders(root):
        return "per_structure"
    return "folders"  # which says what is missing


def _with_showable_names(listing: Listing) -> Listing:
    """The listing with cases skipped whose files' names cannot be shown or sent, under a name that can; each name
    occurs once."""
    names: set[str] = set()
    cases = []
    for case in listing.cases:
        paths = [path for path in (case.name, case.image, case.mask, *case.parts, *case.parts.values()) if path]
        if not all(is_showable(path) for path in paths):
            case = _badly_named(case)
        if case.name in names:
            number = next(n for n in range(2, len(listing.cases) + 2) if f"{case.name} ({n})" not in names)
            case = replace(case, name=f"{case.name} ({number})")
        names.add(case.name)
        cases.append(case)
    return replace(listing, cases=tuple(sorted(cases, key=lambda case: case.name)))


def _badly_named(case: ListedCase) -> ListedCase:
    image, mask = showable(case.image), None if case.mask is None else showable(case.mask)
    bad = next((path for path in (case.image, case.mask, *case.parts.values()) if path and not is_showable(path)), "")
    reason = (
        f"the file name {showable(bad or case.name)} is no UTF-8 text, or has control characters in it: rename the "
        "file with letters, digits, - and _"
    )
    return ListedCase(showable(case.name)[:1000], image, mask, Skip("bad_name", reason), None, case.splits)
