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
    """One warning where only one of the two is turned, or they are turned in different ways; else none."""
    mask_turn = mask.turn if isinstance(mask, LabelMask) else 1
    if image.turn == mask_turn:
        return ()
    text = (
        f"{image_path} is {_in_words(image.turn)}, {mask_path} is {_in_words(mask_turn)}: look whether the mask lies "
        "on the image; if it does not, turn both alike and save them without EXIF orientation."
    )
    return (CaseWarning(code="exif_turn", message=text),)


def _in_words(turn: int) -> str:
    return f"{_TURNS[turn]} by its EXIF orientation" if turn in _TURNS else "not turned"
