"""Medical Segmentation Decathlon, Task05 Prostate: T2 and ADC in one 4D file, peripheral and transition zone."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fedsm.public_datasets.base import LeftOut, PublicDataset, SourceCase, SourceSite, Volume
from fedsm.public_datasets.files import files_below, find_folders
from fedsm.public_datasets.prostate import ONE_TASK, PERIPHERAL, T2_MR, TRANSITION, ZONES
from fedsm.public_datasets.volumes import frame, on_grid, read_volume, relabelled

SITE = "msd-prostate"
_T2 = 0


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    """The training part; `imagesTs` has no published labels."""
    images, labels = _named(source, "imagesTr"), _named(source, "labelsTr")
    for name in sorted(images.keys() | labels.keys()):
        if name not in images:
            yield LeftOut(SITE, name, "no_image", f"{name}.nii.gz is in labelsTr only")
        elif name not in labels:
            yield LeftOut(SITE, name, "no_mask", f"{name}.nii.gz is in imagesTr only")
        else:
            yield SourceCase(SITE, name, name, partial(_read, images[name], labels[name]))


def _named(source: Path, folder_name: str) -> dict[str, Path]:
    paths = [path for folder in find_folders(source, folder_name) for path in files_below(folder, (".nii.gz",))]
    return {path.name.removesuffix(".nii.gz"): path for path in paths if path.name.startswith("prostate_")}


def _read(image: Path, mask: Path) -> Volume:
    t2 = frame(read_volume(image, "unreadable_image"), _T2, image)
    labels = relabelled(read_volume(mask, "unreadable_mask"), {1: PERIPHERAL, 2: TRANSITION}, mask)
    return on_grid(labels, t2, image.name)


MSD_PROSTATE = PublicDataset(
    name="msd-prostate",
    title="Medical Segmentation Decathlon, Task05 Prostate",
    where="http://medicaldecathlon.com (Task05_Prostate.tar)",
    terms="CC BY-SA 4.0, as medicaldecathlon.com states.",
    citation=(
        "Antonelli et al., The Medical Segmentation Decathlon, Nature Communications 13:4128, 2022; Simpson et al., "
        "A large annotated medical image dataset for the development and evaluation of segmentation algorithms, "
        "arXiv:1902.09063, 2019"
    ),
    modality=T2_MR,
    num_channels=1,
    dimensions=3,
    structures=ZONES,
    sites=(SourceSite(SITE, "MSD prostate (Radboud, Nijmegen)", 32),),
    expected_source="numTraining of the original's dataset.json: 32 cases with labels; 16 test cases have none",
    layout="""\
  Task05_Prostate/imagesTr/prostate_00.nii.gz    4D: T2, ADC
  Task05_Prostate/labelsTr/prostate_00.nii.gz    0 background, 1 PZ, 2 TZ""",
    layout_source="dataset.json of the original (modality, labels); public preparation scripts (folders)",
    find=find,
    notes=(
        "Channel 0 of the 4D image, T2, is taken; ADC is left out.",
        "The files do not name patients: each case counts as its own patient.",
        ONE_TASK,
    ),
)
