"""Matching the images of a folder with their masks by a key, usually the file name."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from backend.contracts.metrics import Split
from fedsm.public_datasets.base import LeftOut, Picture, SourceCase

Mask = TypeVar("Mask")
DISC_AND_CUP_MASKS = "mask of both disc and cup"


def paired(
    site: str,
    images: Mapping[str, Path],
    masks: Mapping[str, Mask],
    read: Callable[[Path, Mask], Picture],
    *,
    name: Callable[[str], str] | None = None,
    patient: Callable[[str], str] | None = None,
    split: Split | None = None,
    mask_in_words: str = "mask",
) -> Iterator[SourceCase | LeftOut]:
    """One case for each key in both, in the order of the keys; the others are left out.

    A mask is whatever `read` takes: a path, or several. name: of the key; without it the key, spelled as the image's
    file where they differ in upper and lower case only. patient: of the key; without it each image counts as a
    patient of its own.
    """
    for key in sorted(images.keys() | masks.keys()):
        called = name(key) if name is not None else _spelled(key, images.get(key))
        if key not in images:
            yield LeftOut(site, called, "no_image", "there is a mask, but no image of this name")
        elif key not in masks:
            yield LeftOut(site, called, "no_mask", f"{images[key].name} has no {mask_in_words}")
        else:
            yield SourceCase(
                site=site,
                name=called,
                patient=called if patient is None else patient(key),
                read=partial(read, images[key], masks[key]),
                split=split,
            )


def _spelled(key: str, image: Path | None) -> str:
    return image.stem if image is not None and image.stem.lower() == key else key


def together(discs: Mapping[str, Path], cups: Mapping[str, Path]) -> dict[str, tuple[Path, Path]]:
    """Disc and cup mask of each key that has both: one alone would teach that the other is not there.

    For `paired` with `mask_in_words=DISC_AND_CUP_MASKS`.
    """
    return {key: (disc, cups[key]) for key, disc in discs.items() if key in cups}
