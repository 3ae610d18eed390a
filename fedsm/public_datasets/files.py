"""Finding files in downloaded folders, in an order that does not depend on the file system."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

#: What operating systems and archive programs leave.
_LITTER_FOLDERS = frozenset({"__macosx", ".git"})
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".ppm"})


def files_below(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """Files with one of the suffixes (lower case, with the dot), at any depth, sorted by path, links left out."""
    return [path for path in walk(folder) if path.name.lower().endswith(tuple(suffixes))]


def walk(folder: Path) -> Iterator[Path]:
    """Files at any depth in sorted order, without hidden ones and what archive programs leave."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.lower() in _LITTER_FOLDERS or path.is_symlink():
            continue
        if path.is_dir():
            yield from walk(path)
        elif path.is_file():
            yield path


def folders_below(folder: Path) -> Iterator[Path]:
    """The folder itself and every folder in it, parents first, in sorted order."""
    yield folder
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") or path.name.lower() in _LITTER_FOLDERS
        if path.is_dir() and not path.is_symlink() and not hidden:
            yield from folders_below(path)


def find_folders(source: Path, name: str) -> list[Path]:
    """Folders of that name, whatever its case, at any depth: archives unpack with or without a folder around them.

    Not the source itself, and of folders of that name within one another the outermost.
    """
    found: list[Path] = []
    for path in folders_below(source):
        if path != source and path.name.lower() == name.lower() and not (found and path.is_relative_to(found[-1])):
            found.append(path)
    return found


def by_stem(paths: Collection[Path]) -> dict[str, Path]:
    """Stem in lower case to path; the first in sorted order where two differ in their suffix only."""
    stems: dict[str, Path] = {}
    for path in sorted(paths):
        stems.setdefault(path.stem.lower(), path)
    return stems


def child(folder: Path, name: str) -> Path:
    """The entry of that name, whatever its case; where there is none, the path it would have."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.name.lower() == name.lower():
                return path
    return folder / name


def safe_name(text: str) -> str:
    """A file name without suffix: letters, digits, - and _ stay, everything else becomes _."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")
