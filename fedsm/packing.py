"""What is sent of an image on this machine: its only file, or a zip of all its files.

A DICOM series is a folder; a .mhd, .nhdr or .hdr file lies next to its data, which is found by the header. Nothing is
compressed, for most files of volumes are already.
"""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_HEADERS = (".mhd", ".nhdr", ".hdr")
_SUFFIXES_OF_TWO = (".nii.gz", ".seg.nrrd", ".img.gz", ".raw.gz")
#: As the server takes.
_MAX_FILES = 20_000


class CannotSend(ValueError):
    """What is not there, or is no image; the text names the path and the remedy."""


def stem_of(images: Sequence[Path]) -> str:
    """Of the files that are saved: of `eye.png` and `eye.nii.gz` eye, of a folder its name."""
    first = next((path for path in images if path.suffix.lower() in _HEADERS), images[0]).resolve()
    if first.is_dir():
        return first.name
    known = next((suffix for suffix in _SUFFIXES_OF_TWO if first.name.lower().endswith(suffix)), first.suffix)
    return first.name.removesuffix(first.name[-len(known) :] if known else "")


@contextmanager
def packed(images: Sequence[Path]) -> Iterator[tuple[str, IO[bytes]]]:
    """The name to send and the open file. images: one file, one folder, or the files of one image.

    Raises CannotSend.
    """
    files = _files(images)
    if len(files) == 1:
        with files[0][1].open("rb") as file:
            yield files[0][0], file
        return
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, path in files:
                archive.write(path, name)
        file.seek(0)
        yield f"{stem_of(images)}.zip", file


def _files(images: Sequence[Path]) -> list[tuple[str, Path]]:
    """Names in the zip and paths."""
    for path in images:
        if not path.exists():
            raise CannotSend(f"{path} is not there: give the path of an image")
    if any(path.is_dir() for path in images):
        if len(images) > 1:
            raise CannotSend("several paths, one of them a folder: give one folder with a DICOM series, or files alone")
        return _files_of_folder(images[0])
    if len(images) == 1 and images[0].suffix.lower() in _HEADERS:
        return _files_of_header(images[0])
    names = [path.name for path in images]
    if len(set(names)) < len(names):
        raise CannotSend("several files of one name: give the files of one image")
    return [(path.name, path) for path in images]


def _files_of_folder(folder: Path) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            found.append((str(path.relative_to(folder)), path))
        if len(found) > _MAX_FILES:
            raise CannotSend(f"{folder} holds more than {_MAX_FILES} files: give the folder of one series")
    if not found:
        raise CannotSend(f"{folder} is an empty folder: give the folder of a DICOM series")
    return found


def _files_of_header(header: Path) -> list[tuple[str, Path]]:
    from worker.datasets.files import UnsafeFile  # SimpleITK and others, only where they are needed
    from worker.datasets.readers import CannotRead, files_of

    folder = header.resolve().parent
    try:
        names = files_of(folder, header.name)
    except (UnsafeFile, CannotRead) as error:
        raise CannotSend(f"{header} {error}") from None
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise CannotSend(f"{header} names {', '.join(missing)}, which is not next to it: put both into one folder")
    return [(name, folder / name) for name in names]
