"""A data set as a folder: `images/` and `masks/` that hold files of equal names (their suffixes may differ)."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.contracts.datasets import CaseFile, CheckedCase, Reading, SplitFractions
from backend.contracts.task_definition import SegmentationTask
from worker.datasets.check import (
    CasePaths,
    DecodedCase,
    Readable,
    Skip,
    StructureMasks,
    check_case,
    grey_histogram,
    labels_of,
    skipped,
    structure_masks,
)
from worker.datasets.files import UnsafeFile, read_bytes_inside, sha256_of
from worker.datasets.images import (
    SUFFIXES,
    SUFFIXES_IN_WORDS,
    ImageArray,
    Undecodable,
    WrongChannels,
    decode_image,
    decode_mask,
)
from worker.datasets.split import split_names

IMAGES, MASKS = "images", "masks"
NUM_HISTOGRAM_BINS = 32
#: What operating systems leave in folders.
_LITTER = frozenset({"thumbs.db", "desktop.ini"})

#: Sees each used case while it is decoded; may raise to stop the check.
Visit = Callable[[DecodedCase], None]


@dataclass(frozen=True)
class FolderCheck:
    """Every case in name order, used or not, and the share of used pixels in each bin of grey value."""

    cases: tuple[CheckedCase, ...]
    intensity_histogram: tuple[float, ...]


def check_folder(
    folder: str | Path, task: SegmentationTask, fractions: SplitFractions, seed: int, visit: Visit | None = None
) -> FolderCheck:
    """Reads every file once. The first of several cases with the same pixels is used, the others are duplicates.

    Raises ValueError, with the path and the remedy, when there is no such folder or nothing in it.
    """
    root = Path(folder)
    split_names((), fractions, seed)  # bad fractions are told before an hour of reading
    images, masks = _list_folder(root)
    names = sorted(images.keys() | masks.keys())
    cases: list[CheckedCase] = []
    first_with_pixels: dict[str, str] = {}
    histogram = np.zeros(NUM_HISTOGRAM_BINS, dtype=np.int64)
    for position, name in enumerate(names):
        try:
            readable = check_case(root, _pair(name, images, masks), task)
            _require_new(readable, first_with_pixels)
        except Skip as skip:
            cases.append(skipped(_unchecked(name, images, masks), skip))
            continue
        cases.append(readable.checked)
        histogram += grey_histogram(readable.image, NUM_HISTOGRAM_BINS)
        if visit is not None:
            visit(DecodedCase(name, readable.image, readable.structures, (position + 1) / len(names)))
    return FolderCheck(_with_splits(cases, fractions, seed), _shares(histogram))


@dataclass(frozen=True, eq=False)
class ReadCase:
    """A checked case, read again. `structures` are in the order of the task's.

    image: [H, W, C] or [D, H, W, C]. structures: [S, H, W] or [S, D, H, W] bool. spacing: mm in array order, None
    where unknown. affine: 4 x 4, from voxel indices (i, j, k) of the array's last, middle and first axis to mm in LPS,
    None of pictures.
    """

    image: ImageArray
    structures: StructureMasks
    spacing: tuple[float, ...] | None
    affine: NDArray[np.float64] | None


def read_case(folder: str | Path, case: CaseFile, task: SegmentationTask, reading: Reading | None = None) -> ReadCase:  # noqa: ARG001 label maps come with the readers
    """A case that was checked before, read as its manifest's `reading` says.

    Raises ValueError where a file is gone, or is no longer the one that was checked.
    """
    root = Path(folder)
    try:
        image = decode_image(_read_unchanged(root, case.image, case.image_sha256), task.num_channels)
        mask, _ = decode_mask(_read_unchanged(root, case.mask, case.mask_sha256))
    except (UnsafeFile, Undecodable, WrongChannels) as error:
        raise ValueError(f"case {case.name} in {root}: {case.image} or {case.mask} {error}") from error
    return ReadCase(image, structure_masks(labels_of(mask, task), task), spacing=None, affine=None)


def _read_unchanged(folder: Path, path: str, sha256: str) -> bytes:
    try:
        data = read_bytes_inside(folder, path)
    except UnsafeFile as error:
        raise ValueError(f"{folder / path} {error}") from None
    if sha256_of(data) != sha256:
        raise ValueError(
            f"{folder / path} changed since the data set was checked (SHA-256 {sha256_of(data)[:12]}..., was "
            f"{sha256[:12]}...): restore the file, or check the data set again and start a new experiment"
        )
    return data


def _list_folder(folder: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Stem to paths below the folder, of images and of masks."""
    if not folder.is_dir():
        problem = "is a file, not a folder" if folder.exists() else "is not there"
        raise ValueError(f"{folder} {problem}: give a folder, on the site's own machine, with {IMAGES}/ and {MASKS}/")
    images, masks = _list_files(folder, IMAGES), _list_files(folder, MASKS)
    if not images:
        raise ValueError(f"{folder / IMAGES} is empty: put {SUFFIXES_IN_WORDS} images there")
    return images, masks


def _list_files(folder: Path, kind: str) -> dict[str, list[str]]:
    try:
        if not (folder / kind).is_dir():
            found = ", ".join(sorted(path.name + "/" for path in folder.iterdir() if path.is_dir())) or "none"
            raise ValueError(
                f"{folder} has no folder {kind}/ (its folders: {found}): make {IMAGES}/ and {MASKS}/ with files of "
                "equal names"
            )
        if not (folder / kind).resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{folder / kind} is a symbolic link that leads outside of {folder}: use a real folder")
        names = sorted(path.name for path in (folder / kind).iterdir())
    except PermissionError as error:
        raise ValueError(f"{error.filename} may not be read: give the worker's user permission to read it") from None
    stems: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        if not name.startswith(".") and name.lower() not in _LITTER:
            stems[Path(name).stem].append(f"{kind}/{name}")
    return dict(stems)


def _pair(name: str, images: Mapping[str, Sequence[str]], masks: Mapping[str, Sequence[str]]) -> CasePaths:
    """Raises Skip where one of the two is missing, is there twice, or is of another format."""
    if name not in images:
        raise Skip(
            "no_image", f"{masks[name][0]} has no image of the same name in {IMAGES}/: add it, or remove the mask"
        )
    if name not in masks:
        raise Skip("no_mask", f"{images[name][0]} has no mask of the same name in {MASKS}/: add {MASKS}/{name}.png")
    for paths in (images[name], masks[name]):
        if len(paths) > 1:
            raise Skip("duplicate", f"{' and '.join(paths)} have the same name: keep one of them")
    image, mask = images[name][0], masks[name][0]
    if Path(image).suffix.lower() not in SUFFIXES:
        raise Skip("unreadable_image", f"{image} is not called a {SUFFIXES_IN_WORDS} file: convert or rename it")
    if Path(mask).suffix.lower() not in SUFFIXES:
        raise Skip("unreadable_mask", f"{mask} is not called a {SUFFIXES_IN_WORDS} file: convert or rename it")
    return CasePaths(name, image, mask)


def _unchecked(name: str, images: Mapping[str, Sequence[str]], masks: Mapping[str, Sequence[str]]) -> CheckedCase:
    """Where there is a mask only, `image` says where the image was looked for."""
    image = images[name][0] if name in images else f"{IMAGES}/{name}"
    return CheckedCase(name=name, image=image, mask=masks[name][0] if name in masks else None)


def _require_new(readable: Readable, first_with_pixels: dict[str, str]) -> None:
    name = readable.checked.name
    first = first_with_pixels.setdefault(readable.pixel_hash, name)
    if first != name:
        raise Skip(
            "duplicate",
            f"{readable.checked.image} has the same pixels as case {first}, which is used: remove one of the two, "
            "for one could train and the other test",
        )


def _with_splits(cases: Sequence[CheckedCase], fractions: SplitFractions, seed: int) -> tuple[CheckedCase, ...]:
    splits = split_names([case.name for case in cases if case.reason_code is None], fractions, seed)
    return tuple(case.model_copy(update={"split": splits.get(case.name)}) for case in cases)


def _shares(histogram: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> tuple[float, ...]:
    """Empty where no case is used."""
    total = int(histogram.sum())
    return tuple(float(count) / total for count in histogram) if total else ()
