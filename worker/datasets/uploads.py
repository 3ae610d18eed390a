"""An image that a person sends: one file, or a zip with the files of one image (a DICOM series; a header and its data).

A zip is not trusted: the number and sizes of its files are bounded, and no name may lead out of the folder; links,
encryption and a zip within the zip are refused.
"""

import io
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from worker.datasets.files import MAX_FILE_BYTES, UnsafeFile
from worker.datasets.readers import CannotRead, is_companion_name, is_image_name, is_litter, looks_like_dicom
from worker.datasets.readers.errors import Undecodable
from worker.datasets.readers.names import DICOM_SUFFIXES, MAX_SERIES_FILES, NOTE_SUFFIXES
from worker.datasets.readers.values import MAX_DECODED_BYTES
from worker.datasets.readers.zip_listing import require_listing

_ZIP, _ARCHIVES = ".zip", (".zip", ".tar", ".tgz", ".7z", ".rar", ".jar")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MAX_DEPTH, _MAX_NAME = 20, 200
_MAX_BYTES = MAX_DECODED_BYTES
_ENCRYPTED = 0x1
#: The folder that macOS adds to the files.
_LITTER_FOLDER = "__MACOSX"


def store_upload(folder: Path, name: str, content: bytes) -> tuple[Path, str]:
    """Puts the image's files into an empty folder. Returns a folder and the path of the image in it: a file, or the
    folder of a series.

    Raises CannotRead or UnsafeFile, whose text is about the upload.
    """
    if name in (".", ".."):
        raise UnsafeFile("is no name of a file: give the image's own")
    if not name.lower().endswith(_ZIP):
        (folder / name).write_bytes(content)
        return folder, name
    root = folder / "files"
    root.mkdir()
    return _image_of(root, _unpack(root, content))


def _unpack(folder: Path, content: bytes) -> list[str]:
    require_listing(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            wanted = _wanted(members)
            for member, name in wanted:
                _write(archive, member, folder / name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        if isinstance(error, CannotRead | UnsafeFile):
            raise
        raise Undecodable("is a damaged zip file: make it again") from None
    return [name for _, name in wanted]


def _wanted(members: Sequence[zipfile.ZipInfo]) -> list[tuple[zipfile.ZipInfo, str]]:
    """The entries to unpack, and their paths in the folder. All are looked at before the first is written."""
    if len(members) > MAX_SERIES_FILES:
        raise UnsafeFile(f"holds {len(members)} files, more than {MAX_SERIES_FILES}: put one image into it")
    wanted = [(member, _safe_name(member.filename)) for member in members]
    wanted = [(member, name) for member, name in wanted if not _is_litter(name)]
    num_bytes = 0
    seen: set[str] = set()
    for member, name in wanted:
        _require_plain_file(member, name)
        num_bytes += member.file_size
        if num_bytes > _MAX_BYTES:
            raise UnsafeFile(f"holds more than {_MAX_BYTES / 2**30:.0f} GiB: crop the image, or send one series alone")
        if _folded(name) in seen:
            raise UnsafeFile(f"holds {name} twice: keep one of them")
        seen.add(_folded(name))
    return wanted


def _require_plain_file(member: zipfile.ZipInfo, name: str) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise UnsafeFile(f"holds {name}, which is a link or no regular file: put the file itself into it")
    if member.flag_bits & _ENCRYPTED:
        raise UnsafeFile("is encrypted: make it without a password")
    if member.compress_type not in _METHODS:
        raise UnsafeFile(f"holds {name} in a compression that is not read: make it with the usual one (deflate)")
    if member.file_size > MAX_FILE_BYTES:
        raise UnsafeFile(
            f"holds {name} of {member.file_size / 2**20:.0f} MiB, more than {MAX_FILE_BYTES // 2**20} MiB: make it "
            "smaller"
        )
    if name.lower().endswith(_ARCHIVES):
        raise UnsafeFile(f"holds {name}, an archive within the archive: put its files into the zip themselves")


def _safe_name(name: str) -> str:
    """The path below the folder; some programs write `\\` between folders. Raises UnsafeFile."""
    path = PurePosixPath(name.replace("\\", "/"))
    parts = path.parts
    is_plain = all(part.isprintable() and len(part) <= _MAX_NAME and part != ".." for part in parts)
    if not parts or path.is_absolute() or re.match(r"[A-Za-z]:", name) or not is_plain or len(parts) > _MAX_DEPTH:
        raise UnsafeFile(f"holds a file with the name {name[:100]!a}, which is no path within it: make it again")
    return str(path)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_litter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return _LITTER_FOLDER in parts or any(is_litter(part) for part in parts)


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Writes an entry, and never more than the listing says, which was checked against the bounds."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as packed, path.open("xb") as file:
            while part := packed.read(2**20):
                file.write(part)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise UnsafeFile(f"holds a file and a folder of one name ({path.name}): make it again") from None


def _image_of(root: Path, names: Sequence[str]) -> tuple[Path, str]:
    """The only image among the files. Raises UnsafeFile where there are several, or none."""
    images = sorted(name for name in names if is_image_name(name) and not name.lower().endswith(DICOM_SUFFIXES))
    slices = sorted(name for name in names if name not in images and _is_dicom(root, name))
    series = sorted({str(PurePosixPath(name).parent) for name in slices})
    if len(images) + len(series) > 1:
        listed = _in_words([*images, *(f"{name}/" for name in series)])
        raise UnsafeFile(f"holds {len(images) + len(series)} images or series ({listed}): send one at a time")
    if not images and not series:
        held = _in_words(sorted(names)) or "nothing"
        raise UnsafeFile(f"holds no image ({held}): put a DICOM series, or a header with its data, into it")
    only = [*images, *slices]
    return (root, only[0]) if len(only) == 1 else (root.parent, _series_folder(root, slices))


def _is_dicom(folder: Path, name: str) -> bool:
    if is_companion_name(name) or name.lower().endswith(NOTE_SUFFIXES):
        return False
    return name.lower().endswith(DICOM_SUFFIXES) or looks_like_dicom(folder / name)


def _series_folder(root: Path, slices: Sequence[str]) -> str:
    """A folder next to the root with the slices alone, because notes and previews may lie among them."""
    target = root.parent / "series"
    target.mkdir()
    for name in slices:
        (root / name).rename(target / PurePosixPath(name).name)
    return target.name


def _in_words(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more
