"""RIM-ONE r3 (stereo pairs, two experts and their average) and RIM-ONE DL (crops of three hospitals)."""

import re
from collections.abc import Iterator
from pathlib import Path

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
from fedsm.public_datasets.files import by_stem, files_below, find_folders
from fedsm.public_datasets.pairs import DISC_AND_CUP_MASKS, paired, together
from fedsm.public_datasets.pictures import BoolPlane, disc_and_cup, read_colour, read_grey, white

R3 = "rim-one-r3"
HUC, OTHERS = "rim-one-dl-huc", "rim-one-dl-madrid-zaragoza"
#: As N-1-L: normal, glaucoma or suspect; patient; left or right eye.
_R3_NAME = re.compile(r"[a-z]-\d+-[lr]")
_DL_MASK = re.compile(r"(?P<image>.+)-\d+-(?P<structure>disc|cup)-t")


def find_r3(source: Path) -> Iterator[SourceCase | LeftOut]:
    images: dict[str, Path] = {}
    averages: dict[str, Path] = {}
    for folder in find_folders(source, "Stereo Images"):
        images |= by_stem(files_below(folder, (".jpg",)))
    for folder in find_folders(source, "Average_masks"):
        averages |= by_stem(files_below(folder, (".png",)))
    images = {stem: path for stem, path in images.items() if _R3_NAME.fullmatch(stem)}
    masks = together(_of(averages, "-disc-avg"), _of(averages, "-cup-avg"))
    yield from paired(R3, images, masks, _read_stereo, patient=_patient, mask_in_words=DISC_AND_CUP_MASKS)


def _of(masks: dict[str, Path], suffix: str) -> dict[str, Path]:
    return {stem.removesuffix(suffix): path for stem, path in masks.items() if stem.endswith(suffix)}


def _patient(stem: str) -> str:
    return stem.upper()[:-2]


def _read_stereo(image: Path, masks: tuple[Path, Path]) -> Picture:
    """The left picture of the pair, which is the one that was outlined."""
    pair = read_colour(image)
    width = pair.shape[1] // 2
    disc, cup = (_left(read_grey(mask), pair.shape[1], mask) for mask in masks)
    return disc_and_cup(pair[:, :width], disc, cup, masks[0])


def _left(mask: PictureArray, pair_width: int, path: Path) -> BoolPlane:
    """Masks are as wide as the pair, or as one picture of it."""
    outlined = white(mask)
    if mask.shape[1] != pair_width:
        return outlined
    left, right = outlined[:, : pair_width // 2], outlined[:, pair_width // 2 :]
    if right.any():
        raise Unusable("ambiguous", f"{path.name} outlines something in the right picture of the stereo pair")
    return left


def find_dl(source: Path) -> Iterator[SourceCase | LeftOut]:
    masks: dict[str, dict[str, Path]] = {"disc": {}, "cup": {}}
    for folder in find_folders(source, "RIM-ONE_DL_reference_segmentations"):
        for stem, path in by_stem(files_below(folder, (".png",))).items():
            if matched := _DL_MASK.fullmatch(stem):
                masks[matched["structure"]].setdefault(matched["image"], path)
    both = together(masks["disc"], masks["cup"])
    for hospitals in find_folders(source, "partitioned_by_hospital"):
        for folder_name, site in (("training_set", HUC), ("test_set", OTHERS)):
            for folder in find_folders(hospitals, folder_name):
                images = by_stem(files_below(folder, (".png",)))
                of_site = {stem: paths for stem, paths in both.items() if stem in images}
                yield from paired(site, images, of_site, _read_crop, mask_in_words=DISC_AND_CUP_MASKS)


def _read_crop(image: Path, masks: tuple[Path, Path]) -> Picture:
    disc, cup = (white(read_grey(mask)) for mask in masks)
    return disc_and_cup(read_colour(image), disc, cup, masks[0])


RIM_ONE_R3 = PublicDataset(
    name="rim-one-r3",
    title="RIM-ONE r3",
    where="http://medimrg.webs.ull.es/research/retinal-imaging/rim-one/",
    terms="Free for research; not to be redistributed without the authors' consent (the archive's README).",
    citation=(
        "Fumero et al., Interactive tool and database for optic disc and cup segmentation of stereo and monocular "
        "retinal fundus images, WSCG 2015"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=DISC_AND_CUP,
    sites=(SourceSite(R3, "RIM-ONE r3 (Hospital Universitario de Canarias)", 159),),
    expected_source="the archive's README: 159 stereo retinal fundus images",
    layout="""\
  Healthy/Stereo Images/N-1-L.jpg
  Healthy/Average_masks/N-1-L-Disc-Avg.png, N-1-L-Cup-Avg.png
  Glaucoma and suspects/Stereo Images/G-1-L.jpg
  Glaucoma and suspects/Average_masks/G-1-L-Disc-Avg.png, G-1-L-Cup-Avg.png""",
    layout_source="the archive's README and scripts; public loaders (deepdraw of Idiap) for the left half",
    find=find_r3,
    notes=(
        "Of each stereo pair the left half is taken, which the experts outlined.",
        "The masks are the original's average of its two experts (Average_masks).",
        "N-1-L and N-1-R are taken as two eyes of one patient. The archive's README does not say so; a wrong guess "
        "only keeps two people together in a split.",
    ),
)

RIM_ONE_DL = PublicDataset(
    name="rim-one-dl",
    title="RIM-ONE DL",
    where="https://github.com/miag-ull/rim-one-dl",
    terms=(
        "Free for research and education; no redistribution, no commercial use. The authors ask not to train on other "
        "databases' images next to it (README of miag-ull/rim-one-dl)."
    ),
    citation=(
        "Fumero et al., RIM-ONE DL: a unified retinal image database for assessing glaucoma using deep learning, "
        "Image Analysis and Stereology 39(3):161-167, 2020"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=DISC_AND_CUP,
    sites=(
        SourceSite(HUC, "RIM-ONE DL, Hospital Universitario de Canarias", None),
        SourceSite(OTHERS, "RIM-ONE DL, hospitals of Zaragoza and Madrid", None),
    ),
    num_expected_in_all=485,
    expected_source=(
        "README of miag-ull/rim-one-dl: 313 normal and 172 glaucomatous; it gives no numbers by hospital, public users "
        "count 311 and 174"
    ),
    layout="""\
  RIM-ONE_DL_images/partitioned_by_hospital/{training_set,test_set}/{normal,glaucoma}/r1_Im001.png
  RIM-ONE_DL_reference_segmentations/{normal,glaucoma}/r1_Im001-1-Disc-T.png, r1_Im001-1-Cup-T.png""",
    layout_source="public users of the archive (folders); the README of miag-ull/rim-one-dl (hospitals)",
    find=find_dl,
    notes=(
        "The partition by hospital makes the sites: its training set is of Hospital Universitario de Canarias, its "
        "test set of Hospital Miguel Servet, Zaragoza, and Hospital Clinico San Carlos, Madrid, which the files do "
        "not tell apart. The images of partitioned_randomly are the same ones and are not read.",
        "The images are crops around the optic disc, unlike the other sets' whole photographs.",
        "It holds images of RIM-ONE r3: do not use both in one federation.",
        "The files do not name patients: each image counts as its own patient.",
    ),
)
