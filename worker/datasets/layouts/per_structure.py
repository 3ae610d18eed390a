"""Masks of one file for each structure, as TotalSegmentator and many annotation tools write them.

There are three arrangements: a folder for each case next to the images (`images/s0.nii.gz`, `masks/s0/liver.nii.gz`;
the image may lie in a folder of its own, `images/s0/ct.nii.gz`); a folder for each structure (`masks/liver/s0.nii.gz`);
and everything of a case in one folder (`s0/ct.nii.gz`, `s0/segmentations/liver.nii.gz`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from worker.datasets.layouts.entries import PathsByName, is_plain_folder, list_entries, name_of, several
from worker.datasets.layouts.model import ListedCase, Listing, Skip

#: Names of the folders with masks in a case's folder.
MASK_FOLDERS = ("segmentations", "masks", "labels", "structures", "segmentation", "mask")


@dataclass(frozen=True)
class Structured:
    """Cases with one file for each structure. used: the paths of images and masks that they take."""

    cases: tuple[ListedCase, ...]
    used: frozenset[str]


def with_parts(root: Path, images: PathsByName, masks: PathsByName, mask_folder: str) -> Structured:
    """The cases of folders of masks in which no file has an image with its own name.

    images, masks: also what lies in folders.
    """
    unpaired = {name: paths for name, paths in masks.items() if name not in images}
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for path in (path for paths in unpaired.values() for path in paths):
        if (parent := str(PurePosixPath(path).parent)) != mask_folder:
            folders[parent].append(path)
    alone = {name: paths[0] for name, paths in images.items() if name not in masks and len(paths) == 1}
    cases = [case for folder, paths in sorted(folders.items()) if (case := _case(root, folder, paths, alone))]
    of_cases = {path for case in cases for path in (case.image, *folders[str(case.mask)])}
    rest = {folder: paths for folder, paths in folders.items() if not set(paths) & of_cases}
    by_structure = _cases_of_structures(root, rest, alone, mask_folder)
    of_structures = {path for case in by_structure for path in (case.image, *case.parts.values())}
    return Structured((*_single_files(cases), *_single_files(by_structure)), frozenset(of_cases | of_structures))


def _single_files(cases: Sequence[ListedCase]) -> list[ListedCase]:
    """The cases as single masks: where every case has one file only, it may be a mask of labels, whatever its name
    is."""
    if any(len(case.parts) != 1 for case in cases):
        return list(cases)
    return [replace(case, mask=next(iter(case.parts.values()))) for case in cases]


def _case(root: Path, folder: str, paths: Sequence[str], images: Mapping[str, str]) -> ListedCase | None:
    """The case of a folder of masks with the name of an image, or of a folder with one image; else None."""
    inside = PurePosixPath(*PurePosixPath(folder).parts[1:])
    name = "_".join(name_of(root, part) for part in inside.parts)
    image = images.get(name)
    if image is None:
        nested = [path for path in images.values() if PurePosixPath(*PurePosixPath(path).parts[1:]).parent == inside]
        if len(nested) != 1:
            return None
        image = nested[0]
    parts, skip = _parts(root, name, paths)
    return ListedCase(name, image, folder, skip, parts=parts)


def _cases_of_structures(
    root: Path, folders: Mapping[str, Sequence[str]], images: Mapping[str, str], mask_folder: str
) -> list[ListedCase]:
    """The cases of folders with the names of structures, whose files have the names of the images."""
    parts: defaultdict[str, dict[str, str]] = defaultdict(dict)
    twice: dict[str, Skip] = {}
    for folder, paths in sorted(folders.items()):
        structure = name_of(root, folder)
        for path in paths:
            name = name_of(root, path)
            if name in images and structure in parts[name]:
                twice[name] = several((parts[name][structure], path))
            elif name in images:
                parts[name][structure] = path
    return [
        ListedCase(name, images[name], mask_folder, twice.get(name), parts=found)
        for name, found in sorted(parts.items())
        if found
    ]


def list_case_folders(root: Path) -> Listing:
    """The cases of `s0/ct.nii.gz` with `s0/segmentations/liver.nii.gz`. Raises ValueError where there is no such
    folder."""
    folders = [name for name in _folders(root) if _masks_in(root, name)]
    if not folders:
        raise ValueError(
            f"{root} has neither images/ and masks/, nor a folder for each case with an image and a folder "
            f"{MASK_FOLDERS[0]}/ in it: arrange it as one of the two"
        )
    cases = _single_files([_of_case_folder(root, name) for name in _folders(root)])
    return Listing("per_structure", tuple(sorted(cases, key=lambda case: case.name)))


def has_case_folders(root: Path) -> bool:
    return any(_masks_in(root, name) for name in _folders(root))


def _of_case_folder(root: Path, folder: str) -> ListedCase:
    name, mask_folder = name_of(root, folder), _masks_in(root, folder)
    found = list_entries(root, folder)
    images = [path for paths in found.values() for path in paths if not is_plain_folder(root, path)]
    if not images:
        return ListedCase(name, folder, mask_folder, Skip("no_image", f"{folder}/ holds no image: add it"))
    if mask_folder is None:
        text = f"{folder}/ has no folder {MASK_FOLDERS[0]}/: add one with a file for each structure"
        return ListedCase(name, images[0], None, Skip("no_mask", text))
    paths = [path for paths in list_entries(root, mask_folder).values() for path in paths]
    parts, skip = _parts(root, name, paths)
    if len(images) > 1:
        skip = Skip("duplicate", f"{' and '.join(images)} are images of one case: keep one of them")
    return ListedCase(name, images[0], mask_folder, skip, parts=parts)


def _folders(root: Path) -> list[str]:
    paths = [path for paths in list_entries(root, ".").values() for path in paths]
    return [str(PurePosixPath(path)) for path in paths if is_plain_folder(root, path)]


def _masks_in(root: Path, folder: str) -> str | None:
    return next((f"{folder}/{name}" for name in MASK_FOLDERS if (root / folder / name).is_dir()), None)


def _parts(root: Path, case: str, paths: Sequence[str]) -> tuple[dict[str, str], Skip | None]:
    """Files by the structures' names, without the case's name where files carry it, as `s0_liver.nii.gz`."""
    parts: dict[str, str] = {}
    for path in sorted(paths):
        name = _without(name_of(root, path), case)
        if name in parts:
            return parts, several((parts[name], path))
        parts[name] = path
    return parts, None if parts else Skip("no_mask", f"the folder of masks of {case} is empty: add the masks")


def _without(name: str, case: str) -> str:
    for separator in "_-. ":
        for short in (name.removeprefix(case + separator), name.removesuffix(separator + case)):
            if short and short != name:
                return short
    return name
