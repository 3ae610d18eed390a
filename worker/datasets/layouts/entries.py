"""What a folder of images or masks holds, by case name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from worker.datasets.layouts.model import ListedCase, Skip
from worker.datasets.names import same_name
from worker.datasets.readers import (
    is_companion_name,
    is_dicom_series,
    is_image_name,
    is_litter,
    is_note,
    looks_like_dicom,
    stem_of,
)

#: Case name to the paths below the root that have this name.
PathsByName = Mapping[str, Sequence[str]]


def list_entries(root: Path, kind: str) -> PathsByName:
    """The files of the folder `kind`, and its folders, by case name.

    What is no image by its name or content stands for a case only where no image has the same name; sidecars, notes and
    what operating systems leave never do. Raises ValueError where the folder leads outside, or may not be read.
    """
    if not (root / kind).resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{root / kind} is a symbolic link that leads outside of {root}: use a real folder")
    try:
        entries = sorted((root / kind).iterdir())
    except PermissionError as error:
        raise ValueError(f"{error.filename} may not be read: give the worker's user permission to read it") from None
    images: defaultdict[str, list[str]] = defaultdict(list)
    others: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        relative = f"{kind}/{entry.name}"
        if is_litter(entry.name) or is_companion_name(entry.name):
            continue
        is_image = is_image_name(entry.name) or _is_dicom(root, relative)
        if is_image or not is_note(entry.name):
            (images if is_image else others)[name_of(root, relative)].append(relative)
    return {**others, **images}


def is_plain_folder(root: Path, relative: str) -> bool:
    """Whether this is a folder inside the root that is no DICOM series."""
    path = root / relative
    return path.is_dir() and path.resolve().is_relative_to(root.resolve()) and not _is_dicom(root, relative)


def name_of(root: Path, relative: str) -> str:
    """The case's name: the file's without its suffix; the whole name for DICOM, whose names are numbers with dots, and
    for folders.

    Names that look alike are one name, see `same_name`.
    """
    path = Path(relative)
    if is_image_name(path.name):
        name = stem_of(path.name)
    else:
        name = path.name if _is_dicom(root, relative) or (root / relative).is_dir() else path.stem
    return same_name(name) or name


def _is_dicom(root: Path, relative: str) -> bool:
    try:
        return is_dicom_series(root, relative) or looks_like_dicom(root / relative)
    except (ValueError, OSError):  # outside of the folder, or a link that leads nowhere: reading it says so
        return False


def pair(name: str, images: PathsByName, masks: PathsByName, image_folder: str, mask_folder: str) -> ListedCase:
    """A case of an image and a mask, with a skip where one of the two is missing or exists twice."""
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
            return several(paths)
    return None


def several(paths: Sequence[str]) -> Skip:
    """The skip of a case with several files where one is expected."""
    stems = {stem_of(Path(path).name) for path in paths}
    alike = "have the same name"
    if len(stems) > 1 and len({same_name(stem) for stem in stems}) == 1:
        alike = "have names that look the same (they differ in blanks, or in how Unicode writes their letters)"
    return Skip("duplicate", f"{' and '.join(paths)} {alike}: keep one of them")
