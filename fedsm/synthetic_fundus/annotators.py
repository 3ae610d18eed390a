"""How a site's annotator outlines disc and cup: the same eye, another convention.

Where the cup begins is a convention. Some draw it where the vessels bend over the rim, which gives a large cup; some
where the colour turns white, which gives a small one. Some count the ring of atrophy around the disc to the disc.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fedsm.synthetic_fundus.anatomy import Eye, Outline

BACKGROUND, DISC_RIM, CUP = 0, 1, 2


@dataclass(frozen=True)
class Annotator:
    """Scales of the radii, and shifts of the outlines in radii of the disc (right, down).

    irregularity: share of the true outline's irregularity that is drawn; 0 draws ellipses. jitter: deviation of one
    annotation from the next, as a share of the radius.
    """

    disc_scale: float = 1.0
    cup_scale: float = 1.0
    disc_shift: tuple[float, float] = (0.0, 0.0)
    cup_shift: tuple[float, float] = (0.0, 0.0)
    irregularity: float = 1.0
    jitter: float = 0.02


def annotate(generator: np.random.Generator, annotator: Annotator, eye: Eye, image_side: int) -> NDArray[np.uint8]:
    """[H, W]: 0 background, 1 rim of the disc, 2 cup. The cup never leaves the disc."""
    y, x = np.mgrid[:image_side, :image_side].astype(np.float32)
    unit = eye.disc.radius
    disc = _drawn(generator, annotator, eye.disc, annotator.disc_scale, annotator.disc_shift, unit).level(x, y)
    cup = _drawn(generator, annotator, eye.cup, annotator.cup_scale, annotator.cup_shift, unit).level(x, y)
    mask = np.where(disc < 1, DISC_RIM, BACKGROUND)
    return np.where((cup < 1) & (disc < 0.93), CUP, mask).astype(np.uint8)


def _drawn(
    generator: np.random.Generator,
    annotator: Annotator,
    outline: Outline,
    scale: float,
    shift: tuple[float, float],
    unit: float,
) -> Outline:
    right, down = np.array(shift) + generator.normal(0, annotator.jitter / 2, 2)
    return replace(
        outline,
        x=outline.x + float(right) * unit,
        y=outline.y + float(down) * unit,
        radius=outline.radius * scale * float(generator.normal(1, annotator.jitter)),
        amplitudes=tuple(amplitude * annotator.irregularity for amplitude in outline.amplitudes),
    )
