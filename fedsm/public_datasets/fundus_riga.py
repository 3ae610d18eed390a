"""RIGA (six ophthalmologists' outlines drawn on copies of the photographs) and its repack RIGA+ (crops with masks)."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

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
from fedsm.public_datasets.files import files_below, find_folders, folders_below
from fedsm.public_datasets.outlines import NoOutlines, outlined_areas
from fedsm.public_datasets.pairs import paired
from fedsm.public_datasets.pictures import (
    BoolPlane,
    disc_and_cup,
    read_colour,
    read_grey,
    require_size,
    require_values,
)

_SOURCES = (("BinRushed", "riga-binrushed"), ("Magrabia", "riga-magrabia"), ("MESSIDOR", "riga-messidor"))
_PLUS_SOURCES = (
    ("BinRushed", "riga-plus-binrushed"),
    ("Magrabia", "riga-plus-magrabia"),
    ("MESSIDOR_Base1", "riga-plus-messidor-base1"),
    ("MESSIDOR_Base2", "riga-plus-messidor-base2"),
    ("MESSIDOR_Base3", "riga-plus-messidor-base3"),
)
_PRIME = re.compile(r"(image\d+)prime", re.IGNORECASE)
_DRAWN = re.compile(r"(image\d+)-(\d)", re.IGNORECASE)
_PICTURES = (".jpg", ".jpeg", ".tif", ".tiff")
#: Of six; with fewer, one person would decide.
MIN_ANNOTATORS = 3
_CUP, _RIM = 128, 255
#: Disc and cup of one annotator's file.
ReadAnnotator = Callable[[Path], tuple[BoolPlane, BoolPlane]]


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    for folder_name, site in _SOURCES:
        for top in find_folders(source, folder_name):
            for folder in folders_below(top):
                if not _is_corrected_elsewhere(folder):
                    yield from _photographs(site, folder)


def _is_corrected_elsewhere(folder: Path) -> bool:
    """BinRushed1 next to BinRushed1-Corrected."""
    return folder.with_name(f"{folder.name}-Corrected").is_dir()


def _photographs(site: str, folder: Path) -> Iterator[SourceCase | LeftOut]:
    """Of one folder, in which a photograph is `image1prime` and its outlines `image1-1` to `image1-6`."""
    images: dict[str, Path] = {}
    drawn: dict[str, list[Path]] = {}
    for path in (path for path in files_below(folder, _PICTURES) if path.parent == folder):
        if matched := _PRIME.fullmatch(path.stem):
            images[matched[1].lower()] = path
        elif matched := _DRAWN.fullmatch(path.stem):
            drawn.setdefault(matched[1].lower(), []).append(path)
    yield from paired(site, images, drawn, _read_drawn, name=lambda stem: f"{folder.name}_{stem}")


def _read_drawn(image: Path, drawn: Sequence[Path]) -> Picture:
    photograph = read_colour(image)

    def areas(path: Path) -> tuple[BoolPlane, BoolPlane]:
        outlined = outlined_areas(photograph, read_colour(path))
        return outlined.outer, outlined.inner

    return _majority(photograph, drawn, areas)


def _majority(photograph: PictureArray, files: Sequence[Path], read: ReadAnnotator) -> Picture:
    """Pixels that more than half of the readable annotators have. Raises Unusable with fewer than MIN_ANNOTATORS."""
    discs: list[BoolPlane] = []
    cups: list[BoolPlane] = []
    problems: list[str] = []
    for path in files:
        try:
            disc, cup = read(path)
        except (NoOutlines, Unusable) as problem:
            problems.append(f"{path.name}: {problem}")
            continue
        discs.append(disc)
        cups.append(cup)
    if len(discs) < MIN_ANNOTATORS:
        raise Unusable(
            "ambiguous",
            f"{len(discs)} of {len(files)} annotators' outlines could be read, {MIN_ANNOTATORS} are needed; "
            + "; ".join(problems),
        )
    return disc_and_cup(photograph, _more_than_half(discs), _more_than_half(cups), files[0])


def _more_than_half(planes: Sequence[BoolPlane]) -> BoolPlane:
    return np.asarray(2 * np.sum(planes, axis=0, dtype=np.int16) > len(planes))


def find_plus(source: Path) -> Iterator[SourceCase | LeftOut]:
    for folder_name, site in _PLUS_SOURCES:
        images: dict[str, Path] = {}
        drawn: dict[str, list[Path]] = {}
        for folder in find_folders(source, folder_name):
            for path in files_below(folder, _PICTURES):
                matched = _DRAWN.fullmatch(path.stem)
                if folder.parent.name.lower() == "riga-mask" and matched:
                    drawn.setdefault(f"{path.parent.name}_{matched[1].lower()}", []).append(path)
                elif folder.parent.name.lower() == "riga" and path.parent.name.lower() != "unlabeled":
                    images[f"{path.parent.name}_{path.stem.lower()}"] = path
        yield from paired(site, images, drawn, _read_masks)


def _read_masks(image: Path, masks: Sequence[Path]) -> Picture:
    photograph = read_colour(image)

    def areas(path: Path) -> tuple[BoolPlane, BoolPlane]:
        values = require_values(read_grey(path), frozenset({0, _CUP, _RIM}), path)
        require_size(photograph, values, path)
        return values > 0, values == _CUP

    return _majority(photograph, masks, areas)


_CITATION = (
    "Almazroa et al., Retinal fundus images for glaucoma analysis: the RIGA dataset, Proc. SPIE 10579, "
    "Medical Imaging 2018, pp. 55-62"
)
_MAJORITY = (
    f"A pixel is taken where more than half of the readable annotators have it; at least {MIN_ANNOTATORS} of the six "
    "must be readable, else the photograph is left out."
)

RIGA = PublicDataset(
    name="riga",
    title="RIGA",
    where="https://deepblue.lib.umich.edu/data/concern/data_sets/3b591905z",
    terms="CC BY-NC 4.0 as public users of the deposit state; read them on the download page.",
    citation=_CITATION,
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=DISC_AND_CUP,
    sites=(
        SourceSite("riga-binrushed", "RIGA Bin Rushed (Riyadh)", 195),
        SourceSite("riga-magrabia", "RIGA Magrabia (Riyadh)", 95),
        SourceSite("riga-messidor", "RIGA MESSIDOR", 460),
    ),
    expected_source=(
        "the paper's 750 photographs: 460 MESSIDOR, 195 Bin Rushed, 95 Magrabia (the latter two as Zenodo record "
        "8009107 splits them); public users of the files count a few less"
    ),
    layout="""\
  BinRushed/{BinRushed1-Corrected,BinRushed2,BinRushed3,BinRushed4}/image1prime.jpg, image1-1.jpg ... image1-6.jpg
  Magrabia/{MagrabiFemale,MagrabiaMale}/image1prime.tif, image1-1.tif ... image1-6.tif
  MESSIDOR/image1prime.tif, image1-1.tif ... image1-6.tif""",
    layout_source="public processors of the deposit, among them that of Zenodo record 23158636",
    find=find,
    notes=(
        "There are no masks: each of six ophthalmologists drew disc and cup on a copy of the photograph. The lines "
        "are where copy and photograph differ, their gaps are closed, and the outer area is the disc, the inner one "
        "the cup, the lines included. Where the two lines touch or one stays open, that annotator is left aside for "
        "the photograph.",
        _MAJORITY,
        "BinRushed1 is not read where BinRushed1-Corrected is there.",
        "The files do not name patients: each photograph counts as its own patient.",
        "Some papers give Bin Rushed's number for Magrabia and the reverse: count the files.",
    ),
)

RIGA_PLUS = PublicDataset(
    name="riga-plus",
    title="RIGA+",
    where="https://zenodo.org/records/6325549",
    terms="CC BY 4.0 by the Zenodo record; the photographs are RIGA's, which is CC BY-NC 4.0: keep to the stricter.",
    citation=(
        f"{_CITATION}; Hu et al., Domain specific convolution and high frequency reconstruction based unsupervised "
        "domain adaptation for medical image segmentation, MICCAI 2022"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=DISC_AND_CUP,
    sites=(
        SourceSite("riga-plus-binrushed", "RIGA+ BinRushed", 195),
        SourceSite("riga-plus-magrabia", "RIGA+ Magrabia", 95),
        SourceSite("riga-plus-messidor-base1", "RIGA+ MESSIDOR Base 1", None),
        SourceSite("riga-plus-messidor-base2", "RIGA+ MESSIDOR Base 2", None),
        SourceSite("riga-plus-messidor-base3", "RIGA+ MESSIDOR Base 3", None),
    ),
    num_expected_in_all=744,
    expected_source="Zenodo record 8009107 (BinRushed, Magrabia); a public reader of the archive (744 in all)",
    layout="""\
  RIGA/BinRushed/BinRushed1/image1.tif
  RIGA/{Magrabia/MagrabiaMale,MESSIDOR_Base1/Labeled,MESSIDOR_Base2/Labeled,MESSIDOR_Base3/Labeled}/image1.tif
  RIGA-mask/BinRushed/BinRushed1/image1-1.tif ... image1-6.tif""",
    layout_source="public readers of RIGAPlus.zip",
    find=find_plus,
    notes=(
        "Mask values of the repack: 128 cup, 255 rim, 0 background.",
        _MAJORITY,
        "The photographs are 800 x 800 crops around the optic disc. Unlabeled photographs and the repack's own lists "
        "of training and test cases are not read.",
        "They are RIGA's photographs: do not use both in one federation.",
        "The files do not name patients: each photograph counts as its own patient.",
    ),
)
