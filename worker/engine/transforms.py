"""From decoded arrays to what the network takes, and back to the image's own size."""

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from worker.engine.data import Case

Array = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]


def make_case(
    case_id: str,
    name: str,
    image_HWC: Array,  # noqa: N803 (shape suffix)
    mask_HW: Array,  # noqa: N803
    label_values: tuple[tuple[int, ...], ...],
    image_size: int,
    intensity: Literal["unit", "standardized"],
) -> Case:
    """Resize to image_size x image_size, scale intensities, and split the mask into one plane a structure.

    image_HWC: uint8, uint16 or float in 0 to 1. mask_HW: integers. label_values: for each structure, its integers.
    """
    structures = np.stack([np.isin(mask_HW, values) for values in label_values])
    unit_image = resize(torch.from_numpy(_unit(image_HWC)), (image_size, image_size))
    planes = resize(torch.from_numpy(structures.astype(np.float32)), (image_size, image_size))
    return Case(
        case_id=case_id,
        name=name,
        image=unit_image if intensity == "unit" else _standardized(unit_image),
        reference=(planes >= 0.5).float(),
        reference_original=structures,
        unit_image=unit_image,
    )


def resize(planes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """[N, H, W] to [N, *size], bilinear, anti-aliased when shrinking; unchanged when it has that size already."""
    if tuple(planes.shape[-2:]) == size:
        return planes
    return interpolate(planes[None], size=size, mode="bilinear", align_corners=False, antialias=True)[0]


def to_original(probabilities: torch.Tensor, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The inverse of the resize: probabilities [S, H, W] to a mask [S, H0, W0], cut at 0.5 after interpolation."""
    return (resize(probabilities.cpu(), size) > 0.5).numpy()


def _unit(image_HWC: Array) -> NDArray[np.float32]:  # noqa: N803
    largest = np.iinfo(image_HWC.dtype.name).max if np.issubdtype(image_HWC.dtype, np.integer) else 1
    return np.ascontiguousarray(image_HWC.transpose(2, 0, 1).astype(np.float32) / np.float32(largest))


def _standardized(image: torch.Tensor) -> torch.Tensor:
    mean = image.mean(dim=(1, 2), keepdim=True)
    deviation = image.std(dim=(1, 2), keepdim=True)
    return (image - mean) / deviation.clamp_min(1e-6)
