"""The header of a NRRD or MetaImage file, read before SimpleITK opens it.

SimpleITK fills in what a header does not say (1 mm, no rotation), makes a flip of a negative spacing, takes memory for
whatever a header declares, and opens whatever file it names. What a header says is therefore checked here first.

Sources: teem.sourceforge.net/nrrd/format.html; the documentation of MetaIO, whose reader takes `=` and `:` alike.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from worker.datasets.files import UnsafeFile, resolve_inside
from worker.datasets.readers.errors import Undecodable, WrongDimensions
from worker.datasets.readers.length_units import MM_OF_UNIT
from worker.datasets.readers.model import Segment
from worker.datasets.readers.names import NRRD_SUFFIXES
from worker.datasets.readers.values import require_size, require_sizes

#: Maximum bytes of a header; that of a segmentation with 100 segments has 80 kB.
_MAX_HEADER_BYTES = 2**20
_MAX_AXES = 16
#: Maximum characters of a NRRD's field. The library below SimpleITK has room for 1000 where it tells of a field that it
#: cannot read, and ends the process over more; `content`, any text, is always read.
_MAX_FIELD = 800
#: Kinds of a NRRD's axis that are places, not values at a place.
_SPATIAL_KINDS = ("domain", "space", "???", "")
#: Spaces of the patient, as LPS; `scanner-xyz` and others are not.
_PATIENT_SPACES = re.compile(
    r"(left|right)-(anterior|posterior)-(superior|inferior)(-time)?|(las|ras|lps)t?", re.IGNORECASE
)
_NUMBER = r"[-+.\w]+"
#: What the name of a MetaImage's field is made of.
_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_ ")
_NO_HEADER = "is no NRRD or MetaImage file, or is damaged: export or copy it again"


@dataclass(frozen=True)
class ItkHeader:
    """A header as read.

    fields: by name in small letters without blanks; the first of equals.
    pairs: a NRRD's `key:=value`.
    data_files: all that are named, because of two SimpleITK could take the other.
    has_end: whether the header ends.
    """

    is_nrrd: bool
    fields: Mapping[str, str]
    pairs: Mapping[str, str]
    data_files: tuple[str, ...]
    has_end: bool

    @property
    def says_orientation(self) -> bool:
        if self.is_nrrd:
            return "spacedirections" in self.fields
        return any(name in self.fields for name in ("transformmatrix", "rotation", "orientation"))

    @property
    def names_spacing(self) -> bool:
        """Whether a NRRD has a field of the voxels' size, also one that says that it is unknown."""
        return self.is_nrrd and ("spacedirections" in self.fields or "spacings" in self.fields)

    @property
    def is_of_patient(self) -> bool:
        """Whether the orientation is that of a person, which a MetaImage's always counts as."""
        named = _PATIENT_SPACES.fullmatch(self.fields.get("space", "").strip())
        return self.says_orientation and (not self.is_nrrd or named is not None)


def read_header(folder: Path, relative: str) -> ItkHeader:
    """The header, by the suffix, which must match the content. Raises UnsafeFile."""
    try:
        with resolve_inside(folder, relative).open("rb") as file:
            text = file.read(_MAX_HEADER_BYTES).decode("latin-1")
    except PermissionError:
        raise UnsafeFile("may not be read: give the worker's user permission to read it") from None
    is_nrrd = relative.lower().endswith(NRRD_SUFFIXES)
    if text.startswith("NRRD") != is_nrrd:
        raise UnsafeFile(_NO_HEADER)
    return _of_nrrd(text) if is_nrrd else _of_meta_image(text)


def _of_nrrd(text: str) -> ItkHeader:
    """The header of a NRRD, which ends with an empty line, or with the file where its data are in another one."""
    unified = text.replace("\r\n", "\n")
    head, end, _ = unified.partition("\n\n")
    if not end and len(text) == _MAX_HEADER_BYTES:
        raise UnsafeFile(f"has a header of more than {_MAX_HEADER_BYTES // 2**20} MiB: export it again")
    fields: dict[str, str] = {}
    pairs: dict[str, str] = {}
    data_files: list[str] = []
    for line in head.split("\n")[1:]:
        if line.startswith("#"):
            continue
        key, is_pair, value = line.partition(":=")
        if is_pair and ": " not in key:
            pairs[key.strip()] = value.strip()
            continue
        name, separator, value = line.partition(":")
        name = _folded(name[:_MAX_FIELD])
        if len(line) > _MAX_FIELD and name != "content":
            raise UnsafeFile(f"has a header with a line of {len(line)} characters ({line[:40]!a}...): export it again")
        if separator:
            fields.setdefault(name, value.strip())
            if name == "datafile":
                data_files.append(value.strip())
    return ItkHeader(True, fields, pairs, tuple(data_files), bool(end))


def _of_meta_image(text: str) -> ItkHeader:
    fields: dict[str, str] = {}
    data_files: list[str] = []
    for line in re.split(r"\r\n|\r|\n", text):
        name, separator, value = line.partition("=" if ":" not in line.partition("=")[0] else ":")
        name, value = name.strip(), value.strip()
        if not separator or not name or not _NAME_LETTERS.issuperset(name):
            if data_files:
                break  # the voxels
            continue
        name = _folded(name)
        fields.setdefault(name, value)
        if name == "elementdatafile":
            data_files.append(value)
            if value.upper() == "LOCAL":
                break
    return ItkHeader(False, fields, {}, tuple(data_files), bool(data_files))


def _folded(name: str) -> str:
    return re.sub(r"\s", "", name).lower()


def require_bounded(header: ItkHeader, num_file_bytes: int) -> None:
    """Raises Undecodable or WrongDimensions for too large a size, before SimpleITK takes memory.

    Sizes that are no numbers are left to SimpleITK, which refuses them.
    """
    num_axes = _first_number(header.fields.get("dimension" if header.is_nrrd else "ndims"))
    if num_axes is not None and not 1 <= num_axes <= _MAX_AXES:
        raise WrongDimensions(f"says to have {num_axes} axes: save one volume in each file")
    sizes = _numbers(header.fields.get("sizes" if header.is_nrrd else "dimsize", ""))
    channels = _first_number(header.fields.get("elementnumberofchannels")) or 1
    if sizes:
        require_size((*(int(size) for size in sizes if np.isfinite(size)), channels), 1)
    compressed = _first_number(header.fields.get("compresseddatasize")) or 0
    if compressed > num_file_bytes:
        raise Undecodable(
            f"says to hold {compressed} bytes of compressed voxels, but its file has {num_file_bytes}: copy it again"
        )


def mm_of_unit(header: ItkHeader) -> float:
    """Millimetres in the header's unit of length; SimpleITK takes every number as millimetres.

    Raises Undecodable where the unit is unknown, or another one for each axis.
    """
    text = header.fields.get("spaceunits", header.fields.get("units", "")) if header.is_nrrd else ""
    names = re.findall(r'"([^"]*)"', text) or ([text] if text else [])
    if "spaceunits" not in header.fields:
        names = [name for axis, name in enumerate(names[:_MAX_AXES]) if _is_spatial(header, axis)]
    factors = {MM_OF_UNIT.get(_folded(name)) for name in names[:3]} or {1.0}
    factor = factors.pop()
    if factor is None or factors:
        raise Undecodable(f"has a header with an unknown unit of length ({text[:60]!a}): set it to mm")
    return factor


def says_spacing(header: ItkHeader) -> bool:
    """Whether the header says how large the voxels are. Raises MissingSpacing where it says what is no size."""
    if header.is_nrrd:
        return _nrrd_says_spacing(header)
    given = header.fields.get("elementspacing", header.fields.get("elementsize"))
    if given is None:
        return False
    require_sizes(_numbers(given)[:3])
    return True


def _nrrd_says_spacing(header: ItkHeader) -> bool:
    if "spacedirections" in header.fields:
        sizes = [_length(vector) for vector in itertools.islice(_vectors(header.fields["spacedirections"]), 3)]
    elif "spacings" in header.fields:
        sizes = [size for axis, size in enumerate(_numbers(header.fields["spacings"])) if _is_spatial(header, axis)]
    else:
        return False
    sizes = sizes[:3]
    if not sizes or any(np.isnan(size) for size in sizes):
        return False  # NaN is how NRRD says that it does not know
    require_sizes(sizes)
    return True


def _is_spatial(header: ItkHeader, axis: int) -> bool:
    kinds = header.fields.get("kinds", "").lower().split()
    return axis >= len(kinds) or kinds[axis] in _SPATIAL_KINDS


def _vectors(text: str) -> Iterator[str]:
    """What stands between brackets, as `1,0,0` of `none (1,0,0) (0,1,0)`; axes without a direction are left out."""
    *closed, _ = text.split(")")
    for part in closed:
        _, is_open, vector = part.partition("(")
        if is_open:
            yield vector


def _length(vector: str) -> float:
    return float(np.linalg.norm(_numbers(vector) or [np.nan]))


def segments_of(header: ItkHeader) -> tuple[Segment, ...]:
    """The segments of a file of 3D Slicer: `Segment0_Name`, with its value and layer. Raises Undecodable.

    Old files give neither value nor layer; each segment then has a layer of its own, and the value 1.
    """
    names: dict[int, str] = {}
    for key, value in header.pairs.items():
        if found := re.fullmatch(r"Segment(\d{1,5})_Name", key):
            names[int(found[1])] = value
    return tuple(
        Segment(
            name=name or f"segment {number}",
            layer=_number_of(header, f"Segment{number}_Layer", default=number),
            value=_number_of(header, f"Segment{number}_LabelValue", default=1),
        )
        for number, name in sorted(names.items())
    )


def _number_of(header: ItkHeader, key: str, default: int) -> int:
    text = header.pairs.get(key)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text):
        raise Undecodable(f"has a header whose {key} is {text[:40]!a}, which is no whole number: export it again")
    return int(text)


def _first_number(text: str | None) -> int | None:
    found = re.match(r"\s*(-?\d+)", text or "")
    return int(found[1][:20]) if found else None


def _numbers(text: str) -> list[float]:
    """The first numbers of a text, as many as a file may have axes; NaN for what is no number."""
    found = itertools.islice(re.finditer(_NUMBER, text), _MAX_AXES)
    return [_number(part[0]) for part in found]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
