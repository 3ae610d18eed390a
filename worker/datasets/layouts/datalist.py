"""A datalist: JSON with lists of image and label, as MONAI and the Medical Segmentation Decathlon have it.

{"training": [{"image": "imagesTr/a.nii.gz", "label": "labelsTr/a.nii.gz"}], "validation": [...], "test": [...]}

A list keeps its split. Lists without labels cannot be used and are left out. Where no list but `training` has labels,
all three splits are drawn from it; where there is a test list and no validation list, train and val are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from backend.contracts.metrics import Split
from worker.datasets.files import MAX_TEXT_BYTES, UnsafeFile, read_bytes_inside
from worker.datasets.layouts.documents import about_ignored, label_names, read_document
from worker.datasets.layouts.entries import name_of
from worker.datasets.layouts.listed_paths import ListedPaths
from worker.datasets.layouts.model import ALL_SPLITS, ListedCase, Listing, Skip

LISTS: Mapping[str, Split] = {"training": "train", "validation": "val", "test": "test", "testing": "test"}
PATIENT_KEYS = ("patient", "patient_id", "subject", "subject_id")
Item = Mapping[str, Any]
_KEY = b"training"


def is_datalist(document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("training"), list)


def find_datalist(root: Path) -> str | None:
    """`dataset.json`, else the only JSON file with a list `training`. Raises ValueError where there are several."""
    names = sorted(path.name for path in root.glob("*.json") if not path.name.startswith("."))
    found = [name for name in names if _may_be_datalist(root, name)]
    if "dataset.json" in found:
        return "dataset.json"
    if len(found) > 1:
        raise ValueError(f"{root} has several datalists ({', '.join(found)}): give the path of one instead")
    return found[0] if found else None


def list_datalist(root: Path, name: str) -> Listing:
    """The cases. Raises ValueError where the document is no datalist, or lists nothing with a label."""
    document = read_document(root, name)
    if not is_datalist(document):
        raise ValueError(f"{root / name} has no list `training`: it is no datalist in MONAI's or the Decathlon's form")
    lists = {key: document[key] for key in LISTS if isinstance(document.get(key), list) and document[key]}
    labelled = {key: items for key, items in lists.items() if any(_has_label(item) for item in items)}
    if not labelled:
        raise ValueError(f"{root / name} lists no image with a label: add `label` to its items")
    warnings = [
        f"The list `{key}` of {name} has {len(items)} image(s) without labels, which are left out."
        for key, items in lists.items()
        if key not in labelled
    ]
    given = {LISTS[key] for key in labelled}
    listed = [(_splits(LISTS[key], given), item) for key, items in labelled.items() for item in items]
    paths = ListedPaths(root)
    cases = _named([_case(paths, splits, item) for splits, item in listed])
    if given == {"train"}:
        warnings.append(f"{name} names cases for training only: all three splits are drawn from them.")
    elif "val" not in given:
        warnings.append(f"{name} names no cases for validation: they are drawn from those for training.")
    labels = label_names(document)
    return Listing("datalist", cases, labels, (*warnings, *about_ignored(labels)))


def _may_be_datalist(root: Path, name: str) -> bool:
    """Whether the file is a datalist. Files without the word, as those of annotations, and large ones are not parsed;
    `dataset.json` is, for the reader to say what is wrong with it."""
    try:
        content = read_bytes_inside(root, name, MAX_TEXT_BYTES)
        return _KEY in content and is_datalist(read_document(root, name))
    except UnsafeFile:
        return name == "dataset.json" and (root / name).is_file() and (root / name).stat().st_size > MAX_TEXT_BYTES
    except ValueError:
        return False


def _has_label(item: object) -> bool:
    return isinstance(item, dict) and "label" in item


def _splits(split: Split, given: set[Split]) -> tuple[Split, ...]:
    if given == {"train"}:
        return ALL_SPLITS
    if split == "train" and "val" not in given:
        return ("train", "val")
    return (split,)


def _case(paths: ListedPaths, splits: tuple[Split, ...], item: object) -> ListedCase:
    if not isinstance(item, dict) or not isinstance(item.get("image"), str):
        shown = str(item)[:100]
        skip = Skip("no_image", f"the item {shown} names no single image: give `image` one path")
        return ListedCase(shown, shown, None, skip, splits=splits)
    image = paths.found(item["image"])
    patient = next((str(item[key]) for key in PATIENT_KEYS if item.get(key) not in (None, "")), None)
    label = item.get("label")
    mask = paths.found(label) if isinstance(label, str) else None
    problem = None if mask else Skip("no_mask", f"{image} has no label in the datalist: add `label` to its item")
    return ListedCase(name_of(paths.root, image), image, mask, problem, patient, splits)


def _named(cases: Sequence[ListedCase]) -> tuple[ListedCase, ...]:
    """The entries by name, with the folder first where files of several folders share one; a path listed twice is
    skipped."""
    counts = Counter(case.name for case in cases)
    unique: dict[str, ListedCase] = {}
    for case in cases:
        name = case.name if counts[case.name] == 1 else _with_folder(case)
        if name in unique:
            skip = Skip("duplicate", f"{case.image} is listed more than once: keep one item")
            number = next(n for n in range(2, len(cases) + 2) if f"{name} ({n})" not in unique)
            unique[f"{name} ({number})"] = replace(case, name=f"{name} ({number})", skip=skip)
        else:
            unique[name] = replace(case, name=name)
    return tuple(unique[name] for name in sorted(unique))


def _with_folder(case: ListedCase) -> str:
    parts = (*PurePosixPath(case.image).parts[:-1], case.name)
    return "_".join(part for part in parts if part not in ("/", "..", "."))
