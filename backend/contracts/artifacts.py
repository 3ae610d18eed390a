"""Content addresses and media types of artifacts."""

import re
from typing import Annotated

from pydantic import Field

from backend.contracts.values import Text

SHA256_PATTERN = re.compile(r"^[0-9a-f]{64}$")
Sha256 = Annotated[str, Field(pattern=SHA256_PATTERN.pattern), Text(64)]

SAFETENSORS = "application/vnd.safetensors"
NIFTI_GZ = "application/x-nifti-gz"
JPEG = "image/jpeg"
PNG = "image/png"
#: A DICOM segmentation.
DICOM = "application/dicom"
#: A segmentation of 3D Slicer; NRRD has no registered type.
NRRD = "application/x-nrrd"
#: A model in a form for other programs.
ZIP = "application/zip"
#: A file as somebody uploaded it.
UPLOAD = "application/octet-stream"
ARTIFACT_MEDIA_TYPES = frozenset({SAFETENSORS, NIFTI_GZ, JPEG, PNG, DICOM, NRRD, ZIP, UPLOAD})
