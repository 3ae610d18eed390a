"""The formats of images and masks: the one table of names and suffixes, for readers, refusals and screens."""

from dataclasses import dataclass
from typing import Literal

#: What reads the file; NRRD and MetaImage are read alike.
ReaderKind = Literal["picture", "array", "nifti", "itk", "dicom"]


@dataclass(frozen=True)
class ImageFormat:
    """label: its name on screens and in refusals.
    kind: what reads it.
    suffixes: in small letters, a longer one before the one that it ends with.
    dimensions: 2 where it holds pictures, 3 where it holds volumes.
    note: what follows the label in a list of all formats."""

    label: str
    kind: ReaderKind
    suffixes: tuple[str, ...]
    dimensions: tuple[int, ...]
    note: str = ""


FORMATS: tuple[ImageFormat, ...] = (
    ImageFormat("PNG", "picture", (".png",), (2,)),
    ImageFormat("JPEG", "picture", (".jpg", ".jpeg"), (2,)),
    ImageFormat("TIFF", "picture", (".tif", ".tiff"), (2,)),
    ImageFormat("BMP", "picture", (".bmp",), (2,)),
    ImageFormat("GIF", "picture", (".gif",), (2,)),
    ImageFormat("NumPy", "array", (".npy", ".npz"), (2, 3), "(.npy, .npz)"),
    ImageFormat("NIfTI", "nifti", (".nii.gz", ".nii", ".hdr"), (2, 3), "(.nii, .nii.gz, .hdr)"),
    ImageFormat("NRRD", "itk", (".seg.nrrd", ".nrrd", ".nhdr"), (2, 3), "(.nrrd, .nhdr)"),
    ImageFormat("MetaImage", "itk", (".mha", ".mhd"), (2, 3), "(.mha, .mhd)"),
    ImageFormat("DICOM", "dicom", (".dcm", ".dicom", ".ima"), (2, 3), "(.dcm, or a folder of slices)"),
)


def suffixes_of(label: str) -> tuple[str, ...]:
    """Raises KeyError for a format that the table lacks."""
    return {entry.label: entry.suffixes for entry in FORMATS}[label]


def in_words() -> str:
    """`PNG, JPEG, ..., MetaImage (.mha, .mhd) or DICOM (.dcm, or a folder of slices)`."""
    words = [f"{entry.label} {entry.note}".strip() for entry in FORMATS]
    return f"{', '.join(words[:-1])} or {words[-1]}"
