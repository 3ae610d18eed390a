"""How a site scans: field of view, voxels, coil, sharpness, noise, contrast and intensity scale."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fedsm.synthetic_prostate.anatomy import Array, Pelvis, Points

Coil = Literal["body", "phased_array", "endorectal"]
#: Rendered slices for each scanned one: what lies half in a slice is averaged over its thickness.
SUBSLICES = 2


@dataclass(frozen=True)
class Scanner:
    """side: rows and columns. in_plane: their spacing in mm. thickness: of a slice, in mm.

    blur: deviation in mm of what the acquired resolution leaves. gamma: above 1 darkens the middle. noise: deviation,
    of the brightest tissue. ghost: share of the moving bladder and rectum that appears shifted along the rows. scale:
    stored value of the brightest tissue. centre: mm by which the field of view misses the gland (deviation).
    """

    side: int
    in_plane: float
    num_slices: int
    thickness: float
    coil: Coil
    blur: float
    gamma: float
    noise: float
    ghost: float
    scale: float
    centre: float


@dataclass(frozen=True)
class Grid:
    """Voxel positions of one scan. first: mm of the first voxel's centre (z, y, x). spacing: mm (z, y, x)."""

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    first: tuple[float, float, float]

    def points(self, subslices: int = 1) -> Points:
        """Of all voxels, or of several layers through the thickness of each slice."""
        layers = (np.arange(self.shape[0] * subslices) + 0.5) / subslices - 0.5
        z, y, x = (
            (start + np.asarray(steps) * spacing).astype(np.float32)
            for start, steps, spacing in zip(
                self.first, (layers, np.arange(self.shape[1]), np.arange(self.shape[2])), self.spacing, strict=True
            )
        )
        return Points(x=x[None, None, :], y=y[None, :, None], z=z[:, None, None])


def place_grid(generator: np.random.Generator, scanner: Scanner, detail: float) -> Grid:
    """detail: times the voxels in a row, over the same field of view."""
    side = round(scanner.side * detail)
    spacing = scanner.side * scanner.in_plane / side
    shape, spacings = (scanner.num_slices, side, side), (scanner.thickness, spacing, spacing)
    middle = generator.normal(0, scanner.centre, 3) + np.array([1.0, 4.0, 0.0])
    z, y, x = (float(m - (n - 1) * s / 2) for m, n, s in zip(middle, shape, spacings, strict=True))
    return Grid(shape, spacings, (z, y, x))


def scan(
    generator: np.random.Generator, scanner: Scanner, grid: Grid, pelvis: Pelvis, tissue: Array
) -> NDArray[np.int16]:
    """[D, H, W] stored values of tissue [D * SUBSLICES, H, W], each examination a little different."""
    depth, height, width = grid.shape
    signal = tissue.reshape(depth, SUBSLICES, height, width).mean(axis=1)
    signal = np.clip(signal, 0, None) ** np.float32(scanner.gamma * generator.uniform(0.94, 1.06))
    signal = signal + scanner.ghost * np.roll(np.clip(signal - 0.5, 0, None), height // 3, axis=1)
    sigma = scanner.blur * generator.uniform(0.85, 1.15) / grid.spacing[1]
    signal = gaussian_filter(signal, (0.0, sigma, sigma))
    signal = signal * _sensitivity(generator, scanner, pelvis, grid.points())
    deviation = scanner.noise * generator.uniform(0.8, 1.2)
    real, imaginary = generator.normal(0, deviation, (2, *grid.shape)).astype(np.float32)
    magnitude = np.hypot(signal + real, imaginary)  # Rician: noise of a magnitude image
    stored = magnitude * scanner.scale * generator.uniform(0.8, 1.2)
    voxels: NDArray[np.int16] = np.clip(np.round(stored), 0, np.iinfo(np.int16).max).astype(np.int16)
    return voxels


def _sensitivity(generator: np.random.Generator, scanner: Scanner, pelvis: Pelvis, at: Points) -> Array:
    """Of the receiving coil, about 1 in the middle of the gland."""
    skew = generator.normal(0, 0.0016, 3)
    slope = 1 + skew[0] * at.z + skew[1] * at.y + skew[2] * at.x
    match scanner.coil:
        case "body":
            bias = slope * (1 - 0.10 * (at.x / 80) ** 2)
        case "phased_array":  # elements in front of and behind the patient
            bias = slope * (0.72 + 0.28 * np.cosh(at.y / 38)) * (1 + 0.06 * at.y / 40)
        case "endorectal":  # falls with the distance from the balloon behind the gland
            back = pelvis.prostate.half_depth + 4
            distance = np.sqrt((at.x / 1.25) ** 2 + (at.y - back) ** 2 + (at.z / 1.6) ** 2)
            bias = slope * (0.3 + 1.7 / (1 + (distance / 13) ** 2))
    sensitivity: Array = np.clip(bias, 0.05, None).astype(np.float32)
    return sensitivity
