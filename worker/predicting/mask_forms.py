"""The forms in which masks are saved, and which of them fits an image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from backend.contracts.artifacts import PNG
from backend.contracts.predictions import SegmentationForm
from backend.contracts.tasks import RunSpec
from worker.datasets.mask_files import mask_file
from worker.datasets.readers.names import NRRD_SUFFIXES
from worker.datasets.viewer_files import OUTLINE_COLORS
from worker.predicting.dicom_seg_file import dicom_seg_file
from worker.predicting.own_image import OwnImage
from worker.predicting.seg_nrrd_file import seg_nrrd_file
from worker.predicting.terminology import coded_structures

#: `files`: one a structure, a PNG of a picture and NIfTI of what has a geometry.
MaskForm = Literal["files", "seg-nrrd", "dicom-seg"]
MASK_FORMS: tuple[MaskForm, ...] = get_args(MaskForm)


def own_form(source: Path, image: OwnImage) -> MaskForm:
    """The form of the image's own kind: what it came as is what its masks are. source: as `opened_file` gives it."""
    frame = image.frame
    if frame is None or frame.stored_affine is None:
        return "files"
    if source.name.lower().endswith(NRRD_SUFFIXES):
        return "seg-nrrd"
    return "files" if frame.frame_of_reference is None else "dicom-seg"  # only DICOM has one


def fitting_segmentations(image: OwnImage) -> tuple[SegmentationForm, ...]:
    """The forms of one file of all structures that an image of this kind has."""
    frame = image.frame
    if frame is None or frame.stored_affine is None:
        return ()
    return ("seg-nrrd",) if frame.frame_of_reference is None else ("seg-nrrd", "dicom-seg")


def files_of_masks(
    form: MaskForm, mask: NDArray[np.bool_], run: RunSpec, image: OwnImage, source: Path, made_by: str
) -> Iterator[tuple[str, bytes]]:
    """Yields what each file's name ends with, and its content. mask: [S, *space] bool. source: as `opened_file` gives
    it.

    Raises ValueError where the image's kind has no such form.
    """
    names = [structure.name for structure in run.task.structures]
    structures = coded_structures(names, OUTLINE_COLORS)
    match form:
        case "files":
            for name, plane in zip(names, mask, strict=True):
                content, media_type = mask_file(plane, image.frame)
                yield f".{file_word(name)}{'.png' if media_type == PNG else '.nii.gz'}", content
        case "seg-nrrd":
            yield ".seg.nrrd", seg_nrrd_file(mask, structures, image.frame)
        case "dicom-seg":
            yield ".seg.dcm", dicom_seg_file(mask, structures, image.frame, source, made_by)


def file_word(structure: str) -> str:
    """A structure's name within a file's name."""
    return structure.replace(" ", "-").replace("/", "-").replace("\\", "-")
