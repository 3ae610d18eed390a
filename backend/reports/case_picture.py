"""The picture of one test case: its image with the outlines of reference and prediction, as a JPEG."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

from backend.reports.viewer_files import largest_slice, shown_masks, shown_slice

#: Pixels of the longer side.
SIDE = 480
#: Apart for the colour-blind, and bright on photographs and on grey: the first two colours of the viewer's outlines.
PREDICTION_COLOUR, REFERENCE_COLOUR = "#22d3ee", "#fde047"
#: Odd sizes of the filters that thin a mask; an outline is half of it wide. The reference's is the wider one, so that
#: both are seen where they agree.
_WIDE, _NARROW = 7, 3


@dataclass(frozen=True)
class CaseFiles:
    """The viewer's files of one case."""

    image: Path
    reference: Path
    prediction: Path


@dataclass(frozen=True)
class CasePicture:
    """slice: of a volume, the axial slice, counted from 1; None for a photograph."""

    jpeg: bytes
    slice: int | None


def case_picture(files: CaseFiles, num_structures: int) -> CasePicture:
    """Of a volume the slice with the largest reference. Raises ValueError for files that cannot be drawn."""
    index, num_slices = largest_slice(files.reference)
    picture = shown_slice(files.image, index, SIDE)
    _outline(picture, shown_masks(files.reference, index, SIDE, num_structures), REFERENCE_COLOUR, _WIDE)
    _outline(picture, shown_masks(files.prediction, index, SIDE, num_structures), PREDICTION_COLOUR, _NARROW)
    file = io.BytesIO()
    picture.save(file, format="JPEG", quality=90, subsampling=0)  # halved colours would drown outlines
    return CasePicture(file.getvalue(), index + 1 if num_slices > 1 else None)


def _outline(picture: Image.Image, masks: list[Image.Image], colour: str, size: int) -> None:
    """Draws on the picture. Raises ValueError for masks of another shape."""
    for mask in masks:
        if mask.size != picture.size:
            raise ValueError("the mask has another shape than the image")
        edge = ImageChops.subtract(mask, mask.filter(ImageFilter.MinFilter(size)))
        picture.paste(colour, mask=edge)
