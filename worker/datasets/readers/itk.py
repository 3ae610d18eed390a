"""NRRD (.nrrd, .nhdr) and MetaImage (.mha, .mhd) with SimpleITK.

SimpleITK opens the data file that a detached header names, wherever that is; so the header is read here first, and
the name must lead to a file beside it.
"""

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import SimpleITK

from worker.datasets.files import UnsafeFile, resolve_inside
from worker.datasets.readers.errors import Undecodable, WrongDimensions
from worker.datasets.readers.orientation import RAS_OF_LPS, StoredVolume
from worker.datasets.readers.values import MAX_CHANNELS, as_known_type, require_size

#: Its functions carry no types.
sitk: Any = SimpleITK
_MAX_HEADER_BYTES = 2**16
_BYTES_A_VOXEL = {"8": 1, "16": 2, "32": 4, "64": 8, "float": 4, "double": 8}


def read_itk(folder: Path, relative: str) -> StoredVolume:
    """Raises CannotRead or UnsafeFile. `data_file` must have been asked before, as `reading` does."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(resolve_inside(folder, relative)))
    reader.SetImageIO("NrrdImageIO" if "nrrd" in relative.lower() or "nhdr" in relative.lower() else "MetaImageIO")
    try:
        reader.ReadImageInformation()
        _require_readable(reader)
        image = reader.Execute()
    except RuntimeError:  # the only kind that SimpleITK raises; its text tells of its own source files
        raise Undecodable(
            "is damaged, shorter than its header says, or no NRRD or MetaImage file: export or copy it again"
        ) from None
    return _stored(image)


def _require_readable(reader: Any) -> None:
    size: tuple[int, ...] = tuple(reader.GetSize())
    channels = int(reader.GetNumberOfComponents())
    if len(size) == 4 and channels == 1:
        channels = size[-1]
        size = size[:3]
    if len(size) not in (2, 3):
        raise WrongDimensions(f"has {len(size)} axes ({' x '.join(map(str, size))}): save one volume in each file")
    if channels > MAX_CHANNELS:
        raise WrongDimensions(f"has {channels} values a voxel, more than {MAX_CHANNELS}: save one volume in each file")
    name = sitk.GetPixelIDValueAsString(reader.GetPixelID())
    if "complex" in name:
        raise Undecodable("holds complex numbers: save their magnitude")
    require_size((*size, channels), next((num for key, num in _BYTES_A_VOXEL.items() if key in name), 8))


def _stored(image: Any) -> StoredVolume:
    voxels = sitk.GetArrayViewFromImage(image)
    num_axes = image.GetDimension()
    if image.GetNumberOfComponentsPerPixel() == 1:
        voxels = np.moveaxis(voxels, 0, -1) if num_axes == 4 else voxels[..., None]
    if num_axes == 2:
        # Without a third axis nobody knows how the picture lies in a patient.
        spacing = image.GetSpacing()
        flat = as_known_type(voxels[None]).transpose(2, 1, 0, 3).copy()
        return StoredVolume(flat, None, pixel_spacing=(float(spacing[1]), float(spacing[0])))
    affine = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(num_axes, num_axes)[:3, :3]
    affine[:3, :3] = directions * np.array(image.GetSpacing()[:3])
    affine[:3, 3] = image.GetOrigin()[:3]
    return StoredVolume(as_known_type(voxels).transpose(2, 1, 0, 3).copy(), RAS_OF_LPS @ affine)


def data_file(folder: Path, relative: str) -> str | None:
    """The file, relative to the folder, that a detached header (.mhd, .nhdr) names; None where data follow it.

    Raises UnsafeFile where it names several files, or one that is not beside it.
    """
    try:
        with resolve_inside(folder, relative).open("rb") as file:
            header = file.read(_MAX_HEADER_BYTES).decode("latin-1")
    except PermissionError:
        raise UnsafeFile("may not be read: give the worker's user permission to read it") from None
    is_nrrd = header.startswith("NRRD")
    names = _named_data_files(header, is_nrrd)
    if not names and is_nrrd and _ends_within(header):
        return None
    if len(names) != 1:
        raise UnsafeFile("is no NRRD or MetaImage file, or is damaged: export or copy it again")
    named = names[0]
    if named.upper() == "LOCAL":
        return None
    if named.upper() == "LIST" or "%" in named:
        raise UnsafeFile("names several data files: save the volume as one file (.nrrd, .mha or .nii.gz)")
    if not named.isprintable() or {PurePosixPath(named).name, PureWindowsPath(named).name} != {named}:
        raise UnsafeFile(f"names the data file {named[:100]!a}, which is not beside it: put both into one folder")
    return str(PurePosixPath(relative).parent / named)


def _named_data_files(header: str, is_nrrd: bool) -> list[str]:
    """Every one, for if there are two, SimpleITK could take the other."""
    lines = _end_of_header(header).splitlines() if is_nrrd else header.splitlines()
    pairs = [line.partition(":" if is_nrrd else "=") for line in lines]
    wanted = ("data file", "datafile") if is_nrrd else ("elementdatafile",)
    return [value.strip() for key, separator, value in pairs if separator and key.strip().lower() in wanted]


def _ends_within(header: str) -> bool:
    return len(_end_of_header(header)) < len(header)


def _end_of_header(header: str) -> str:
    """A NRRD's header ends with an empty line."""
    return header.replace("\r\n", "\n").partition("\n\n")[0]
