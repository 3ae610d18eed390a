"""Which files a reader knows by their names, and which files belong to one image or mask."""

from pathlib import Path
from typing import Literal

from backend.contracts.image_formats import FORMATS, ReaderKind, in_words, suffixes_of
from worker.datasets.files import UnsafeFile, resolve_inside

Kind = ReaderKind | Literal["dicom_series"]

NRRD_SUFFIXES = suffixes_of("NRRD")
DICOM_SUFFIXES = suffixes_of("DICOM")
_PICTURE_SUFFIXES = tuple(suffix for entry in FORMATS if entry.kind == "picture" for suffix in entry.suffixes)
SUFFIXES = tuple(suffix for entry in FORMATS for suffix in entry.suffixes)
SUFFIXES_IN_WORDS = in_words()
#: Suffixes of the second file of a pair, which is read with the first and is no case of its own.
COMPANION_SUFFIXES = (".img.gz", ".img", ".raw.gz", ".zraw", ".raw")
#: Files that operating systems, network drives and DICOM media leave in folders, as are names that start with a dot.
LITTER = frozenset({
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "dicomdir", "@eadir", "@tmp", "__macosx",
    "#recycle", "$recycle.bin", "lost+found", "system volume information", "icon\r",
})  # fmt: skip
#: Suffixes of files that people and converters such as dcm2niix and labelme leave next to images; none is an image.
NOTE_SUFFIXES = (
    ".txt", ".json", ".xml", ".csv", ".tsv", ".md", ".rst", ".pdf", ".html", ".log", ".yaml", ".yml", ".toml", ".ini",
    ".bval", ".bvec", ".bvals", ".bvecs", ".xlsx", ".xls", ".docx", ".doc", ".db", ".lnk", ".tmp", ".bak", ".md5",
    ".sha256", ".py", ".m", ".sh",
)  # fmt: skip
#: Names of such files without a suffix.
NOTE_NAMES = frozenset({"readme", "license", "licence", "changes", "changelog", "version", "md5sums", "sha256sums"})
MAX_SERIES_FILES = 20_000


def stem_of(name: str) -> str:
    """The case's name, without a known suffix: `a.nii.gz` gives `a`, and the folder `1.2.840` gives itself."""
    lower = name.lower()
    if lower != lower.rstrip():  # a blank after the suffix, which nobody sees
        return stem_of(name.rstrip())
    for suffix in (*SUFFIXES, *COMPANION_SUFFIXES):
        if lower.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def is_image_name(name: str) -> bool:
    """Whether the name ends as one of the formats. DICOM files may have any name: see `is_dicom_series`."""
    return name.lower().rstrip().endswith(SUFFIXES)


def is_companion_name(name: str) -> bool:
    """Whether this is the data of a header in the same folder, as `a.img` of `a.hdr` and `a.raw` of `a.mhd`."""
    return name.lower().rstrip().endswith(COMPANION_SUFFIXES)


def is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in LITTER


def is_note(name: str) -> bool:
    """Whether this is a file that says something about images and is none, such as a sidecar or a README."""
    lower = name.lower().rstrip()
    return lower.endswith(NOTE_SUFFIXES) or lower in NOTE_NAMES


def kind_of(folder: Path, relative: str) -> Kind:
    """The kind of a file: by its name, and for other names by the four letters of DICOM. Raises UnsafeFile.

    A known name is not followed to where it leads: who reads the file does that."""
    if (folder / relative).is_dir():
        return "dicom_series"
    lower = relative.lower().rstrip()
    for entry in FORMATS:
        if lower.endswith(entry.suffixes):
            return entry.kind
    if looks_like_dicom(resolve_inside(folder, relative)):
        return "dicom"
    if is_companion_name(relative):
        raise UnsafeFile("is the data of a header: give the .hdr, .mhd or .nhdr file next to it")
    raise UnsafeFile(f"is not called a {SUFFIXES_IN_WORDS} file: convert or rename it")


def looks_like_dicom(path: Path) -> bool:
    """Whether the letters DICM follow 128 bytes. False where the file cannot be read."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except PermissionError:
        return False


def is_dicom_series(folder: Path, relative: str) -> bool:
    """Whether this is a folder with at least one DICOM file in it."""
    path = resolve_inside(folder, relative)
    return path.is_dir() and any(looks_like_dicom(file) for file in path.iterdir() if not is_litter(file.name))


def _is_preview(path: Path) -> bool:
    """Whether this is a picture such as viewers leave next to the slices of a series."""
    return path.name.lower().rstrip().endswith(_PICTURE_SUFFIXES) and not looks_like_dicom(path)


def series_files(folder: Path, relative: str) -> list[str]:
    """The files of a series folder, relative to the data set's folder, in name order. Raises UnsafeFile."""
    path = resolve_inside(folder, relative)
    try:
        entries = list(path.iterdir())
    except PermissionError:
        raise UnsafeFile("may not be read: give the worker's user permission to read it") from None
    names: list[str] = []
    for entry in entries:
        if is_litter(entry.name) or is_note(entry.name) or _is_preview(entry):
            continue
        if entry.is_dir():
            raise UnsafeFile(f"holds the folder {entry.name}/: put the slices of one series directly into {relative}/")
        names.append(entry.name)
        if len(names) > MAX_SERIES_FILES:
            raise UnsafeFile(f"holds more than {MAX_SERIES_FILES} files: keep one series in each folder")
    if not names:
        raise UnsafeFile(
            "is a folder without any DICOM file: put the slices of one series there, or, of a mask, a file for each "
            "structure"
        )
    return [f"{relative}/{name}" for name in sorted(names)]
