"""From a path to an image or a mask: the reader, the bytes, and their hash."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from backend.contracts.repairs import Repair
from worker.datasets.files import UnsafeFile, read_bytes_inside, resolve_inside, sha256_of
from worker.datasets.readers.arrays import read_array_image, read_array_labels
from worker.datasets.readers.dicom_files import (
    DECODER_ERRORS,
    SEGMENTATION_CLASSES,
    STRUCTURE_SET_CLASS,
    Dataset,
    parse,
    text_of,
)
from worker.datasets.readers.dicom_images import read_dicom
from worker.datasets.readers.dicom_seg import read_segmentation
from worker.datasets.readers.errors import Undecodable, WrongChannels, WrongDimensions, damage_as_undecodable
from worker.datasets.readers.itk import data_file, read_itk
from worker.datasets.readers.model import DecodedImage, LabelMask, NamedMask
from worker.datasets.readers.names import Kind, kind_of, series_files
from worker.datasets.readers.nifti import read_nifti
from worker.datasets.readers.orientation import (
    RAS_OF_LPS,
    StoredVolume,
    as_image,
    labels_on,
    notes_on_mask,
    require_equal_shape,
    require_plain,
    require_turned_alike,
)
from worker.datasets.readers.pictures import PictureLabels, read_picture, read_picture_labels
from worker.datasets.readers.placing import Wanted
from worker.datasets.readers.repairs import cut_at_half, laid_on
from worker.datasets.readers.rtstruct import read_structure_set
from worker.datasets.readers.seg_nrrd import read_named
from worker.datasets.readers.values import MAX_DECODED_BYTES, as_labels


@dataclass(frozen=True, eq=False)
class _Content:
    """The bytes of the files of one image, already hashed. Empty for NRRD and MetaImage: SimpleITK opens those files
    itself."""

    kind: Kind
    names: Sequence[str]
    parts: Sequence[bytes]
    datasets: Sequence[Dataset]
    sha256: str


def read_image(folder: Path, relative: str, dimensions: Literal[2, 3]) -> DecodedImage:
    """A picture [H, W, C] where dimensions is 2, a volume [D, H, W, C] where it is 3; C as the file has it, 1 to 16.

    A volume with one slice is a picture, with superior up or, for axial ones, posterior down and left on the right.
    Raises CannotRead or UnsafeFile. OSErrors pass through, as that of a network drive that went away.
    """
    content = _content(folder, relative)
    if content.kind == "picture":
        if dimensions == 3:
            raise WrongDimensions(
                "is a picture, but the task is 3D: give volumes (NIfTI, NRRD, MetaImage, DICOM), or use a federation "
                "of 2D tasks"
            )
        pixels, turn = read_picture(content.parts[0])
        return DecodedImage(pixels, None, None, None, None, content.sha256, turn)
    if content.kind == "array":
        pixels = read_array_image(content.parts[0], _is_npz(relative), dimensions)
        return DecodedImage(pixels, None, RAS_OF_LPS.copy() if dimensions == 3 else None, None, None, content.sha256)
    return as_image(_stored_volume(folder, relative, content), dimensions, content.sha256)


def read_mask(
    folder: Path,
    relative: str,
    image: DecodedImage,
    wanted: Wanted = lambda _: True,
    repairs: Collection[Repair] = (),
) -> LabelMask | NamedMask:
    """The mask of an image that `read_image` gave, laid on its pixels.

    repairs: those that may be applied where the mask cannot be used otherwise. Labels are whole numbers from 0 to
    65535. DICOM-SEG, RTSTRUCT and .seg.nrrd give one plane for each wanted name in the file. Raises CannotRead
    (WrongGeometry where the mask does not lie on the image) or UnsafeFile.
    """
    content = _content(folder, relative)
    if content.kind == "picture":
        return _picture_mask(read_picture_labels(content.parts[0]), image, content, repairs)
    if content.kind == "array":
        values = read_array_labels(content.parts[0], _is_npz(relative))
        if values.ndim == 3 and image.pixels.ndim == 3 and 1 in (values.shape[0], values.shape[2]):
            values = values.squeeze(axis=0 if values.shape[0] == 1 else 2)
        return _plain_mask(values, image, content, repairs)
    with damage_as_undecodable(DECODER_ERRORS):
        if len(content.datasets) == 1 and _is_segmentation(content.datasets[0]):
            is_contours = text_of(content.datasets[0], "SOPClassUID") == STRUCTURE_SET_CLASS
            read_planes = read_structure_set if is_contours else read_segmentation
            planes = read_planes(content.datasets[0], image.frame, wanted)
            return NamedMask(planes.on_pixels(), planes.names, content.sha256, planes.notes)
    stored = _stored_volume(folder, relative, content)
    if stored.segments:
        return read_named(stored, image.frame, wanted, content.sha256)
    if stored.voxels.shape[3] != 1:
        raise WrongChannels(
            f"has {stored.voxels.shape[3]} values a voxel, which are no labels: save the mask with one integer a voxel"
        )
    labels = _label_mask(labels_on(stored, image.frame), content, (), repairs)
    return replace(labels, notes=notes_on_mask(stored, image.frame))


def largest_value(folder: Path, relative: str) -> int | None:
    """The largest value of a mask of whole numbers, wherever its image lies; None for others, and for JPEG, whose
    values are not exact.

    Raises CannotRead or UnsafeFile.
    """
    content = _content(folder, relative)
    if content.kind == "picture":
        found = read_picture_labels(content.parts[0])
        return None if found.picture_format == "JPEG" else int(as_labels(found.values).max())
    if content.kind == "array":
        return int(as_labels(read_array_labels(content.parts[0], _is_npz(relative))).max())
    if any(_is_segmentation(dataset) for dataset in content.datasets):
        return None
    return int(as_labels(_stored_volume(folder, relative, content).voxels).max())


def content_sha256(folder: Path, relative: str) -> str:
    """SHA-256 of a file, or of all files of a series folder, or of a header and its data, whatever their order and
    names."""
    digests = [sha256_of(_bytes_of(folder, relative, name)) for name in files_of(folder, relative)]
    return _sha256_of_all(digests)


def _plain_mask(
    values: NDArray[Any], image: DecodedImage, content: _Content, repairs: Collection[Repair], turn: int = 1
) -> LabelMask:
    require_plain(image)
    values, used = laid_on(values, turn, image.pixels.shape[:-1], image.turn, repairs)
    require_turned_alike(values.shape, turn, image.pixels.shape[:-1], image.turn)
    require_equal_shape(values.shape, image.pixels.shape[:-1])
    return _label_mask(values, content, used, repairs)


def _label_mask(
    values: NDArray[Any], content: _Content, used: tuple[Repair, ...], repairs: Collection[Repair]
) -> LabelMask:
    """The labels; values that are no labels, as of a mask that was interpolated, are cut at half where that is
    allowed."""
    try:
        return LabelMask(as_labels(values), content.sha256, repairs=used)
    except Undecodable:
        cut = cut_at_half(values) if "cut_at_half" in repairs else None
        if cut is None:
            raise
        return LabelMask(cut, content.sha256, repairs=(*used, "cut_at_half"))


def _picture_mask(
    found: PictureLabels, image: DecodedImage, content: _Content, repairs: Collection[Repair]
) -> LabelMask:
    mask = _plain_mask(found.values, image, content, repairs, found.turn)
    return replace(
        mask,
        picture_format=found.picture_format,
        palette=found.palette,
        is_black_and_white=found.is_black_and_white,
        turn=image.turn if "turn_masks" in mask.repairs else found.turn,
    )


def _stored_volume(folder: Path, relative: str, content: _Content) -> StoredVolume:
    if content.kind == "nifti":
        return read_nifti(content.parts[0], content.parts[1] if len(content.parts) > 1 else None)
    if content.kind == "itk":
        return read_itk(folder, relative)
    with damage_as_undecodable(DECODER_ERRORS):
        if any(_is_segmentation(dataset) for dataset in content.datasets):
            raise Undecodable("holds a DICOM segmentation, no image: move it to the masks")
        return read_dicom(content.datasets, [Path(name).name for name in content.names])


def _is_segmentation(dataset: Dataset) -> bool:
    return text_of(dataset, "SOPClassUID") in (*SEGMENTATION_CLASSES, STRUCTURE_SET_CLASS)


def _content(folder: Path, relative: str) -> _Content:
    kind = kind_of(folder, relative)
    names = _files_of_kind(folder, relative, kind)
    parts: list[bytes] = []
    datasets: list[Dataset] = []
    digests: list[str] = []
    num_bytes = 0
    for name in names:
        data = _bytes_of(folder, relative, name)
        num_bytes += len(data)
        if num_bytes > MAX_DECODED_BYTES:
            raise UnsafeFile(f"has more than {MAX_DECODED_BYTES / 2**30:.0f} GiB: crop it, or keep one series in it")
        digests.append(sha256_of(data))
        if kind in ("dicom", "dicom_series"):
            datasets.append(_parsed(data, name, in_series=kind == "dicom_series"))
        elif kind != "itk":
            parts.append(data)
    return _Content(kind, names, parts, datasets, _sha256_of_all(digests))


def _bytes_of(folder: Path, relative: str, name: str) -> bytes:
    """The bytes of one of the files of an image or mask. Raises UnsafeFile, which names any other file."""
    try:
        return read_bytes_inside(folder, name)
    except UnsafeFile as error:
        if name == relative:
            raise
        raise UnsafeFile(f"needs {Path(name).name}, which {error}") from None


def _parsed(data: bytes, name: str, in_series: bool) -> Dataset:
    try:
        return parse(data)
    except Undecodable as error:
        raise Undecodable(f"holds {Path(name).name}, which {error}" if in_series else str(error)) from None


def files_of(folder: Path, relative: str) -> list[str]:
    """The files of one image or mask, relative to the folder. Raises UnsafeFile."""
    return _files_of_kind(folder, relative, kind_of(folder, relative))


def _files_of_kind(folder: Path, relative: str, kind: Kind) -> list[str]:
    """A path is followed only where its kind may have a second file, because that takes longer than reading a small
    picture."""
    if kind == "dicom_series":
        return series_files(folder, relative)
    if kind not in ("nifti", "itk") or not resolve_inside(folder, relative).is_file():
        return [relative]  # for read_bytes_inside to say what is wrong with it
    if kind == "nifti" and relative.lower().endswith(".hdr"):
        return [relative, _img_of(folder, relative)]
    if kind == "itk":
        data = data_file(folder, relative)
        return [relative] if data is None else [relative, data]
    return [relative]


def _img_of(folder: Path, relative: str) -> str:
    for suffix in (".img", ".IMG", ".img.gz"):
        candidate = relative[: -len(".hdr")] + suffix
        if resolve_inside(folder, candidate).is_file():
            return candidate
    raise UnsafeFile("is a header without its data: put the .img file next to it, or save one .nii.gz file")


def _sha256_of_all(digests: Sequence[str]) -> str:
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def _is_npz(relative: str) -> bool:
    return relative.lower().endswith(".npz")
