"""NRRD (.nrrd, .nhdr) and MetaImage (.mha, .mhd) with SimpleITK.

SimpleITK opens the data file that a detached header names, wherever that is. The header is therefore read here first,
and the name must lead to a file in the same folder.
"""

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import SimpleITK

from worker.datasets.files import UnsafeFile, resolve_inside
from worker.datasets.readers.errors import MissingSpacing, Undecodable, WrongDimensions
from worker.datasets.readers.itk_headers import (
    ItkHeader,
    mm_of_unit,
    read_header,
    require_bounded,
    says_spacing,
    segments_of,
)
from worker.datasets.readers.model import Affine, FileLayout
from worker.datasets.readers.names import NRRD_SUFFIXES
from worker.datasets.readers.orientation import NO_SPACING, RAS_OF_LPS, StoredVolume
from worker.datasets.readers.values import MAX_CHANNELS, as_known_type, require_size

#: SimpleITK has no type annotations.
sitk: Any = SimpleITK
_BYTES_A_VOXEL = {"8": 1, "16": 2, "32": 4, "64": 8, "float": 4, "double": 8}
#: Maximum number of layers; overlapping segments lie in layers of their own.
_MAX_LAYERS = 1000


def read_itk(folder: Path, relative: str) -> StoredVolume:
    """The volume. Raises CannotRead or UnsafeFile. `data_file` must have checked the header before, as `reading` makes
    sure."""
    header = read_header(folder, relative)
    data = data_file(folder, relative)
    require_bounded(header, resolve_inside(folder, data or relative).stat().st_size)
    is_known, factor = says_spacing(header), mm_of_unit(header)
    segments = segments_of(header)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(resolve_inside(folder, relative)))
    reader.SetImageIO("NrrdImageIO" if relative.lower().endswith(NRRD_SUFFIXES) else "MetaImageIO")
    try:
        reader.ReadImageInformation()
        _require_readable(reader, _MAX_LAYERS if segments else MAX_CHANNELS)
        image = reader.Execute()
    except RuntimeError:  # the only kind that SimpleITK raises; its text tells of its own source files
        if not is_known and header.names_spacing:
            raise MissingSpacing(
                "says that the size of its voxels is unknown (nan): set its spacing, or export it again"
            ) from None
        raise Undecodable(
            "is damaged, shorter than its header says, or no NRRD or MetaImage file: export or copy it again"
        ) from None
    return _stored(_in_mm(image, factor), header, is_known)


def _in_mm(image: Any, factor: float) -> Any:
    image.SetSpacing([length * factor for length in image.GetSpacing()])
    image.SetOrigin([place * factor for place in image.GetOrigin()])
    return image


def _require_readable(reader: Any, max_channels: int) -> None:
    size: tuple[int, ...] = tuple(reader.GetSize())
    channels = int(reader.GetNumberOfComponents())
    if len(size) == 4 and channels == 1:
        channels = size[-1]
        size = size[:3]
    if len(size) not in (2, 3):
        raise WrongDimensions(f"has {len(size)} axes ({' x '.join(map(str, size))}): save one volume in each file")
    if channels > max_channels:
        raise WrongDimensions(f"has {channels} values a voxel, more than {max_channels}: save one volume in each file")
    name = sitk.GetPixelIDValueAsString(reader.GetPixelID())
    if "complex" in name:
        raise Undecodable("holds complex numbers: save their magnitude")
    require_size((*size, channels), next((num for key, num in _BYTES_A_VOXEL.items() if key in name), 8))


def _stored(image: Any, header: ItkHeader, is_spacing_known: bool) -> StoredVolume:
    voxels = sitk.GetArrayViewFromImage(image)
    num_axes = image.GetDimension()
    if image.GetNumberOfComponentsPerPixel() == 1:
        voxels = np.moveaxis(voxels, 0, -1) if num_axes == 4 else voxels[..., None]
    if num_axes == 2:
        # Without a third axis it is unknown how the picture lies in a patient.
        columns, rows = (float(mm) for mm in image.GetSpacing())
        flat = as_known_type(voxels[None]).transpose(2, 1, 0, 3).copy()
        return StoredVolume(
            flat,
            None,
            pixel_spacing=(rows, columns) if is_spacing_known else None,
            layout=FileLayout(num_axes=2, plane_affine=_affine(image) if is_spacing_known else None),
            segments=segments_of(header),
        )
    return StoredVolume(
        as_known_type(voxels).transpose(2, 1, 0, 3).copy(),
        _affine(image) if is_spacing_known else None,
        affine_is_guess=not header.says_orientation,
        spacing_problem=None if is_spacing_known else NO_SPACING,
        is_oriented=header.is_of_patient,
        segments=segments_of(header),
    )


def _affine(image: Any) -> Affine:
    """The affine of the first three axes, or of both; to mm in RAS."""
    num_axes = image.GetDimension()
    num_used = min(3, num_axes)
    affine = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(num_axes, num_axes)[:num_used, :num_used]
    affine[:num_used, :num_used] = directions * np.array(image.GetSpacing()[:num_used])
    affine[:num_used, 3] = image.GetOrigin()[:num_used]
    in_ras: Affine = RAS_OF_LPS @ affine
    return in_ras


def data_file(folder: Path, relative: str) -> str | None:
    """The file, relative to the folder, that a detached header (.mhd, .nhdr) names; None where data follow it.

    Raises UnsafeFile where it names several files, or one that is not in the same folder.
    """
    header = read_header(folder, relative)
    if not header.data_files and header.is_nrrd and header.has_end:
        return None
    if len(header.data_files) != 1:
        raise UnsafeFile("is no NRRD or MetaImage file, or is damaged: export or copy it again")
    named = header.data_files[0]
    if named.upper() == "LOCAL":
        return None
    if named.upper().startswith("LIST") or "%" in named:
        raise UnsafeFile("names several data files: save the volume as one file (.nrrd, .mha or .nii.gz)")
    path = PurePosixPath(named)  # which leaves `./` out
    if named.isprintable() and "\\" in named:
        alone = named.rpartition("\\")[2]
        raise UnsafeFile(
            f"names its data file {named[:100]} with a backslash, which parts no folders here: put the file next to "
            f"it, and name it alone, as {alone[:100]}"
        )
    if not named.isprintable() or len(path.parts) != 1 or path.name == "..":
        raise UnsafeFile(
            f"names the data file {named[:100]!a}, which is not next to it: put both into one folder, and name it alone"
        )
    return str(PurePosixPath(relative).parent / path)
