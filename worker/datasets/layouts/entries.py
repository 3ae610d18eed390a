"""What a folder of images or masks holds, by case name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from worker.datasets.layouts.model import ListedCase, Skip
from worker.datasets.readers import (
    is_companion_name,
    is_dicom_series,
    is_image_name,
    is_litter,
    looks_like_dicom,
    stem_of,
)

#: Case name to the paths below the root that have this name.
PathsByName = Mapping[str, Sequence[str]]


def list_entries(root: Path, kind: str) -> PathsByName:
    """The files of the folder `kind`, and its folders that hold a DICOM series.

    Raises ValueError where the folder leads outside, or may not be read."""
    if not (root / kind).resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{root / kind} is a symbolic link that leads outside of {root}: use a real folder")
    try:
        entries = sorted((root / kind).iterdir())
    except PermissionError as error:
        raise ValueError(f"{error.filename} may not be read: give the worker's user permission to read it") from None
    found: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if not is_litter(entry.name) and not is_companion_name(entry.name):
            found[name_of(root, f"{kind}/{entry.name}")].append(f"{kind}/{entry.name}")
    return dict(found)


def name_of(root: Path, relative: str) -> str:
    """The case's name: the file's without its suffix; whole for DICOM, whose names are numbers with dots."""
    path = Path(relative)
    if is_image_name(path.name):
        return stem_of(path.name)
    try:
        whole = is_dicom_series(root, relative) or looks_like_dicom(root / relative)
    except ValueError:  # outside of the folder: reading it says so
        whole = False
    return path.name if whole else path.stem


def pair(name: str, images: PathsByName, masks: PathsByName, image_folder: str, mask_folder: str) -> ListedCase:
    """Its skip says where one of the two is missing, or is there twice."""
    image = images[name][0] if name in images else f"{image_folder}/{name}"
    mask = masks[name][0] if name in masks else None
    return ListedCase(name, image, mask, _pairing_problem(name, images, masks, image_folder, mask_folder))


def _pairing_problem(
    name: str, images: PathsByName, masks: PathsByName, image_folder: str, mask_folder: str
) -> Skip | None:
    if name not in images:
        return Skip(
            "no_image", f"{masks[name][0]} has no image of the same name in {image_folder}/: add it, or remove the mask"
        )
    if name not in masks:
        example = ".nii.gz" if images[name][0].endswith((".nii.gz", ".nii")) else ".png"
        return Skip(
            "no_mask",
            f"{images[name][0]} has no mask of the same name in {mask_folder}/: add {mask_folder}/{name}{example}",
        )
    for paths in (images[name], masks[name]):
        if len(paths) > 1:
            return Skip("duplicate", f"{' and '.join(paths)} have the same name: keep one of them")
    return None
