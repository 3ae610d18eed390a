"""Reading one image or one mask from a path inside a data set's folder.

`read_image` and `read_mask` know PNG, JPEG, TIFF, BMP, GIF; NPY, NPZ; NIfTI (.nii, .nii.gz, .hdr with .img); NRRD
(.nrrd, .nhdr); MetaImage (.mha, .mhd); DICOM (a file, an enhanced multi-frame file, or a folder with one series), and
as masks also DICOM-SEG and RTSTRUCT. Pictures have 1 or 3 channels, volumes 1 to 16. Volumes come in LPS order, by
flips and exchanged axes alone; masks come as the pixels of their image lie.

Whatever is wrong with a file is raised as `CannotRead` (Undecodable, WrongChannels, WrongDimensions, WrongGeometry,
WrongSize) or `worker.datasets.files.UnsafeFile`, with a text that completes `images/a.nii.gz ...` and ends with what
helps. Each file's bytes are decoded once, and their SHA-256 comes with the result. Nothing outside of the folder is
read, nothing is unpickled, and no header can make a reader take more than `values.MAX_DECODED_BYTES` at once.
"""

from worker.datasets.readers.errors import (
    CannotRead,
    MissingSpacing,
    Undecodable,
    WrongChannels,
    WrongDimensions,
    WrongGeometry,
    WrongSize,
)
from worker.datasets.readers.model import DecodedImage, Frame, LabelMask, NamedMask, Note
from worker.datasets.readers.names import (
    COMPANION_SUFFIXES,
    SUFFIXES,
    SUFFIXES_IN_WORDS,
    Kind,
    is_companion_name,
    is_dicom_series,
    is_image_name,
    is_litter,
    is_note,
    kind_of,
    looks_like_dicom,
    stem_of,
)
from worker.datasets.readers.reading import content_sha256, files_of, largest_value, read_image, read_mask
from worker.datasets.readers.repairs import cut_at_half

__all__ = [
    "COMPANION_SUFFIXES",
    "SUFFIXES",
    "SUFFIXES_IN_WORDS",
    "CannotRead",
    "DecodedImage",
    "Frame",
    "Kind",
    "LabelMask",
    "MissingSpacing",
    "NamedMask",
    "Note",
    "Undecodable",
    "WrongChannels",
    "WrongDimensions",
    "WrongGeometry",
    "WrongSize",
    "content_sha256",
    "cut_at_half",
    "files_of",
    "is_companion_name",
    "is_dicom_series",
    "is_image_name",
    "is_litter",
    "is_note",
    "kind_of",
    "largest_value",
    "looks_like_dicom",
    "read_image",
    "read_mask",
    "stem_of",
]
