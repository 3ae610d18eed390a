"""The six-site pack that its authors made for SAML: BIDMC, BMC, HK, I2CVB, RUNMC and UCL, with the whole gland."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fedsm.public_datasets.base import LeftOut, PublicDataset, SourceCase, SourceSite, Unusable, Volume
from fedsm.public_datasets.files import files_below, find_folders
from fedsm.public_datasets.prostate import GLAND, ONE_TASK, T2_MR
from fedsm.public_datasets.volumes import read_volume, relabelled

#: Folder of the pack, site, cases.
SITES = (
    ("BIDMC", "Beth Israel Deaconess Medical Center", 12),
    ("BMC", "Boston Medical Center (NCI-ISBI, 1.5 T)", 30),
    ("HK", "Haukeland University Hospital", 12),
    ("I2CVB", "I2CVB", 19),
    ("RUNMC", "Radboud University Nijmegen Medical Centre (NCI-ISBI, 3 T)", 30),
    ("UCL", "University College London", 13),
)
_NAME = re.compile(r"(?P<case>case\d+)(?P<mask>_segmentation)?\.nii(\.gz)?", re.IGNORECASE)


def find(source: Path) -> Iterator[SourceCase | LeftOut]:
    """Masks are called `_segmentation` at some sites and `_Segmentation` at others."""
    for folder_name, _, _ in SITES:
        site = _slug(folder_name)
        images: dict[str, Path] = {}
        masks: dict[str, Path] = {}
        for path in (
            path for folder in find_folders(source, folder_name) for path in files_below(folder, (".gz", ".nii"))
        ):
            if matched := _NAME.fullmatch(path.name):
                (masks if matched["mask"] else images).setdefault(matched["case"].capitalize(), path)
        for case in sorted(images.keys() | masks.keys()):
            if case not in images:
                yield LeftOut(site, case, "no_image", f"{masks[case].name} has no image")
            elif case not in masks:
                yield LeftOut(site, case, "no_mask", f"{images[case].name} has no mask")
            else:
                yield SourceCase(site, case, f"{folder_name}-{case}", partial(_read, images[case], masks[case]))


def _slug(folder_name: str) -> str:
    return f"saml-{folder_name.lower()}"


def _read(image: Path, mask: Path) -> Volume:
    """Paired voxel by voxel, as the pack's own loader does: headers of masks are not relied on."""
    volume, labels = read_volume(image, "unreadable_image"), read_volume(mask, "unreadable_mask")
    if volume.GetSize() != labels.GetSize():
        raise Unusable("size_mismatch", f"{mask.name} is {labels.GetSize()}, the image {volume.GetSize()} (x, y, z)")
    gland = relabelled(labels, {1: 1, 2: 1}, mask)
    gland.CopyInformation(volume)
    return Volume(volume, gland)


SAML_PROSTATE = PublicDataset(
    name="saml-prostate",
    title="Multi-site prostate MRI (SAML)",
    where="https://liuquande.github.io/SAML/",
    terms="Those of the source sets (NCI-ISBI 2013, I2CVB, PROMISE12), to which the page refers. Read them there.",
    citation=(
        "Liu, Dou, Heng, Shape-aware Meta-learning for Generalizing Prostate MRI Segmentation to Unseen Domains, "
        "MICCAI 2020; and the source sets: Bloch et al. 2015, Lemaitre et al. 2015, Litjens et al. 2014"
    ),
    modality=T2_MR,
    num_channels=1,
    dimensions=3,
    structures=GLAND,
    sites=tuple(SourceSite(_slug(folder), name, count) for folder, name, count in SITES),
    expected_source="the table of cases in Liu et al., MICCAI 2020: 116 cases of six sites",
    layout="""\
  BIDMC/Case00.nii.gz, Case00_segmentation.nii.gz
  BMC/Case00.nii.gz, Case00_Segmentation.nii.gz
  HK/, I2CVB/, RUNMC/, UCL/""",
    layout_source="public loaders of the pack (folders, and both spellings of the masks' names)",
    find=find,
    notes=(
        "Labels 1 and 2, which some sites have for zones, are both the gland, as in the pack's own loader.",
        "Image and mask are paired voxel by voxel and take the image's header.",
        "The pack shares patients with `promise12`, `nci-isbi-2013` and `i2cvb`: never use it together with these.",
        "The files do not name patients: each case counts as its own patient.",
        ONE_TASK,
    ),
)
