"""How a site photographs: field of view, light, focus, colour, noise and compression."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from fedsm.synthetic_fundus.anatomy import Plane
from fedsm.synthetic_fundus.retina import Rgb


@dataclass(frozen=True)
class Camera:
    """field_radius and field_height: of the round aperture and of its flattened top and bottom, over half the side.

    color_gains: of red, green, blue. gamma: above 1 darkens. vignetting: light lost at the field's edge, 0 to 1.
    gradient: light lost from one side to the other. haze: scattered light, 0 to 1. blur: in thousandths of the side.
    noise: deviation, of 1. jpeg_quality: 1 to 95.
    """

    field_radius: float
    field_height: float
    color_gains: tuple[float, float, float]
    gamma: float
    vignetting: float
    gradient: float
    haze: float
    blur: float
    noise: float
    jpeg_quality: int


def photograph(generator: np.random.Generator, camera: Camera, light: Rgb) -> NDArray[np.uint8]:
    """[H, W, 3] light in 0 to 1 to a photograph with a black surround. Each exposure differs a little."""
    side = len(light)
    y, x = np.mgrid[:side, :side].astype(np.float32) * np.float32(2 / (side - 1)) - 1
    sigma = camera.blur * side / 1000 * generator.uniform(0.75, 1.25)
    light = gaussian_filter(light, (sigma, sigma, 0))
    light = light * _illumination(generator, camera, x, y)[..., None]
    light = light * (1 - camera.haze) + camera.haze * np.array([0.62, 0.55, 0.45], dtype=np.float32)
    gains = np.array(camera.color_gains) * generator.normal(1, 0.03, 3) * generator.uniform(0.94, 1.06)
    light = np.clip(light * gains.astype(np.float32), 0, 1) ** np.float32(camera.gamma)
    light = light + _noise(generator, camera.noise, side)
    pixels = np.clip(light * _field(camera, x, y, side)[..., None], 0, 1) * 255
    return _compressed(np.round(pixels).astype(np.uint8), camera.jpeg_quality)


def _illumination(generator: np.random.Generator, camera: Camera, x: Plane, y: Plane) -> Plane:
    off_x, off_y = generator.normal(0, 0.12, 2)
    distance = ((x - off_x) ** 2 + (y - off_y) ** 2) / camera.field_radius**2
    angle = generator.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * x + np.sin(angle) * y
    lit = (1 - camera.vignetting * distance**1.3) * (1 - camera.gradient * (0.5 + 0.5 * slope)) * 1.04
    light: Plane = np.clip(lit, 0.05, None).astype(np.float32)
    return light


def _noise(generator: np.random.Generator, deviation: float, side: int) -> Rgb:
    """Half of it is shared by the colours, as grain is."""
    shared = generator.normal(0, deviation, (side, side, 1)).astype(np.float32)
    noise: Rgb = shared + generator.normal(0, deviation / 2, (side, side, 3)).astype(np.float32)
    return noise


def _field(camera: Camera, x: Plane, y: Plane, side: int) -> Plane:
    """1 in the field of view, 0 outside, with an edge of two pixels."""
    outside = np.maximum(np.hypot(x, y) - camera.field_radius, np.abs(y) - camera.field_height)
    return np.clip(0.5 - outside * side / 4, 0, 1)


def _compressed(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """What is left after a JPEG; it is stored as PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG", quality=quality)
    return np.asarray(Image.open(file))
