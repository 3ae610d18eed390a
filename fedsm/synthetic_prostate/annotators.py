"""How a site's annotator outlines gland and transition zone: the same patient, another convention."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fedsm.synthetic_prostate.anatomy import (
    Array,
    Pelvis,
    Points,
    Prostate,
    Wave,
    displaced,
    prostate_level,
    transition_level,
)

BACKGROUND, PERIPHERAL, TRANSITION = 0, 1, 2


@dataclass(frozen=True)
class Annotator:
    """margin: mm that are outlined beyond the capsule in a slice. transition_scale: of that zone's half axes.

    apex_cut, base_cut: the lowest and highest shares of the gland's length that are left out. shift: of the outline,
    in mm to the back. irregularity: share of the true deformation that is drawn; 0 draws smooth shapes. jitter:
    deviation of one annotation from the next, in mm.
    """

    margin: float = 0.0
    transition_scale: float = 1.0
    apex_cut: float = 0.0
    base_cut: float = 0.0
    shift: float = 0.0
    irregularity: float = 1.0
    jitter: float = 0.4


def annotate(generator: np.random.Generator, annotator: Annotator, pelvis: Pelvis, points: Points) -> NDArray[np.uint8]:
    """[D, H, W]: 0 background, 1 peripheral zone, 2 transition zone. That zone never leaves the gland."""
    margin, shift = np.array([annotator.margin, annotator.shift]) + generator.normal(0, annotator.jitter, 2)
    waves = tuple(_flattened(wave, annotator.irregularity) for wave in pelvis.waves)
    at = displaced(points, waves)
    at = Points(x=at.x, y=at.y - np.float32(shift), z=at.z)
    gland = _widened(pelvis.prostate, float(margin))
    inside = (prostate_level(gland, at) < 1) & _drawn_slices(annotator, pelvis.prostate, at.z)
    zone = replace(gland, transition=gland.transition * annotator.transition_scale)
    in_zone = transition_level(zone, at) < 1
    return np.where(inside, np.where(in_zone, TRANSITION, PERIPHERAL), BACKGROUND).astype(np.uint8)


def _flattened(wave: Wave, share: float) -> Wave:
    """Within slices only: in which slices there is gland, everyone sees alike."""
    through, down, across = wave.amplitude
    return replace(wave, amplitude=(through, share * down, share * across))


def _widened(prostate: Prostate, margin: float) -> Prostate:
    return replace(prostate, half_width=prostate.half_width + margin, half_depth=prostate.half_depth + margin)


def _drawn_slices(annotator: Annotator, prostate: Prostate, z: Array) -> NDArray[np.bool_]:
    """Whole slices, by the height of their middle."""
    height = np.median(np.broadcast_to(z, z.shape), axis=(1, 2), keepdims=True) / (2 * prostate.half_length) + 0.5
    drawn: NDArray[np.bool_] = (height >= annotator.apex_cut) & (height <= 1 - annotator.base_cut)
    return drawn
