"""ORIGA(-light): photographs of the Singapore Malay Eye Study with masks of disc and cup."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from fedsm.public_datasets.base import (
    DISC_AND_CUP,
    FUNDUS,
    LeftOut,
    Picture,
    PictureArray,
    PublicDataset,
    SourceCase,
    SourceSite,
    Unusable,
)
from fedsm.public_datasets.files import by_stem, files_below, folders_below
from fedsm.public_datasets.pairs import paired
from fedsm.public_datasets.pictures import disc_and_cup, read_colour, read_indices

SITE = "origa"
_ANNOTATIONS = "semi-automatic-annotations"
#: Background, rim and cup in the two encodings that are about.
_ENCODINGS = ((0, 1, 2), (0, 128, 255))


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    images: dict[str, Path] = {}
    masks: dict[str, Path] = {}
    drawn: dict[str, Path] = {}
    for folder in folders_below(source):
        if "origa" not in str(folder.relative_to(source.parent)).lower():
            continue
        own = [path for path in files_below(folder, (".jpg", ".png", ".mat")) if path.parent == folder]
        match folder.name.lower():
            case "images":
                images |= by_stem([path for path in own if path.suffix.lower() == ".jpg"])
            case "masks":
                masks |= by_stem([path for path in own if path.suffix.lower() == ".png"])
            case name if name == _ANNOTATIONS:
                drawn |= by_stem([path for path in own if path.suffix.lower() == ".mat"])
    yield from paired(SITE, images, drawn | masks, _read)


def _read(image: Path, mask: Path) -> Picture:
    values = _read_matlab(mask) if mask.suffix.lower() == ".mat" else read_indices(mask)
    _, rim, cup = _encoding(values, mask)
    picture = disc_and_cup(read_colour(image), np.isin(values, (rim, cup)), values == cup, mask)
    _require_cup_within(picture.labels, mask)
    return picture


def _read_matlab(path: Path) -> PictureArray:
    """[H, W]: the variable `mask`."""
    try:
        values = np.asarray(loadmat(path)["mask"])
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError, MatReadError) as error:
        raise Unusable("unreadable_mask", f"{path.name} has no readable variable `mask` ({error})") from None
    if values.ndim != 2:
        raise Unusable("unreadable_mask", f"{path.name}: `mask` has {values.ndim} dimensions, not 2")
    return values.astype(np.uint8)


def _encoding(values: PictureArray, path: Path) -> tuple[int, int, int]:
    found = set(np.unique(values).tolist())
    for encoding in _ENCODINGS:
        if found <= set(encoding):
            return encoding
    shown = ", ".join(map(str, sorted(found)[:8]))
    raise Unusable("unknown_label", f"{path.name} holds {shown}; known are 0, 1, 2 and 0, 128, 255")


def _require_cup_within(labels: PictureArray, path: Path) -> None:
    """Were rim and cup exchanged, most of the cup's border would lie against the background."""
    cup = labels == 2
    border = np.asarray(ndimage.binary_dilation(cup)) & ~cup
    if border.any() and (labels[border] == 0).mean() > 0.5:
        raise Unusable("ambiguous", f"{path.name}: what should be the cup surrounds what should be the rim")


ORIGA = PublicDataset(
    name="origa",
    title="ORIGA-light",
    where="on request from its authors (https://doi.org/10.1109/IEMBS.2010.5626137); repacks are their uploaders'",
    terms="By agreement with the authors, for research; a repack's licence is its uploader's statement.",
    citation=(
        "Zhang et al., ORIGA-light: An online retinal fundus image database for glaucoma analysis and research, "
        "EMBC 2010, pp. 3065-3068"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=DISC_AND_CUP,
    sites=(SourceSite(SITE, "ORIGA-light (Singapore Malay Eye Study)", 650),),
    expected_source="the paper: 650 photographs",
    layout="""\
  ORIGA/Images/001.jpg
  ORIGA/Masks/001.png, or ORIGA/Semi-automatic-annotations/001.mat (variable `mask`)""",
    layout_source="public descriptions of the repack that is in circulation; the authors publish no layout",
    find=find,
    notes=(
        "Public readers disagree on the masks' values: 0, 1 rim, 2 cup or 0, 128 rim, 255 cup. Both are read, and a "
        "mask in which the cup would surround the rim is left out.",
        "A PNG mask is preferred to the MATLAB file of the same photograph. Cropped and squared copies are not read.",
        "Sets A and B of OrigaList.csv are not called training and test by the authors, so no split is kept.",
        "The files do not name patients: each photograph counts as its own patient, although one person's two eyes "
        "may be among them.",
    ),
)
