"""Light from an eye's retina: background, macula, disc, cup and vessels, before the camera spoils it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fedsm.synthetic_fundus.anatomy import Eye, Plane
from fedsm.synthetic_fundus.vessels import draw_vessels

Rgb = NDArray[np.float32]

RETINA = np.array([0.74, 0.33, 0.13], dtype=np.float32)
HALO = np.array([0.90, 0.62, 0.36], dtype=np.float32)
RIM = np.array([0.97, 0.66, 0.33], dtype=np.float32)
CUP = np.array([1.00, 0.84, 0.55], dtype=np.float32)
PALLOR = np.array([1.00, 0.96, 0.78], dtype=np.float32)
#: Share of each colour that blood and macular pigment take away.
ARTERY = np.array([0.20, 0.50, 0.42], dtype=np.float32)
VEIN = np.array([0.36, 0.66, 0.50], dtype=np.float32)
MACULA = np.array([0.34, 0.52, 0.45], dtype=np.float32)


def render_retina(generator: np.random.Generator, eye: Eye, image_side: int) -> Rgb:
    """[H, W, 3] in 0 to 1, sharp and evenly lit."""
    y, x = np.mgrid[:image_side, :image_side].astype(np.float32)
    light = _background(generator, eye, x, y)
    light *= 1 - _macula(eye, x, y)[..., None] * MACULA
    disc, cup = eye.disc.level(x, y), eye.cup.level(x, y)
    light = _blend(light, HALO, eye.halo * 0.75 * _inside(disc, 1.24, 0.035) * _uneven(generator, image_side))
    light = _disc(generator, eye, light, disc, cup, x)
    arteries, veins = draw_vessels(generator, eye, image_side)
    buried = 1 - 0.45 * _inside(cup, eye.pallor, 0.12)  # in the depth of the cup vessels are out of focus
    light *= 1 - (veins * buried)[..., None] * VEIN
    light *= 1 - (arteries * buried)[..., None] * ARTERY
    return np.clip(light, 0, 1)


def _background(generator: np.random.Generator, eye: Eye, x: Plane, y: Plane) -> Rgb:
    """Pigment epithelium with clouds, choroidal vessels that shine through, and streaks of nerve fibres."""
    side = len(x)
    clouds = 0.10 * smooth_noise(generator, side, 5) + 0.05 * smooth_noise(generator, side, 14)
    ridges = 1 - np.abs(smooth_noise(generator, side, 20))
    grain = 0.035 * smooth_noise(generator, side, side // 3)
    choroid = eye.tessellation * 0.09 * ridges
    fibres = 0.03 * _nerve_fibres(generator, eye, x, y)
    brightness = np.exp(clouds + choroid + grain + fibres - 0.05) * np.float32(eye.pigment)
    redness = np.stack([np.full_like(clouds, 0.75), np.ones_like(clouds), np.full_like(clouds, 1.1)], axis=-1)
    background: Rgb = RETINA * brightness[..., None] ** redness
    return background


def _nerve_fibres(generator: np.random.Generator, eye: Eye, x: Plane, y: Plane) -> Plane:
    """Fine streaks that radiate from the disc and fade with distance."""
    right, down = x - eye.disc.x, y - eye.disc.y
    num_streaks = 180
    streaks = generator.normal(0, 1, num_streaks).astype(np.float32)
    angle = (np.arctan2(down, right) / (2 * np.pi) + 0.5) * (num_streaks - 1)
    distance = np.hypot(right, down) / eye.disc.radius
    faded: Plane = np.interp(angle, np.arange(num_streaks), streaks) * np.exp(-distance / 2.5)
    return faded.astype(np.float32)


def _macula(eye: Eye, x: Plane, y: Plane) -> Plane:
    distance = np.hypot(x - eye.fovea_x, y - eye.fovea_y) / eye.disc.radius
    macula: Plane = 0.62 * np.exp(-((distance / 1.25) ** 2)) + 0.38 * np.exp(-((distance / 0.38) ** 2))
    return macula


def _disc(generator: np.random.Generator, eye: Eye, light: Rgb, disc: Plane, cup: Plane, x: Plane) -> Rgb:
    """The nasal rim is pinker and less sharp than the temporal one; the cup's wall slopes to its white floor."""
    temporal = np.clip((x - eye.disc.x) * eye.side / eye.disc.radius, -1, 1)
    rim = RIM * (1 + 0.10 * temporal[..., None] * np.array([0.1, 0.8, 1.2], dtype=np.float32))
    rim = rim * (1 + 0.05 * smooth_noise(generator, len(x), 30))[..., None]
    light = _blend(light, rim, 0.96 * _inside(disc, 1.0, 0.045 - 0.02 * temporal))
    wall = np.clip((1.12 - cup) / (1.12 - eye.pallor), 0, 1)
    light = _blend(light, CUP, 0.85 * wall * _inside(cup, 1.02, 0.05))
    return _blend(light, PALLOR, 0.9 * _inside(cup, eye.pallor, 0.09))


def _inside(level: Plane, edge: float, softness: float | Plane) -> Plane:
    """1 where the level is below the edge, 0 above, over a width of `softness`."""
    inside: Plane = (0.5 * (1 - np.tanh((level - edge) / softness))).astype(np.float32)
    return inside


def _blend(light: Rgb, color: Rgb, opacity: Plane) -> Rgb:
    blended: Rgb = light + opacity[..., None] * (color - light)
    return blended


def _uneven(generator: np.random.Generator, side: int) -> Plane:
    uneven: Plane = np.clip(0.85 + 0.3 * smooth_noise(generator, side, 8), 0, 1)
    return uneven


def smooth_noise(generator: np.random.Generator, side: int, num_cells: int) -> Plane:
    """[side, side] of deviation about 1, smooth over 1 / num_cells of the side."""
    coarse = generator.normal(0, 1.55, (num_cells + 2, num_cells + 2)).astype(np.float32)
    box = (1.0, 1.0, num_cells + 1.0, num_cells + 1.0)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC, box=box))
