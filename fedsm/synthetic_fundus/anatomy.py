"""What an eye looks like, before anyone photographs or outlines it.

Coordinates: x to the right, y down, in pixels, with shapes [H, W]. `radius` is the optic disc's, in pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Outline:
    """A closed, nearly elliptic curve: radius * (1 + sum of a_k cos(k angle + phase_k)), k = 2, 3, 4, stretched in y.

    amplitudes, phases: one each for k = 2, 3, 4. stretch: vertical over horizontal diameter.
    """

    x: float
    y: float
    radius: float
    stretch: float
    amplitudes: tuple[float, ...]
    phases: tuple[float, ...]

    def level(self, x: Plane, y: Plane) -> Plane:
        """Distance from the centre over the curve's radius in that direction: below 1 inside, 1 on the curve."""
        right, down = (x - self.x) * np.sqrt(self.stretch), (y - self.y) / np.sqrt(self.stretch)
        distance = np.hypot(right, down)
        turn = (right + 1j * down) / np.maximum(distance, 1e-6)  # exp(i angle): its powers cost less than cosines
        radius, power = np.ones_like(distance), turn
        for amplitude, phase in zip(self.amplitudes, self.phases, strict=True):
            power = power * turn
            radius += amplitude * (power.real * np.cos(phase) - power.imag * np.sin(phase))
        level: Plane = (distance / (self.radius * radius)).astype(np.float32)
        return level


@dataclass(frozen=True)
class Eye:
    """One eye. side: +1 when the macula lies to the right of the disc, else -1.

    pallor: radius of the white centre of the cup over the cup's. halo: brightness of the ring of atrophy around the
    disc, 0 to 1.
    """

    disc: Outline
    cup: Outline
    side: int
    fovea_x: float
    fovea_y: float
    pallor: float
    halo: float
    pigment: float
    tessellation: float


@dataclass(frozen=True)
class EyeRanges:
    """Of one site's patients. Mean and deviation each; lengths are shares of half the image's side."""

    disc_radius: tuple[float, float]
    cup_to_disc: tuple[float, float]
    disc_x: tuple[float, float]
    disc_y: tuple[float, float]
    halo: tuple[float, float]
    pigment: tuple[float, float]


def draw_eye(generator: np.random.Generator, ranges: EyeRanges, image_side: int) -> Eye:
    """disc_x of the ranges counts towards the nose, so that the macula is in view for right and left eyes alike."""
    half = image_side / 2
    side = 1 if generator.random() < 0.5 else -1
    disc_radius = half * _near(generator, ranges.disc_radius)
    disc = _outline(
        generator,
        x=half - side * half * _near(generator, ranges.disc_x),
        y=half + half * _near(generator, ranges.disc_y),
        radius=disc_radius,
        stretch=generator.uniform(1.0, 1.16),
        roughness=0.018,
    )
    cup_radius = disc_radius * np.clip(_near(generator, ranges.cup_to_disc), 0.28, 0.72)
    cup = _outline(
        generator,
        x=disc.x + side * disc_radius * generator.uniform(0.0, 0.1),
        y=disc.y + disc_radius * generator.uniform(-0.05, 0.05),
        radius=cup_radius,
        stretch=generator.uniform(0.98, 1.18),
        roughness=0.03,
    )
    return Eye(
        disc=disc,
        cup=cup,
        side=side,
        fovea_x=disc.x + side * disc_radius * generator.uniform(4.6, 5.2),
        fovea_y=disc.y + disc_radius * generator.uniform(0.3, 0.9),
        pallor=generator.uniform(0.68, 0.78),
        halo=float(np.clip(_near(generator, ranges.halo), 0, 1)),
        pigment=_near(generator, ranges.pigment),
        tessellation=generator.uniform(0.4, 1.0),
    )


def _outline(
    generator: np.random.Generator, x: float, y: float, radius: float, stretch: float, roughness: float
) -> Outline:
    amplitudes = generator.normal(0, roughness, 3) / np.array([1.0, 1.5, 2.0])
    phases = generator.uniform(0, 2 * np.pi, 3)
    return Outline(x, y, radius, stretch, tuple(amplitudes.tolist()), tuple(phases.tolist()))


def _near(generator: np.random.Generator, mean_and_deviation: tuple[float, float]) -> float:
    """Normal, but never further than two deviations away."""
    mean, deviation = mean_and_deviation
    return mean + deviation * float(np.clip(generator.normal(), -2, 2))
