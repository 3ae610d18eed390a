"""`images/` and `masks/` (or `labels/`) that hold files of equal names; their suffixes may differ.

Both may hold folders: `images/P01/left.png` and `masks/P01/left.png` are the case `P01_left`. A folder of masks with
the name of a case, or of a structure, holds one file for each structure, or for each case: see `per_structure`.
"""

from pathlib import Path

from worker.datasets.layouts.entries import PathsByName, is_plain_folder, list_entries, pair
from worker.datasets.layouts.model import Listing
from worker.datasets.layouts.per_structure import with_parts
from worker.datasets.readers import SUFFIXES_IN_WORDS

IMAGES, MASKS, LABELS = "images", "masks", "labels"
#: Maximum depth of folders within folders.
_MAX_DEPTH = 5


def list_folders(root: Path) -> Listing:
    """The cases. Raises ValueError where one of the two folders is missing or there are no images."""
    mask_folder = _mask_folder(root)
    images, masks = _flat(root, IMAGES), _flat(root, mask_folder)
    if not images:
        raise ValueError(f"{root / IMAGES} is empty: put {SUFFIXES_IN_WORDS} images there")
    structured = with_parts(root, images, masks, mask_folder)
    images = {name: paths for name, paths in images.items() if not set(paths) & structured.used}
    masks = {name: paths for name, paths in masks.items() if not set(paths) & structured.used}
    names = images.keys() | masks.keys()
    pairs = [pair(name, images, masks, IMAGES, mask_folder) for name in names]
    cases = sorted([*structured.cases, *pairs], key=lambda case: case.name)
    return Listing("per_structure" if structured.cases else "folders", tuple(cases))


def _flat(root: Path, kind: str, prefix: str = "", depth: int = 0) -> PathsByName:
    """The entries with those in folders, whose names then precede the files', as `P01_left`."""
    found: dict[str, list[str]] = {}
    for name, paths in list_entries(root, kind).items():
        for path in paths:
            inside = _flat(root, path, f"{prefix}{name}_", depth + 1) if _is_nest(root, path, depth) else {}
            for inner, inner_paths in inside.items():
                found.setdefault(inner, []).extend(inner_paths)
            if not inside:
                found.setdefault(f"{prefix}{name}", []).append(path)
    return found


def _is_nest(root: Path, path: str, depth: int) -> bool:
    return depth < _MAX_DEPTH and is_plain_folder(root, path)


def _mask_folder(root: Path) -> str:
    found = ", ".join(sorted(path.name + "/" for path in root.iterdir() if path.is_dir())) or "none"
    if not (root / IMAGES).is_dir():
        raise ValueError(
            f"{root} has no folder {IMAGES}/ (its folders: {found}): make {IMAGES}/ and {MASKS}/ with files of equal "
            "names"
        )
    present = [name for name in (MASKS, LABELS) if (root / name).is_dir()]
    if not present:
        raise ValueError(
            f"{root} has no folder {MASKS}/ or {LABELS}/ (its folders: {found}): make {IMAGES}/ and {MASKS}/ with "
            "files of equal names"
        )
    if len(present) > 1:
        raise ValueError(f"{root} has {MASKS}/ and {LABELS}/: keep the one with the reference, move the other away")
    return present[0]
