"""Drishti-GS1: one hospital's photographs, with the four experts' outlines as soft maps."""

from collections.abc import Iterator
from pathlib import Path

from backend.contracts.metrics import Split
from fedsm.public_datasets.base import DISC_AND_CUP, FUNDUS, LeftOut, Picture, PublicDataset, SourceCase, SourceSite
from fedsm.public_datasets.files import by_stem, files_below, find_folders
from fedsm.public_datasets.pairs import DISC_AND_CUP_MASKS, paired, together
from fedsm.public_datasets.pictures import disc_and_cup, read_colour, read_grey

SITE = "drishti-gs1"
_PARTS: tuple[tuple[str, Split], ...] = (("Training", "train"), ("Test", "test"))
_DISC, _CUP = "_odsegsoftmap", "_cupsegsoftmap"
#: Soft maps rise by 255 / 4 with each expert: 3 of 4 are 191, 2 of 4 are 127 or 128.
MORE_THAN_HALF = 160


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    for folder_name, split in _PARTS:
        for folder in find_folders(source, folder_name):
            pictures = by_stem(files_below(folder, (".png",)))
            images = {stem: path for stem, path in pictures.items() if _is_photograph(stem)}
            masks = together(_maps(pictures, _DISC), _maps(pictures, _CUP))
            yield from paired(SITE, images, masks, _read, split=split, mask_in_words=DISC_AND_CUP_MASKS)


def _is_photograph(stem: str) -> bool:
    return stem.startswith("drishtigs_") and stem.removeprefix("drishtigs_").isdigit()


def _maps(pictures: dict[str, Path], suffix: str) -> dict[str, Path]:
    return {stem.removesuffix(suffix): path for stem, path in pictures.items() if stem.endswith(suffix)}


def _read(image: Path, masks: tuple[Path, Path]) -> Picture:
    disc, cup = (read_grey(mask) > MORE_THAN_HALF for mask in masks)
    return disc_and_cup(read_colour(image), disc, cup, masks[0])


DRISHTI_GS1 = PublicDataset(
    name="drishti-gs1",
    title="Drishti-GS1",
    where="https://cvit.iiit.ac.in/projects/mip/drishti-gs/mip-dataset2/Home.php",
    terms="Stated on the download page, for research; not verified here: read them there.",
    citation=(
        "Sivaswamy et al., Drishti-GS: Retinal image dataset for optic nerve head (ONH) segmentation, ISBI 2014, "
        "pp. 53-56"
    ),
    modality=FUNDUS,
    num_channels=3,
    dimensions=2,
    structures=DISC_AND_CUP,
    sites=(SourceSite(SITE, "Drishti-GS1 (Aravind Eye Hospital, Madurai)", 101),),
    expected_source="Drishti-GS1's description: 50 photographs for training and 51 for test",
    layout="""\
  Training/Images/[GLAUCOMA,NORMAL]/drishtiGS_002.png
  Training/GT/drishtiGS_002/SoftMap/drishtiGS_002_ODsegSoftmap.png, drishtiGS_002_cupsegSoftmap.png
  Test/Images/[glaucoma,normal]/drishtiGS_001.png
  Test/Test_GT/drishtiGS_001/SoftMap/drishtiGS_001_ODsegSoftmap.png, drishtiGS_001_cupsegSoftmap.png""",
    layout_source="public loaders of Drishti-GS1_files (deepdraw of Idiap, torch_em)",
    find=find,
    notes=(
        "Soft maps are the share of the four experts who outlined the pixel. A pixel is taken where more than half "
        f"did, three of four: above {MORE_THAN_HALF} of 255. Many papers threshold at 127, where it depends on "
        "rounding whether two of four suffice.",
        "Splits are the original's training and test part; it defines no validation part.",
        "The files do not name patients: each photograph counts as its own patient.",
    ),
)
