"""`images/` and `masks/` (or `labels/`) that hold files of equal names; their suffixes may differ."""

from pathlib import Path

from worker.datasets.layouts.entries import list_entries, pair
from worker.datasets.layouts.model import Listing
from worker.datasets.readers import SUFFIXES_IN_WORDS

IMAGES, MASKS, LABELS = "images", "masks", "labels"


def list_folders(root: Path) -> Listing:
    """Raises ValueError where one of the two folders is missing or there are no images."""
    mask_folder = _mask_folder(root)
    images, masks = list_entries(root, IMAGES), list_entries(root, mask_folder)
    if not images:
        raise ValueError(f"{root / IMAGES} is empty: put {SUFFIXES_IN_WORDS} images there")
    names = sorted(images.keys() | masks.keys())
    return Listing("folders", tuple(pair(name, images, masks, IMAGES, mask_folder) for name in names))


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
