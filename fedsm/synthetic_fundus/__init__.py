"""Four synthetic sites of fundus photographs with optic disc and cup, which differ as real ones do.

No photograph of a person is in them or behind them: every pixel comes from the formulas here and a seed. They are for
demonstrations, tests and benchmarks; a score on them says nothing about a clinic.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from backend.contracts.task_definition import SegmentationTask, Structure
from fedsm.synthetic_fundus.anatomy import draw_eye
from fedsm.synthetic_fundus.annotators import CUP, DISC_RIM, annotate
from fedsm.synthetic_fundus.camera import photograph
from fedsm.synthetic_fundus.retina import render_retina
from fedsm.synthetic_fundus.sites import SITES, FundusSite
from worker.datasets.folder import IMAGES, MASKS
from worker.datasets.reading import ImageArray

__all__ = ["FUNDUS_TASK", "SITES", "FundusSite", "make_fundus_case", "write_fundus_sites"]

FUNDUS_TASK = SegmentationTask(
    modality="fundus photography",
    num_channels=3,
    structures=(
        Structure(name="optic disc", label_values=(DISC_RIM, CUP)),
        Structure(name="optic cup", label_values=(CUP,)),
    ),
)
#: Photographs are noisy: level 9 takes three times as long for 2 % less.
PNG_COMPRESSION = 3


def write_fundus_sites(
    out_dir: str | Path,
    seed: int,
    image_side: int,
    num_cases: Sequence[int] | None = None,
    sites: Sequence[FundusSite] = SITES,
) -> list[str]:
    """Writes `<slug>/images/*.png` and `<slug>/masks/*.png` for each site; returns the slugs in site order.

    num_cases: one number for each of the first sites, the others are not written; None: all sites as they are.
    sites: in alphabetical order of their slugs.

    Same seed and side, same bytes (with the same versions of NumPy, SciPy and Pillow). About 30 ms a case of 192
    pixels. Raises ValueError for a side below 48, where a cup is a handful of pixels, or for numbers of cases that
    the sites cannot have, and FileExistsError where a site's folder is there already.
    """
    if image_side < 48:
        raise ValueError(f"image_side {image_side} is too small to show a cup: choose at least 48")
    counts = [site.num_cases for site in sites] if num_cases is None else list(num_cases)
    if not 1 <= len(counts) <= len(sites) or min(counts) < 1:
        raise ValueError(f"num_cases {counts} must be 1 to {len(sites)} numbers, each at least 1")
    written = sites[: len(counts)]
    for site, count in zip(written, counts, strict=True):
        folder = Path(out_dir) / site.slug
        for kind in (IMAGES, MASKS):
            (folder / kind).mkdir(parents=True)
        for index in range(count):
            _write_case(
                folder,
                f"{site.slug.split('-')[0]}-{index + 1:03d}.png",
                *make_fundus_case(site, index, seed, image_side, sites),
            )
    return [site.slug for site in written]


def make_fundus_case(
    site: FundusSite, index: int, seed: int, image_side: int, sites: Sequence[FundusSite] = SITES
) -> tuple[ImageArray, ImageArray]:
    """image [H, W, 3] and mask [H, W], uint8. Each case has its own generator: more cases change no earlier one.

    sites: among which `site` has its place.
    """
    generator = np.random.default_rng([seed, sites.index(site), index])
    eye = draw_eye(generator, site.eyes, image_side)
    image = photograph(generator, site.camera, render_retina(generator, eye, image_side))
    return image, annotate(generator, site.annotator, eye, image_side)


def _write_case(folder: Path, name: str, image: ImageArray, mask: ImageArray) -> None:
    Image.fromarray(image).save(folder / IMAGES / name, compress_level=PNG_COMPRESSION)
    Image.fromarray(mask).save(folder / MASKS / name, compress_level=PNG_COMPRESSION)
