"""Retinal vessels: DRIVE, CHASE_DB1, STARE, HRF and FIVES. Masks are white (255) on black in all of them."""

import re
from collections.abc import Iterator
from pathlib import Path

from backend.contracts.metrics import Split
from fedsm.public_datasets.base import FUNDUS, VESSEL, LeftOut, Picture, PublicDataset, SourceCase, SourceSite
from fedsm.public_datasets.files import files_below, find_folders
from fedsm.public_datasets.pairs import paired
from fedsm.public_datasets.pictures import one_structure, read_colour, read_grey, white

_EACH_ITS_OWN = "The files do not name patients: each photograph counts as its own patient."


def _read(image: Path, mask: Path) -> Picture:
    return one_structure(read_colour(image), white(read_grey(mask)), mask)


def find_drive(source: Path) -> Iterator[SourceCase | LeftOut]:
    parts: tuple[tuple[str, Split], ...] = (("training", "train"), ("test", "test"))
    for folder_name, split in parts:
        for folder in find_folders(source, folder_name):
            images = _below(folder, "images", (".tif",))
            masks = _below(folder, "1st_manual", (".gif",))
            yield from paired("drive", _numbered(images), _numbered(masks), _read, split=split)


def _below(folder: Path, name: str, suffixes: tuple[str, ...]) -> list[Path]:
    return [path for part in find_folders(folder, name) for path in files_below(part, suffixes)]


def _numbered(paths: list[Path]) -> dict[str, Path]:
    """By the number before the underscore: 21_training.tif, 21_manual1.gif."""
    return {path.name.split("_")[0]: path for path in paths}


def find_chase(source: Path) -> Iterator[SourceCase | LeftOut]:
    images = _matching(source, re.compile(r"(image_\d+[lr])\.jpg"))
    masks = _matching(source, re.compile(r"(image_\d+[lr])_1stho\.png"))
    yield from paired("chase-db1", images, masks, _read, patient=lambda key: key.capitalize()[:-1])


def _matching(source: Path, pattern: re.Pattern[str]) -> dict[str, Path]:
    """By the pattern's first group, in lower case."""
    found: dict[str, Path] = {}
    for path in files_below(source, ("",)):
        if matched := pattern.fullmatch(path.name.lower()):
            found.setdefault(matched[1], path)
    return found


def find_stare(source: Path) -> Iterator[SourceCase | LeftOut]:
    images = _matching(source, re.compile(r"(im\d{4})\.ppm(?:\.gz)?"))
    masks = _matching(source, re.compile(r"(im\d{4})\.ah\.ppm(?:\.gz)?"))
    # The whole of STARE has some 400 photographs; the archive of those whose vessels are drawn is a folder of its own.
    drawn = {key: path for key, path in images.items() if key in masks or path.parent.name == "stare-images"}
    yield from paired("stare", drawn, masks, _read)


def find_hrf(source: Path) -> Iterator[SourceCase | LeftOut]:
    """By file name: the archives of the three groups, and of all, hold the same names in different folders."""
    images = _matching(source, re.compile(r"(\d\d_(?:h|dr|g))\.jpe?g"))
    masks = _matching(source, re.compile(r"(\d\d_(?:h|dr|g))\.tif"))
    yield from paired("hrf", images, masks, _read)


def find_fives(source: Path) -> Iterator[SourceCase | LeftOut]:
    """The names of train and test repeat, so the part becomes part of the name."""
    parts: tuple[Split, ...] = ("train", "test")
    for part in parts:
        for folder in find_folders(source, part):
            images = _named_by(part, _below(folder, "Original", (".png",)))
            masks = _named_by(part, _below(folder, "Ground truth", (".png",)))
            yield from paired("fives", images, masks, _read, split=part)


def _named_by(part: Split, paths: list[Path]) -> dict[str, Path]:
    return {f"{part}_{path.stem.upper()}": path for path in paths}


DRIVE = PublicDataset(
    name="drive",
    title="DRIVE",
    where="https://drive.grand-challenge.org (registration)",
    terms="The challenge's own terms, accepted at registration; research use. Read them there.",
    citation=(
        "Staal et al., Ridge-based vessel segmentation in color images of the retina, IEEE TMI 23(4):501-509, 2004"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=VESSEL,
    sites=(SourceSite("drive", "DRIVE (screening in the Netherlands)", 40),),
    expected_source="DRIVE's description: 20 photographs for training and 20 for test",
    layout="""\
  training/images/21_training.tif
  training/1st_manual/21_manual1.gif
  test/images/01_test.tif
  test/1st_manual/01_manual1.gif""",
    layout_source="public loaders of the archive (deepdraw of Idiap, torch_em)",
    find=find_drive,
    notes=(
        "The first observer is taken.",
        "The challenge's present download has no masks of the test photographs: those 20 are then left out.",
        "Splits are the original's training and test part; it defines no validation part.",
        _EACH_ITS_OWN,
    ),
)
CHASE_DB1 = PublicDataset(
    name="chase-db1",
    title="CHASE_DB1",
    where="https://blogs.kingston.ac.uk/retinal/chasedb1/",
    terms="CC BY 4.0",
    citation=(
        "Fraz et al., An ensemble classification-based approach applied to retinal blood vessel segmentation, "
        "IEEE TBME 59(9):2538-2548, 2012"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=VESSEL,
    sites=(SourceSite("chase-db1", "CHASE_DB1 (schools in England)", 28),),
    expected_source="CHASE_DB1's description: both eyes of 14 children",
    layout="  Image_01L.jpg, Image_01L_1stHO.png, Image_01L_2ndHO.png",
    layout_source="public users of the archive; the files themselves, in another layout",
    find=find_chase,
    notes=(
        "The first observer (1stHO) is taken.",
        "Image_01L and Image_01R are the two eyes of one child and stay in one split.",
    ),
)
STARE = PublicDataset(
    name="stare",
    title="STARE",
    where="https://cecas.clemson.edu/~ahoover/stare/probing/",
    terms="None are stated on the download page.",
    citation=(
        "Hoover, Kouznetsova, Goldbaum, Locating blood vessels in retinal images by piecewise threshold probing of a "
        "matched filter response, IEEE TMI 19(3):203-210, 2000"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=VESSEL,
    sites=(SourceSite("stare", "STARE (San Diego)", 20),),
    expected_source="the download page: twenty images with hand labeled vessels",
    layout="  stare-images/im0001.ppm.gz (or .ppm)\n  labels-ah/im0001.ah.ppm.gz (or .ppm)",
    layout_source="the archives stare-images.tar and labels-ah.tar, as public converters read them (mmsegmentation)",
    find=find_stare,
    notes=("Adam Hoover's drawing (ah) is taken; Valentina Kouznetsova's (vk) is not read.", _EACH_ITS_OWN),
)
HRF = PublicDataset(
    name="hrf",
    title="HRF",
    where="https://www5.cs.fau.de/research/data/fundus-images/",
    terms="CC BY 4.0",
    citation=(
        "Budai et al., Robust vessel segmentation in fundus images, International Journal of Biomedical Imaging "
        "2013:154860, 2013"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=VESSEL,
    sites=(SourceSite("hrf", "HRF (Erlangen and Brno)", 45),),
    expected_source="HRF's description: 15 photographs each of healthy, diabetic and glaucomatous eyes",
    layout="  images/01_dr.JPG\n  manual1/01_dr.tif\n  mask/01_dr_mask.tif (the field of view, not read)",
    layout_source="public loaders of the archive (deepdraw of Idiap, mmsegmentation); the files, in another layout",
    find=find_hrf,
    notes=("01_h, 01_dr and 01_g are of different people.", _EACH_ITS_OWN),
)
FIVES = PublicDataset(
    name="fives",
    title="FIVES",
    where="https://figshare.com/articles/figure/FIVES_A_Fundus_Image_Dataset_for_AI-based_Vessel_Segmentation/19688169",
    terms="CC BY 4.0",
    citation=(
        "Jin et al., FIVES: A fundus image dataset for artificial intelligence based vessel segmentation, "
        "Scientific Data 9:475, 2022"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=VESSEL,
    sites=(SourceSite("fives", "FIVES (Hangzhou)", 800),),
    expected_source="Scientific Data 9:475: 800 photographs, 600 for training and 200 for test",
    layout="  {train,test}/Original/1_A.png\n  {train,test}/Ground truth/1_A.png",
    layout_source="public users of the archive; the files themselves, in another layout",
    find=find_fives,
    notes=(
        "Splits are the original's training and test part; it defines no validation part.",
        f"{_EACH_ITS_OWN} The paper has fewer patients than photographs, so one patient may be in both parts.",
    ),
)
