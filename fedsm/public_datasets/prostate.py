"""What the prostate sets share: labels that let sites with and without zones join one federation."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from backend.contracts.task_definition import Structure
from fedsm.public_datasets.base import LeftOut, SourceCase, Volume
from fedsm.public_datasets.volumes import on_grid, read_volume, relabelled

PERIPHERAL, TRANSITION = 1, 2
#: Masks that outline the whole gland hold 1 only. The structure names both values, as those with zones do.
GLAND = (Structure(name="prostate", label_values=(PERIPHERAL, TRANSITION)),)
ZONES = (*GLAND, Structure(name="transition zone", label_values=(TRANSITION,)))
T2_MR = "T2-weighted MR"
ONE_TASK = (
    "A federation of several prostate sets has the one structure `prostate` with the labels 1 and 2: every prostate "
    "set here fits it, with zones or without."
)


def paired_files(site: str, images: dict[str, Path], masks: dict[str, Path]) -> Iterator[SourceCase | LeftOut]:
    """Whole glands: each image with the mask of its key; every other value than 0 is the gland."""
    for key in sorted(images.keys() | masks.keys()):
        if key not in images:
            yield LeftOut(site, key, "no_image", f"{masks[key].name} has no image")
        elif key not in masks:
            yield LeftOut(site, key, "no_mask", f"{images[key].name} has no mask")
        else:
            yield SourceCase(site, key, f"{site}-{key}", partial(read_gland, images[key], masks[key]))


def read_gland(image: Path, mask: Path) -> Volume:
    volume = read_volume(image, "unreadable_image")
    labels = relabelled(read_volume(mask, "unreadable_mask"), {PERIPHERAL: 1, TRANSITION: 1}, mask)
    return on_grid(labels, volume, image.name)
