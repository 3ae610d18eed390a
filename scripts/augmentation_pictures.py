"""Draws docs/images/augmentations/<preset>.png: a synthetic photograph, and four draws of the preset next to it.

    .venv/bin/python scripts/augmentation_pictures.py

Optic disc and cup are outlined. Same code and versions, same pictures. Also prints what each preset costs.
"""

from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_erosion

from fedsm.synthetic_fundus import SITES, make_fundus_case
from fedsm.synthetic_fundus.annotators import CUP, DISC_RIM
from worker.engine.augmentation import PRESETS, Preset, augment

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "augmentations"
SIDE = 160
NUM_DRAWS = 4
TIMED = ((3, 128, 128), (1, 16, 128, 128))
GAP = 4
OUTLINES = ((255, 255, 255), (64, 224, 255))  # disc, cup
#: Enough for photographs of this size, at a third of the bytes of full colour.
NUM_COLOURS = 192


def main() -> None:
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    for preset in PRESETS:
        path = OUT / f"{preset}.png"
        row = picture_row(preset).quantize(NUM_COLOURS, dither=Image.Dither.NONE)
        row.save(path, optimize=True)
        costs = [f"{milliseconds(preset, shape):.2f} ms {shape}" for shape in TIMED if can(preset, shape)]
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB; {', '.join(costs)}")


def can(preset: Preset, shape: tuple[int, ...]) -> bool:
    return preset != "colour" or shape[0] == 3


def milliseconds(preset: Preset, shape: tuple[int, ...]) -> float:
    """Processor time, median of 21 draws."""
    generator = torch.Generator().manual_seed(0)
    image, reference = torch.rand(shape, generator=generator), torch.ones(2, *shape[1:])
    times = []
    for _ in range(21):
        start = process_time()
        augment(image, reference, preset, generator)
        times.append(1000 * (process_time() - start))
    return median(times)


def picture_row(preset: Preset) -> Image.Image:
    photograph, mask = make_fundus_case(SITES[0], 0, seed=0, image_side=SIDE)
    original = torch.from_numpy(photograph.copy()).permute(2, 0, 1) / 255
    planes = torch.from_numpy(np.stack([mask >= DISC_RIM, mask >= CUP])).float()
    generator = torch.Generator().manual_seed(1)
    pairs = [(original, planes)] + [augment(original, planes, preset, generator) for _ in range(NUM_DRAWS)]
    row = np.full((SIDE, len(pairs) * (SIDE + GAP) - GAP, 3), 255, dtype=np.uint8)
    for position, (image, reference) in enumerate(pairs):
        left = position * (SIDE + GAP)
        row[:, left : left + SIDE] = outlined(image, reference)
    return Image.fromarray(row)


def outlined(image: torch.Tensor, reference: torch.Tensor) -> NDArray[np.uint8]:
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy().copy()
    for plane, colour in zip(reference.numpy() > 0.5, OUTLINES, strict=True):
        pixels[plane & ~binary_erosion(plane)] = colour
    return pixels


if __name__ == "__main__":
    main()
