"""From what a person names, files, folders and patterns, to single images with the names of their masks."""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.datasets.readers import is_companion_name, is_image_name, is_litter, looks_like_dicom, stem_of
from worker.datasets.readers.names import DICOM_SUFFIXES

_PATTERN = "*?["


@dataclass(frozen=True)
class Input:
    """path: a file, or the folder of a DICOM series. stem: what its masks are called, a path below the folder of
    masks."""

    path: Path
    stem: str


class NothingThere(ValueError):
    """The text names the path and the remedy."""


def find_inputs(paths: Iterable[Path], out: Path) -> list[Input]:
    """In the order of `paths`, a folder's images by name; none twice, and none of `out`. Raises NothingThere."""
    found: dict[Path, str] = {}
    masks = out.resolve()
    for given in paths:
        images = [(image, stem) for path in _matching(given) for image, stem in _images_at(path, masks)]
        if not images:
            raise NothingThere(
                f"{given} holds no image that can be read: give images, folders of them, or DICOM series"
            )
        for image, stem in images:
            found.setdefault(image, stem)
    return _with_different_stems(found)


@dataclass(frozen=True)
class ToSend:
    """One image as it is sent. paths: its file, its folder, or all its files. stem: as of `Input`."""

    paths: tuple[Path, ...]
    stem: str


def images_of(paths: Sequence[Path], out: Path) -> list[ToSend]:
    """The images of what a person names: the data of a header goes with it, and DICOM files are one image.

    Raises NothingThere.
    """
    headers = {path.with_suffix("") for path in paths if is_image_name(path.name) and not is_companion_name(path.name)}
    named = [path for path in paths if not (is_companion_name(path.name) and _without_suffixes(path) in headers)]
    if len(named) > 1 and all(path.is_file() and looks_like_dicom(path) for path in named):
        return [ToSend(tuple(named), stem_of(named[0].name))]
    return [ToSend((each.path,), each.stem) for each in find_inputs(named, out)]


def different_stems(names: Sequence[Path]) -> list[str]:
    """What the masks of files with these names are called; of two of one name the second has a number."""
    found: list[str] = []
    for name in names:
        stem = name.stem if name.suffix.lower() == ".zip" else stem_of(name.name)
        number, unique = 2, stem
        while unique in found:
            unique, number = f"{stem}-{number}", number + 1
        found.append(unique)
    return found


def _without_suffixes(path: Path) -> Path:
    """Of `a.raw` and of `a.raw.gz` alike."""
    return path.with_name(path.name.split(".")[0]) if path.suffix == ".gz" else path.with_suffix("")


def _matching(given: Path) -> list[Path]:
    if given.exists():
        return [given]
    if any(character in str(given) for character in _PATTERN):
        if matching := sorted(map(Path, glob.glob(str(given), recursive=True))):
            return matching
        raise NothingThere(f"no file matches {given}: give another pattern")
    raise NothingThere(f"{given} is not there: give the path of an image or of a folder")


def _images_at(path: Path, masks: Path) -> Iterator[tuple[Path, str]]:
    """Each image and its stem. What is named itself is taken whatever its name is: reading it says what is wrong."""
    if path.is_file():
        yield path, path.stem if path.suffix.lower() == ".zip" else stem_of(path.name)
    elif _is_series(path):
        yield path, path.resolve().name
    else:
        yield from _images_below(path, masks)


def _images_below(top: Path, masks: Path) -> Iterator[tuple[Path, str]]:
    for root, folders, names in os.walk(top):
        folder = Path(root)
        folders[:] = sorted(name for name in folders if not is_litter(name) and (folder / name).resolve() != masks)
        if folder != top and _is_series(folder):
            folders.clear()
            yield folder, str(folder.relative_to(top))
            continue
        for name in sorted(names):
            if is_image_name(name) and not is_companion_name(name) and not is_litter(name):
                yield folder / name, str(folder.relative_to(top) / stem_of(name))


def _is_series(folder: Path) -> bool:
    """Whether there are DICOM files in it, and no image of another kind."""
    names = [path for path in folder.iterdir() if path.is_file() and not is_litter(path.name)]
    others = [path for path in names if is_image_name(path.name) and not path.name.lower().endswith(DICOM_SUFFIXES)]
    return not others and any(looks_like_dicom(path) for path in names)


def _with_different_stems(found: dict[Path, str]) -> list[Input]:
    """Of images whose masks would have one name, each has its whole name; of those of one name, a number."""
    stems = list(found.values())
    inputs: list[Input] = []
    taken: set[str] = set()
    for path, stem in found.items():
        name = stem if stems.count(stem) == 1 else str(Path(stem).parent / path.name)
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique)
        inputs.append(Input(path, unique))
    return inputs
