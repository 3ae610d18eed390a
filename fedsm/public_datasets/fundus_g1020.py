"""G1020: routine photographs with polygons of disc and, where it is visible, cup."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

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
from fedsm.public_datasets.files import by_stem, files_below
from fedsm.public_datasets.pairs import paired
from fedsm.public_datasets.pictures import BoolPlane, disc_and_cup, polygon, read_colour

SITE = "g1020"
#: Folders of the same photographs cropped or squared, whose polygons are not the JSON files'.
_DERIVED = frozenset({"images_cropped", "images_square", "nerveremoved_images"})


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    photographs = [path for path in files_below(source, (".jpg",)) if not _is_derived(path, source)]
    images = {stem: path for stem, path in by_stem(photographs).items() if stem.startswith("image_")}
    outlines = by_stem(files_below(source, (".json",)))
    yield from paired(SITE, images, {stem: path for stem, path in outlines.items() if stem.startswith("image_")}, _read)


def _is_derived(path: Path, source: Path) -> bool:
    return any(part.lower() in _DERIVED for part in path.relative_to(source).parts)


def _read(image: Path, outlines: Path) -> Picture:
    pixels = read_colour(image)
    shapes = _shapes(outlines)
    disc = _area(shapes, "disc", pixels.shape[:2], outlines)
    cup = _area(shapes, "cup", pixels.shape[:2], outlines)
    return disc_and_cup(pixels, disc, cup, outlines)


def _shapes(path: Path) -> list[dict[str, Any]]:
    try:
        shapes = json.loads(path.read_text(encoding="utf-8"))["shapes"]
        return [{"label": str(shape["label"]), "points": shape["points"]} for shape in shapes]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unusable("unreadable_mask", f"{path.name} is no labelme file ({error!r}): download it again") from None


def _area(shapes: list[dict[str, Any]], label: str, shape: tuple[int, ...], path: Path) -> BoolPlane:
    polygons = [shape["points"] for shape in shapes if shape["label"].lower() == label]
    if not polygons:
        raise Unusable(
            "incomplete", f"{path.name} outlines no {label}: it was not visible, which is not the same as none"
        )
    area = np.zeros(shape, dtype=bool)
    for points in polygons:
        if len(points) < 3:
            raise Unusable("unreadable_mask", f"{path.name} has a {label} of {len(points)} points")
        area |= polygon([(float(x), float(y)) for x, y in points], (shape[0], shape[1]))
    return area


G1020 = PublicDataset(
    name="g1020",
    title="G1020",
    where="https://www.dfki.uni-kl.de/g1020",
    terms="Stated on the download page; not verified here: read them there.",
    citation=(
        "Bajwa et al., G1020: A benchmark retinal fundus image dataset for computer-aided glaucoma detection, "
        "IJCNN 2020, arXiv:2006.09158"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=DISC_AND_CUP,
    sites=(SourceSite(SITE, "G1020 (Kaiserslautern)", None),),
    expected_source="the paper has 1020 photographs; how many of them have a cup outlined was not verified",
    layout="""\
  Images/image_0.jpg
  Images/image_0.json (or any other folder; labelme: shapes with label disc or cup, and points)""",
    layout_source="public users of the archive; not seen in the original's own documentation",
    find=find,
    notes=(
        "A photograph without an outlined cup is left out: the cup was not visible, and a mask without one would "
        "teach that there is none.",
        "Other labels (discLoc, a box) are not read, nor the cropped and squared copies of some repacks.",
        "The paper says that some patients have several photographs, but the files do not name patients: each "
        "photograph counts as its own patient, so one patient may fall into two splits.",
    ),
)
