"""From decoded arrays to what the network is fed from, and back to the image's own size."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from worker.engine.data import Case
from worker.engine.sampling import Sampling

Array = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]
#: Percentiles of a volume's voxels: values below the first become 0, values above the second become 1.
PERCENTILES = (0.5, 99.5)


@dataclass(frozen=True)
class Intensity:
    """How stored values become what the network is fed from.

    kind: unit divides by the range of the pixel type (pictures); window makes `low` 0 and `high` 1 and clips;
    percentile does so with the image's own 0.5th and 99.5th percentiles; standardized gives each channel zero mean and
    unit variance.
    low, high: stored values, in the image's own unit (HU for CT); used by window only.
    """

    kind: Literal["unit", "standardized", "percentile", "window"]
    low: float
    high: float


def make_case(
    case_id: str,
    name: str,
    pixels: Array,
    structures: NDArray[np.bool_],
    spacing: tuple[float, ...] | None,
    sampling: Sampling,
    intensity: Intensity,
    spatial_dims: int,
    patient: str | None = None,
    affine: NDArray[np.float64] | None = None,
) -> Case:
    """The case with scaled intensities, resized or resampled for the network; the reference is kept at its own size
    too.

    pixels: [H, W, C] of a picture or [D, H, W, C] of a volume.
    structures: [S, H, W] or [S, D, H, W] bool.
    spacing: of the voxels in mm, in array order, or None.
    patient, affine: as in Case.

    Raises ValueError where the settings do not fit the image.
    """
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, 0).astype(np.float32)))
    bounds = _bounds(pixels, planes, intensity)
    size = network_space(tuple(planes.shape[1:]), spacing, sampling, spatial_dims)
    unit_image = resize(_windowed(planes, *bounds), size)
    match intensity.kind:
        case "standardized":
            source = unit_image if pixels.ndim == 3 else resize(planes, size)
            image = _standardized(source)
        case "unit" | "percentile" | "window":
            image = unit_image
    return Case(
        case_id=case_id,
        name=name,
        image=image,
        reference=_resized_reference(structures, size),
        reference_original=structures,
        unit_image=unit_image,
        spacing=spacing,
        intensity_range=bounds,
        patient=patient,
        affine=affine,
    )


def network_space(
    space: tuple[int, ...], spacing: tuple[float, ...] | None, sampling: Sampling, spatial_dims: int
) -> tuple[int, ...]:
    """The size at which a case is held for the network, in array order. A 2D network keeps a volume's number of slices.

    Raises ValueError where a network of 3 dimensions has a target spacing without a depth.
    """
    if sampling.mode == "resize":
        in_plane = (sampling.size, sampling.size)
        if len(space) == 2:
            return in_plane
        return (sampling.depth if spatial_dims == 3 else space[0], *in_plane)
    if sampling.spacing is None:
        return space
    own = spacing or (1.0,) * len(space)
    # A 2D network's slices are resampled in their plane alone.
    wanted = sampling.spacing[-2:] if spatial_dims == 2 else sampling.spacing
    if len(wanted) < spatial_dims:
        raise ValueError(
            f"data.spacing {list(wanted)} has no depth, which a network of 3 dimensions needs: give depth, height and "
            "width"
        )
    sides = zip(space[-spatial_dims:], own[-spatial_dims:], wanted, strict=True)
    resampled = tuple(max(round(n * have / want), 1) for n, have, want in sides)
    return (*space[:-spatial_dims], *resampled)


def resize(planes: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
    """[N, *space] to [N, *size]: linear, anti-aliased in the plane when shrinking, and unchanged where it has that
    size."""
    if tuple(planes.shape[1:]) == size:
        return planes
    if len(size) == 2:
        return interpolate(planes[None], size=size, mode="bilinear", align_corners=False, antialias=True)[0]
    if tuple(planes.shape[2:]) != size[1:]:
        slices = planes.transpose(0, 1)
        planes = interpolate(slices, size=size[1:], mode="bilinear", align_corners=False, antialias=True)
        planes = planes.transpose(0, 1)
    if planes.shape[1] != size[0]:
        planes = interpolate(planes[None], size=size, mode="trilinear", align_corners=False)[0]
    return planes.contiguous()


def _resized_reference(structures: NDArray[np.bool_], size: tuple[int, ...]) -> torch.Tensor:
    """[S, *size] bool; it shares memory where the size is the same, because a large volume takes much of it."""
    if structures.shape[1:] == size:
        return torch.from_numpy(np.ascontiguousarray(structures))
    return resize(torch.from_numpy(structures.astype(np.float32)), size) >= 0.5


def to_original(probabilities: torch.Tensor, size: tuple[int, ...]) -> NDArray[np.bool_]:
    """The inverse of the resize: probabilities [S, *space] to a mask [S, *size] bool, cut at 0.5 after
    interpolation."""
    return (resize(probabilities.cpu(), size) > 0.5).numpy()


def _bounds(pixels: Array, planes: torch.Tensor, intensity: Intensity) -> tuple[float, float]:
    """The stored values that become 0 and 1."""
    if intensity.kind == "window":
        return intensity.low, intensity.high
    if pixels.ndim == 3 and intensity.kind != "percentile":
        return 0.0, float(np.iinfo(pixels.dtype.name).max) if np.issubdtype(pixels.dtype, np.integer) else 1.0
    if intensity.kind == "unit":
        raise ValueError(
            "data.intensity unit divides by the range of the pixel type, which means nothing for a volume: "
            "set it to percentile, standardized or window"
        )
    low, high = np.percentile(planes.numpy(), PERCENTILES)
    return float(low), max(float(high), float(low) + 1e-6)


def _windowed(planes: torch.Tensor, low: float, high: float) -> torch.Tensor:
    if low == 0:
        return (planes / high).clamp_(0, 1)
    return ((planes - low) / (high - low)).clamp_(0, 1)


def _standardized(image: torch.Tensor) -> torch.Tensor:
    axes = tuple(range(1, image.ndim))
    mean = image.mean(dim=axes, keepdim=True)
    deviation = image.std(dim=axes, keepdim=True)
    return (image - mean) / deviation.clamp_min(1e-6)
