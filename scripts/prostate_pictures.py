"""Draws docs/images/synthetic-prostate.png: the four synthetic hospitals, a slice across and a slice along the patient.

    .venv/bin/python scripts/prostate_pictures.py

A column is a hospital; above, the slice with the largest gland; below, the middle plane from front to back, where the
slices' thickness shows. Gland and transition zone are outlined as that hospital's annotator draws them; the picture
next to each is the same without outlines. One scale for all: a millimetre is as many pixels everywhere. Same code and
versions, same picture.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_erosion

from fedsm.local.demo import DATA_SEED
from fedsm.synthetic_prostate import SITES, ProstateCase, make_prostate_case

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "synthetic-prostate.png"
#: The part that every hospital's field of view holds, about the gland.
WIDTH_MM, HEIGHT_MM, LENGTH_MM = 64.0, 64.0, 48.0
PIXELS_A_MM = 2.25
GAP = 4
OUTLINES = ((255, 255, 255), (64, 224, 255))  # gland, transition zone
NUM_COLOURS = 128
PERCENTILES = (0.5, 99.5)


def main() -> None:
    cases = [make_prostate_case(site, 1, DATA_SEED) for site in SITES]
    rows = [
        np.concatenate([padded(view(case, plane, outlined)) for case in cases for outlined in (False, True)], axis=1)
        for plane in ("axial", "sagittal")
    ]
    picture = Image.fromarray(np.concatenate(rows)).quantize(NUM_COLOURS, dither=Image.Dither.NONE)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    picture.save(OUT, optimize=True)
    print(f"{OUT.name}: {picture.width} x {picture.height}, {OUT.stat().st_size / 1000:.0f} kB")


def view(case: ProstateCase, plane: str, outlined: bool) -> NDArray[np.uint8]:
    """[H, W, 3]. Axial: front above, the patient's left on the right. Sagittal: head above, front on the left."""
    gland = np.argwhere(case.mask > 0)
    depth, row, column = ((gland.min(axis=0) + gland.max(axis=0)) // 2).tolist()
    spacing = case.grid.spacing
    if plane == "axial":
        depth = int((case.mask > 0).sum(axis=(1, 2)).argmax())
        at, sides, centre, extent = (depth, slice(None)), spacing[1:], (row, column), (HEIGHT_MM, WIDTH_MM)
    else:
        at = (slice(None, None, -1), slice(None), column)
        sides, centre, extent = spacing[:2], (len(case.mask) - 1 - depth, row), (LENGTH_MM, WIDTH_MM)
    low, high = np.percentile(case.image, PERCENTILES)
    grey = np.clip((case.image[at].astype(np.float64) - low) / (high - low), 0, 1) * 255
    pixels = np.repeat(resampled(grey, sides, centre, extent)[..., None], 3, axis=2)
    for labels, colour in zip(((1, 2), (2,)), OUTLINES, strict=True):
        drawn = np.isin(case.mask[at], labels) * 255.0
        mask = resampled(drawn, sides, centre, extent) >= 128
        if outlined:
            pixels[mask & ~binary_erosion(mask)] = colour
    return pixels


def resampled(
    plane: NDArray[np.float64],
    sides: tuple[float, ...],
    centre: tuple[int, int],
    extent: tuple[float, float],
) -> NDArray[np.uint8]:
    """The part of `extent` mm around `centre`, at one scale for all; black where the field of view ends."""
    height, width = (round(mm * PIXELS_A_MM) for mm in extent)
    scale_y, scale_x = (1 / (side * PIXELS_A_MM) for side in sides)
    left, top = centre[1] + 0.5 - width / 2 * scale_x, centre[0] + 0.5 - height / 2 * scale_y
    picture = Image.fromarray(plane.astype(np.uint8))
    return np.asarray(
        picture.transform(
            (width, height), Image.Transform.AFFINE, (scale_x, 0, left, 0, scale_y, top), Image.Resampling.BILINEAR
        )
    )


def padded(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.pad(pixels, ((0, GAP), (0, GAP), (0, 0)), constant_values=255)


if __name__ == "__main__":
    main()
