"""PAPILA: both eyes of each patient, with two experts' contours as text files."""

import re
from collections.abc import Iterator
from pathlib import Path

from fedsm.public_datasets.base import (
    DISC_AND_CUP,
    FUNDUS,
    LeftOut,
    Picture,
    PublicDataset,
    SourceCase,
    SourceSite,
    Unusable,
)
from fedsm.public_datasets.files import by_stem, files_below, find_folders
from fedsm.public_datasets.pairs import DISC_AND_CUP_MASKS, paired, together
from fedsm.public_datasets.pictures import disc_and_cup, polygon, read_colour

SITE = "papila"
_IMAGE = re.compile(r"(?P<patient>ret\d+)o[ds]")
#: Only the first expert's; the archive also holds copies called `..._exp2 2.txt`, which the pattern leaves aside.
_CONTOUR = re.compile(r"(?P<image>ret\d+o[ds])_(?P<structure>disc|cup)_exp1")


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    images: dict[str, Path] = {}
    contours: dict[str, dict[str, Path]] = {"disc": {}, "cup": {}}
    for folder in find_folders(source, "FundusImages"):
        images |= by_stem(files_below(folder, (".jpg",)))
    for folder in find_folders(source, "Contours"):
        for stem, path in by_stem(files_below(folder, (".txt",))).items():
            if matched := _CONTOUR.fullmatch(stem):
                contours[matched["structure"]][matched["image"]] = path
    images = {stem: path for stem, path in images.items() if _IMAGE.fullmatch(stem)}
    masks = together(contours["disc"], contours["cup"])
    yield from paired(SITE, images, masks, _read, patient=_patient, mask_in_words=DISC_AND_CUP_MASKS)


def _patient(stem: str) -> str:
    return stem.upper().removesuffix("OD").removesuffix("OS")


def _read(image: Path, contours: tuple[Path, Path]) -> Picture:
    pixels = read_colour(image)
    disc, cup = (polygon(_points(path), (pixels.shape[0], pixels.shape[1])) for path in contours)
    return disc_and_cup(pixels, disc, cup, contours[0])


def _points(path: Path) -> list[tuple[float, float]]:
    """A line a point, x and y in pixels of the photograph."""
    try:
        points = [(float(x), float(y)) for x, y in (line.split() for line in path.read_text().splitlines() if line)]
    except (ValueError, OSError) as error:
        raise Unusable("unreadable_mask", f"{path.name} is no list of points ({error}): download it again") from None
    if len(points) < 3:
        raise Unusable("unreadable_mask", f"{path.name} has {len(points)} points, which enclose nothing")
    return points


PAPILA = PublicDataset(
    name="papila",
    title="PAPILA",
    where="https://figshare.com/articles/dataset/PAPILA/14798004",
    terms="GPL 3.0 or later, as figshare states",
    citation=(
        "Kovalyk et al., PAPILA: Dataset with fundus images and clinical data of both eyes of the same patient for "
        "glaucoma assessment, Scientific Data 9:291, 2022"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=DISC_AND_CUP,
    sites=(SourceSite(SITE, "PAPILA (Hospital General Universitario Reina Sofia, Murcia)", 488),),
    expected_source="Scientific Data 9:291: 488 photographs of 244 patients",
    layout="""\
  FundusImages/RET002OD.jpg, RET002OS.jpg
  ExpertsSegmentations/Contours/RET002OD_disc_exp1.txt, RET002OD_cup_exp1.txt""",
    layout_source="public loaders of the archive (torch_em, matterport's contour_to_mask)",
    find=find,
    notes=(
        "The contours of expert 1 are taken; expert 2's are left aside, for two experts have no majority.",
        "RET002OD and RET002OS are the two eyes of patient RET002 and stay in one split.",
    ),
)
