"""What a pelvis around a prostate looks like, before anyone scans or outlines it.

Coordinates in mm from the middle of the prostate, in LPS: x to the patient's left, y to the back, z to the head.
Arrays are [D, H, W], index (z, y, x). A *level* is below 1 inside of a surface, 1 on it, above 1 outside.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Points:
    """Coordinates of voxels in mm. x, y and z broadcast to [D, H, W]."""

    x: Array
    y: Array
    z: Array


@dataclass(frozen=True)
class Prostate:
    """Half axes in mm: half_width across, half_depth front to back, half_length apex to base.

    taper: widening from apex to base. tilt: mm to the back for each mm towards the head. hollow: depth of the groove
    that the rectum leaves in the back, as a share of half_depth. transition: half width of the transition zone, as a
    share of the gland's. transition_apex: height at which that zone ends towards the apex, from -1 (apex) to 1 (base).
    """

    half_width: float
    half_depth: float
    half_length: float
    taper: float
    tilt: float
    hollow: float
    transition: float
    transition_apex: float


@dataclass(frozen=True)
class Nodule:
    """A ball of hyperplasia in the transition zone, or a lesion of the peripheral one; never outlined.

    signal: of the T2 image, 0 to 1.
    """

    x: float
    y: float
    z: float
    radius: float
    signal: float
    has_rim: bool


@dataclass(frozen=True)
class Rectum:
    """A tube behind the gland. content: signal of what is in it. gas: share of the lumen that is gas, which rises."""

    x: float
    gap: float
    half_width: float
    half_depth: float
    content: float
    gas: float


@dataclass(frozen=True)
class Wave:
    """One sinusoidal displacement. vector: radians for each mm (z, y, x). amplitude: mm (z, y, x)."""

    vector: tuple[float, float, float]
    amplitude: tuple[float, float, float]
    phase: float


@dataclass(frozen=True)
class Pelvis:
    """One patient. bladder_radius: mm. body: half axes in mm across and front to back. age: 0 to 1, dims marrow."""

    prostate: Prostate
    nodules: tuple[Nodule, ...]
    rectum: Rectum
    bladder_radius: float
    body: tuple[float, float]
    pelvic_width: float
    bone_height: float
    waves: tuple[Wave, ...]


@dataclass(frozen=True)
class PelvisRanges:
    """Of one site's patients. Mean and deviation each, in mm; shares without a unit.

    endorectal_coil: an inflated balloon fills the rectum and flattens the gland.
    """

    half_width: tuple[float, float]
    transition: tuple[float, float]
    rectum: tuple[float, float]
    bladder_radius: tuple[float, float]
    num_nodules: int
    lesion_share: float
    endorectal_coil: bool = False


def draw_pelvis(generator: np.random.Generator, ranges: PelvisRanges) -> Pelvis:
    prostate = _draw_prostate(generator, ranges)
    return Pelvis(
        prostate=prostate,
        nodules=(*_draw_nodules(generator, ranges, prostate), *_draw_lesion(generator, ranges, prostate)),
        rectum=_draw_rectum(generator, ranges),
        bladder_radius=_near(generator, ranges.bladder_radius),
        body=(generator.uniform(160, 185), generator.uniform(98, 118)),
        pelvic_width=generator.uniform(0.94, 1.06),
        bone_height=generator.uniform(-4, 6),
        waves=tuple(_draw_wave(generator) for _ in range(4)),
    )


def displaced(points: Points, waves: tuple[Wave, ...]) -> Points:
    """Where the tissue seen at these points lies in the pelvis before its deformation. Smooth and a few mm at most."""
    moved = [points.z, points.y, points.x]
    for wave in waves:
        angle = wave.vector[0] * points.z + wave.vector[1] * points.y + wave.vector[2] * points.x + wave.phase
        sine = np.sin(angle, dtype=np.float32)
        moved = [axis + np.float32(amplitude) * sine for axis, amplitude in zip(moved, wave.amplitude, strict=True)]
    return Points(x=moved[2], y=moved[1], z=moved[0])


def prostate_level(prostate: Prostate, points: Points) -> Array:
    """A chestnut: narrow apex below, broad base above, grooved back."""
    height = points.z / prostate.half_length
    widening = 1 + prostate.taper * np.clip(height, -1, 1)
    across = points.x / (prostate.half_width * widening)
    depth = (points.y - prostate.tilt * points.z) / (prostate.half_depth * widening)
    grooved = depth + prostate.hollow * np.exp(-((across / 0.38) ** 2)) * (depth > 0)
    radius = np.abs(across) ** 2.2 + np.abs(grooved) ** 2.2 + np.abs(height) ** 2.6
    level: Array = (radius ** (1 / 2.3)).astype(np.float32)
    return level


def transition_level(prostate: Prostate, points: Points) -> Array:
    """Two lobes next to the urethra, in the front; they end above the apex. The front stroma counts to them."""
    height = points.z / prostate.half_length
    widening = 1 + prostate.taper * np.clip(height, -1, 1)
    above_apex = np.clip((height - prostate.transition_apex) / 0.5, 0.05, 1)
    size = prostate.transition * np.sqrt(above_apex)
    across = np.abs(points.x) / (prostate.half_width * widening)
    depth = (points.y - prostate.tilt * points.z) / (prostate.half_depth * widening)
    lobe = ((across - 0.4 * size) / (0.78 * size)) ** 2 + ((depth + 0.95 - 0.98 * size) / (1.06 * size)) ** 2
    ends = np.clip((prostate.transition_apex - height) / 0.12, 0, None)
    level: Array = np.sqrt(lobe + ends).astype(np.float32)
    return level


def _draw_prostate(generator: np.random.Generator, ranges: PelvisRanges) -> Prostate:
    half_width = _near(generator, ranges.half_width)
    flattened = 0.84 if ranges.endorectal_coil else 1.0
    return Prostate(
        half_width=half_width,
        half_depth=half_width * generator.uniform(0.68, 0.8) * flattened,
        half_length=half_width * generator.uniform(0.78, 0.92),
        taper=generator.uniform(0.14, 0.24),
        tilt=generator.uniform(0.05, 0.2),
        hollow=generator.uniform(0.1, 0.2) + (0.1 if ranges.endorectal_coil else 0.0),
        transition=float(np.clip(_near(generator, ranges.transition), 0.4, 0.85)),
        transition_apex=generator.uniform(-0.7, -0.45),
    )


def _draw_nodules(generator: np.random.Generator, ranges: PelvisRanges, prostate: Prostate) -> list[Nodule]:
    nodules = []
    for _ in range(int(generator.poisson(ranges.num_nodules))):
        side = generator.choice((-1.0, 1.0))
        nodules.append(
            Nodule(
                x=side * prostate.half_width * prostate.transition * generator.uniform(0.2, 0.75),
                y=prostate.half_depth * generator.uniform(-0.55, 0.25),
                z=prostate.half_length * generator.uniform(-0.3, 0.6),
                radius=generator.uniform(2.5, 6.5),
                signal=float(generator.choice((0.22, 0.3, 0.52, 0.68))),
                has_rim=bool(generator.random() < 0.7),
            )
        )
    return nodules


def _draw_lesion(generator: np.random.Generator, ranges: PelvisRanges, prostate: Prostate) -> list[Nodule]:
    """Dark and without a rim, in the back of the peripheral zone."""
    if generator.random() >= ranges.lesion_share:
        return []
    side = generator.choice((-1.0, 1.0))
    place = side * generator.uniform(0.35, 0.65)
    height = generator.uniform(-0.6, 0.3)
    return [
        Nodule(
            x=prostate.half_width * place,
            y=prostate.half_depth * 0.72,
            z=prostate.half_length * height,
            radius=generator.uniform(3.0, 6.0),
            signal=0.3,
            has_rim=False,
        )
    ]


def _draw_rectum(generator: np.random.Generator, ranges: PelvisRanges) -> Rectum:
    half_width = _near(generator, ranges.rectum)
    if ranges.endorectal_coil:
        return Rectum(generator.normal(0, 1.5), 0.5, half_width, half_width * 0.8, content=0.03, gas=1.0)
    return Rectum(
        x=generator.normal(0, 3),
        gap=generator.uniform(0.5, 2.0),
        half_width=half_width,
        half_depth=half_width * generator.uniform(0.65, 0.9),
        content=generator.uniform(0.25, 0.6),
        gas=generator.uniform(0, 0.9),
    )


def _draw_wave(generator: np.random.Generator) -> Wave:
    """50 to 110 mm long, about 1 mm high."""
    direction = generator.normal(0, 1, 3)
    vector = direction / np.linalg.norm(direction) * (2 * np.pi / generator.uniform(50, 110))
    amplitude = generator.normal(0, 0.8, 3)
    return Wave(_triple(vector), _triple(amplitude), generator.uniform(0, 2 * np.pi))


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    first, second, third = values.tolist()
    return first, second, third


def _near(generator: np.random.Generator, mean_and_deviation: tuple[float, float]) -> float:
    """Normal, but never further than two deviations away."""
    mean, deviation = mean_and_deviation
    return mean + deviation * float(np.clip(generator.normal(), -2, 2))
