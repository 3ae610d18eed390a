"""Pictures that were turned by their EXIF orientation while their masks were not, or the other way round."""

from backend.contracts.datasets import CaseWarning
from worker.datasets.readers import DecodedImage, LabelMask, NamedMask

_TURNS = {
    2: "mirrored left to right",
    3: "turned by 180 degrees",
    4: "mirrored top to bottom",
    5: "turned by 90 degrees and mirrored",
    6: "turned by 90 degrees",
    7: "turned by 90 degrees and mirrored",
    8: "turned by 270 degrees",
}


def turn_warnings(
    image_path: str, image: DecodedImage, mask_path: str, mask: LabelMask | NamedMask
) -> tuple[CaseWarning, ...]:
    """A warning of each of the mask's files that is turned in another way than the image."""
    turns = {mask_path: mask.turn} if isinstance(mask, LabelMask) else mask.turns
    return tuple(
        CaseWarning(
            code="exif_turn",
            message=f"{image_path} is {_in_words(image.turn)}, {path} is {_in_words(turn)}: look whether the mask lies "
            "on the image; if it does not, turn both alike and save them without EXIF orientation.",
        )
        for path, turn in turns.items()
        if turn != image.turn
    )


def _in_words(turn: int) -> str:
    return f"{_TURNS[turn]} by its EXIF orientation" if turn in _TURNS else "not turned"
