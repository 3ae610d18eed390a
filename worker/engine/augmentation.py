"""Random changes of a training image and its reference, as named presets.

image is [C, *space] float32 in any range (0 to 1, or standardized) and reference is [S, *space] of 0 and 1; space is
(H, W) or (D, H, W). A volume is changed in its plane, all slices alike, because there is nothing to interpolate between
thick slices. Every number comes from the given torch generator, so the same generator state gives the same bits.
docs/augmentations.md has pictures of every preset.
"""

from collections.abc import Callable
from functools import lru_cache
from math import cos, pi, sin
from typing import Any, Literal, get_args

import torch
from monai.transforms.intensity.array import AdjustContrast, GaussianSmooth, RandBiasField, RandGaussianNoise
from monai.transforms.spatial.array import Affine, Resample
from monai.transforms.utils import create_grid
from torch.nn.functional import interpolate

Preset = Literal["none", "flips", "rotations", "elastic", "intensity", "noise", "colour", "strong"]
PRESETS: tuple[Preset, ...] = get_args(Preset)

Pair = tuple[torch.Tensor, torch.Tensor]

#: Maximum rotation about the image's centre, in radians, either way (nnU-Net turns anisotropic volumes by more).
MAX_ROTATION = pi / 12
#: Factors of size; below 1 the image shrinks and its border is continued.
ZOOM = (0.85, 1.2)
#: Elastic deformation: the control points along each side, and how far each moves at most, as a share of the shorter
#: side. Above 0.04 at a spacing of a quarter the image could fold over itself.
ELASTIC_POINTS = 5
ELASTIC_MAGNITUDE = (0.01, 0.04)
#: Intensities are changed on a scale on which the image's own range is 0 to 1.
CONTRAST = (0.75, 1.25)
BRIGHTNESS = (-0.1, 0.1)
GAMMA = (0.7, 1.5)
BIAS_FIELD = (-0.2, 0.2)
NOISE = 0.05
BLUR_PIXELS = (0.3, 1.2)
#: Colour: turn of the hue in radians, factors of saturation and of each of red, green and blue.
HUE = (-0.15, 0.15)
SATURATION = (0.7, 1.3)
CHANNEL_GAIN = (0.85, 1.15)

#: Red, green, blue to luma and two chroma axes (NTSC's YIQ).
_TO_YIQ = torch.tensor(
    [[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]], dtype=torch.float64
)


def augment(image: torch.Tensor, reference: torch.Tensor, preset: Preset, generator: torch.Generator) -> Pair:
    """A changed copy of image and reference, of the same shapes and types; the reference stays 0 and 1.

    image: [C, *space] float32. reference: [S, *space] of 0 and 1. Raises ValueError where the preset changes colours
    and the image has none.
    """
    match preset:
        case "none":
            return image, reference
        case "flips":
            return _flipped(image, reference, generator)
        case "rotations":
            return _turned(*_flipped(image, reference, generator), generator)
        case "elastic":
            return _deformed(*_flipped(image, reference, generator), generator)
        case "intensity":
            return _in_unit_range(image, generator, _intensities), reference
        case "noise":
            return _in_unit_range(image, generator, _noise), reference
        case "colour":
            check_augmentation(preset, len(image), image.ndim - 1)
            return _in_unit_range(image, generator, _colours), reference
        case "strong":
            return _strong(image, reference, generator)


def check_augmentation(preset: Preset, num_channels: int, spatial_dims: int) -> None:
    """Raises ValueError where the preset cannot work on images with this number of channels and dimensions."""
    if preset == "colour" and not _has_colours(num_channels, spatial_dims):
        raise ValueError(
            f"augmentation colour needs pictures with red, green and blue, these are {spatial_dims}D with "
            f"{num_channels} channel{'s' * (num_channels != 1)}: choose intensity, or strong, which leaves colours out"
        )


def _has_colours(num_channels: int, spatial_dims: int) -> bool:
    """Whether the channels are red, green and blue; the three channels of a volume are three sequences."""
    return num_channels == 3 and spatial_dims == 2


def _strong(image: torch.Tensor, reference: torch.Tensor, generator: torch.Generator) -> Pair:
    """Rotates always, and applies every other preset that fits the image with probability one half."""
    image, reference = _turned(*_flipped(image, reference, generator), generator)
    if _heads(generator):
        image, reference = _deformed(image, reference, generator)
    for change in (_intensities, _noise, _colours):
        fits = change is not _colours or _has_colours(len(image), image.ndim - 1)
        if _heads(generator) and fits:
            image = _in_unit_range(image, generator, change)
    return image, reference


def _flipped(image: torch.Tensor, reference: torch.Tensor, generator: torch.Generator) -> Pair:
    """Flips left-right and up-down, each with probability one half."""
    choice = (torch.rand(2, generator=generator) < 0.5).tolist()
    axes = [axis for axis, chosen in zip((-1, -2), choice, strict=True) if chosen]
    return (image.flip(axes), reference.flip(axes)) if axes else (image, reference)


def _turned(image: torch.Tensor, reference: torch.Tensor, generator: torch.Generator) -> Pair:
    """Rotates about the centre and zooms, in one interpolation."""
    angle = _uniform(generator, -MAX_ROTATION, MAX_ROTATION)
    zoom = _uniform(generator, *ZOOM)
    # MONAI scales the grid that is sampled: a smaller grid shows a larger image.
    turn = Affine(rotate_params=angle, scale_params=(1 / zoom, 1 / zoom), padding_mode="border", image_only=True)
    return _resampled(turn, image, reference)


def _deformed(image: torch.Tensor, reference: torch.Tensor, generator: torch.Generator) -> Pair:
    """Moves control points at random, and the pixels between them smoothly with them.

    MONAI's Rand2DElastic is not used because it interpolates positions instead of displacements, and bicubic
    interpolation bends even an image that nothing moves, by a hundredth of its side at this spacing.
    """
    height, width = image.shape[-2:]
    magnitude = _uniform(generator, *ELASTIC_MAGNITUDE) * min(height, width)
    moves = magnitude * (2 * torch.rand(1, 2, ELASTIC_POINTS, ELASTIC_POINTS, generator=generator) - 1)
    displacement = interpolate(moves, size=(height, width), mode="bicubic", align_corners=True)
    grid = torch.as_tensor(create_grid((height, width), backend="torch"), dtype=torch.float32)
    grid[:2] += displacement[0]
    return _resampled(lambda planes: _resampler()(planes, grid), image, reference)


def _resampled(change: Callable[[torch.Tensor], Any], image: torch.Tensor, reference: torch.Tensor) -> Pair:
    """Resamples image and reference as channels of one picture, slices too, and cuts the reference at one half
    afterwards."""
    space = image.shape[-2:]
    planes = torch.cat([image.reshape(-1, *space), reference.reshape(-1, *space).to(image.dtype)])
    moved = _applied(change, planes)
    num_image_planes = planes.shape[0] - reference.shape[:-2].numel()
    return (
        moved[:num_image_planes].reshape(image.shape),
        (moved[num_image_planes:].reshape(reference.shape) >= 0.5).to(reference.dtype),
    )


def _in_unit_range(
    image: torch.Tensor,
    generator: torch.Generator,
    change: Callable[[torch.Tensor, torch.Generator], torch.Tensor],
) -> torch.Tensor:
    """Applies the change on a scale on which the image's darkest value is 0 and its brightest 1, and clips there."""
    darkest, brightest = image.min(), image.max()
    span = brightest - darkest
    if span == 0:
        return image
    changed = change((image - darkest) / span, generator).clamp(0, 1)
    return changed * span + darkest


def _intensities(unit: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Changes contrast about the mean, brightness and gamma, and adds a smooth bias field as an MR coil does."""
    mean = unit.mean()
    unit = (unit - mean) * _uniform(generator, *CONTRAST) + mean + _uniform(generator, *BRIGHTNESS)
    unit = _applied(AdjustContrast(gamma=_uniform(generator, *GAMMA)), unit.clamp(0, 1))
    field = _applied(_drawn(_bias_field(), generator), torch.ones(1, *unit.shape[1:]))
    return unit * field


def _noise(unit: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Blurs in the plane, as a worse focus does, then adds Gaussian noise with a standard deviation of at most
    NOISE."""
    blur = GaussianSmooth(sigma=_uniform(generator, *BLUR_PIXELS))
    blurred = _applied(blur, unit.reshape(-1, *unit.shape[-2:])).reshape(unit.shape)
    return _applied(_drawn(_gaussian_noise(), generator), blurred)


def _colours(unit: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Applies one linear map of red, green and blue: hue and saturation about the luma, then a gain for each."""
    angle, saturation = _uniform(generator, *HUE), _uniform(generator, *SATURATION)
    gains = torch.tensor([_uniform(generator, *CHANNEL_GAIN) for _ in range(3)], dtype=torch.float64)
    turn = torch.eye(3, dtype=torch.float64)
    turn[1:, 1:] = saturation * torch.tensor([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    colours = torch.diag(gains) @ torch.linalg.inv(_TO_YIQ) @ turn @ _TO_YIQ
    return torch.einsum("dc,c...->d...", colours.to(unit.dtype), unit)


@lru_cache
def _resampler() -> Resample:
    return Resample(mode="bilinear", padding_mode="border")


@lru_cache
def _bias_field() -> RandBiasField:
    return RandBiasField(degree=2, coeff_range=BIAS_FIELD, prob=1.0)


@lru_cache
def _gaussian_noise() -> RandGaussianNoise:
    return RandGaussianNoise(prob=1.0, std=NOISE, sample_std=True)


def _drawn(transform: Any, generator: torch.Generator) -> Callable[[torch.Tensor], Any]:
    """MONAI's random transform with a seed from our generator, because those transforms draw from NumPy."""
    transform.set_random_state(seed=int(torch.randint(2**31, (), generator=generator)))
    change: Callable[[torch.Tensor], Any] = transform
    return change


def _applied(transform: Callable[[torch.Tensor], Any], tensor: torch.Tensor) -> torch.Tensor:
    """The transform's result without MONAI's metadata."""
    result: torch.Tensor = transform(tensor)
    return result.as_subclass(torch.Tensor)


def _uniform(generator: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator, dtype=torch.float64))


def _heads(generator: torch.Generator) -> bool:
    return bool(torch.rand((), generator=generator) < 0.5)
