"""Retinal arteries and veins: trunks that leave the disc, arch around the macula, taper and branch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fedsm.synthetic_fundus.anatomy import Eye, Plane

#: Vessels are drawn this many times larger, then averaged down: smooth edges.
SUPERSAMPLING = 3
#: Of a path, in disc radii.
STEP = 0.14
#: Heading when leaving the disc (degrees, 0 = towards the macula, 90 = up), bend (degrees a disc radius), length (disc
#: radii), width (of the widest trunk). Below the disc the same, upside down.
TRUNKS = (
    (78.0, -11.5, 11.0, 1.0),
    (128.0, 3.5, 8.0, 0.8),
    (38.0, -13.0, 3.4, 0.36),
    (165.0, 6.0, 5.5, 0.45),
)
#: Diameter of the widest vein over the disc's radius.
VEIN_WIDTH, ARTERY_WIDTH = 0.155, 0.115
MAX_BRANCHING = 2


@dataclass(frozen=True, eq=False)
class Path:
    """Along a vessel: points [N, 2] (x, y) and half of the vessel's width, [N, 2], square to its direction."""

    points: NDArray[np.float64]
    half_widths: NDArray[np.float64]


def draw_vessels(generator: np.random.Generator, eye: Eye, image_side: int) -> tuple[Plane, Plane]:
    """Opacity 0 to 1, [side, side], of the arteries and of the veins."""
    arteries = list(_trees(generator, eye, ARTERY_WIDTH, -7.0))
    veins = list(_trees(generator, eye, VEIN_WIDTH, 7.0))
    return _rasterised(arteries, image_side), _rasterised(veins, image_side)


def _trees(generator: np.random.Generator, eye: Eye, width: float, turn: float) -> Iterator[Path]:
    """turn: degrees by which arteries and veins leave the disc apart from each other."""
    radius = eye.disc.radius
    hilum = np.array([eye.disc.x - eye.side * 0.22 * radius, eye.disc.y])
    for up in (1, -1):
        for heading, bend, length, share in TRUNKS:
            start = hilum + radius * (generator.uniform(-0.09, 0.09, 2) - (0, 0.10 * up))
            yield from _branches(
                generator,
                eye,
                start,
                up * np.deg2rad(heading + turn + generator.normal(0, 6)),
                up * np.deg2rad(bend + generator.normal(0, 1.2)),
                length * generator.uniform(0.9, 1.1),
                width * share * generator.uniform(0.85, 1.1),
                depth=0,
            )


def _branches(
    generator: np.random.Generator,
    eye: Eye,
    start: NDArray[np.float64],
    heading: float,
    bend: float,
    length: float,
    width: float,
    depth: int,
) -> Iterator[Path]:
    """The vessel and, recursively, what branches from it. length and width in disc radii, bend in radians a radius."""
    num_points = max(int(length / STEP), 4)
    along = np.arange(num_points) * STEP
    phase, period = generator.uniform(0, 2 * np.pi), generator.uniform(1.1, 2.4)
    wiggle = generator.uniform(0.06, 0.18) * np.sin(2 * np.pi * along / period + phase)
    headings = heading + bend * along + wiggle
    direction = np.stack([np.cos(headings) * eye.side, -np.sin(headings)], axis=1) * eye.disc.radius
    points = start + np.cumsum(direction * STEP, axis=0)
    widths = width * (1 - 0.62 * along / length)
    yield Path(points, direction[:, ::-1] * (-1, 1) * widths[:, None] / 2)
    if depth == MAX_BRANCHING:
        return
    position = generator.uniform(1.4, 2.2)
    side = generator.choice([-1, 1])
    while position < 0.88 * length:
        index = min(int(position / STEP), num_points - 1)
        turn = side * np.deg2rad(generator.uniform(28, 52))
        yield from _branches(
            generator,
            eye,
            points[index],
            float(headings[index]) + turn,
            -turn * generator.uniform(0.0, 0.28),
            (length - position) * generator.uniform(0.45, 0.75),
            float(widths[index]) * generator.uniform(0.5, 0.72),
            depth + 1,
        )
        position += generator.uniform(0.9, 1.9)
        side = -side


def _rasterised(paths: list[Path], image_side: int) -> Plane:
    canvas = Image.new("L", (image_side * SUPERSAMPLING,) * 2)
    pen = ImageDraw.Draw(canvas)
    for path in paths:
        _draw_ribbon(pen, path)
    return np.asarray(canvas.reduce(SUPERSAMPLING), dtype=np.float32) / np.float32(255)


def _draw_ribbon(pen: ImageDraw.ImageDraw, path: Path) -> None:
    """Thin ends fade by getting narrower than a pixel."""
    left, right = path.points + path.half_widths, path.points - path.half_widths
    pen.polygon((np.concatenate([left, right[::-1]]) * SUPERSAMPLING).ravel().tolist(), fill=255)
