"""Hand-made image descriptors that tell sites apart: intensity, colour, gradient, spectrum and illumination.

They describe how an image was taken, not what it shows. An image takes a few milliseconds and gives 33 numbers in RGB,
20 in grey. A volume has one vector: the mean over its slices, and four numbers of the scan as a whole.
"""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
NUM_SPECTRUM_BANDS = 6
PERCENTILES = (5, 50, 95)
#: Descriptors of the whole scan: log spacing along D, H and W, and log of the intensity range.
NUM_SCAN_DESCRIPTORS = 4
#: Differences of a scan descriptor below this deviation mean nothing: 5 % of spacing, 10 % of intensity range. A
#: protocol fixes both exactly, and without this floor a tenth of a micrometre would outweigh the whole image.
SCAN_FLOORS = (0.05, 0.05, 0.05, 0.1)


def num_descriptors(num_channels: int, is_volume: bool) -> int:
    """D, the length of the vector: 5 numbers for each channel, 3 for colour, 4 + 6 + 5, and 4 more for a volume."""
    of_image = 5 * num_channels + (3 if num_channels > 1 else 0) + 4 + NUM_SPECTRUM_BANDS + 5
    return of_image + (NUM_SCAN_DESCRIPTORS if is_volume else 0)


def descriptor_floors(num_channels: int, is_volume: bool) -> NDArray[np.float64]:
    """[D]: the smallest deviation of each descriptor that means anything; 0 where the images themselves decide it."""
    of_image = np.zeros(num_descriptors(num_channels, is_volume=False))
    return np.append(of_image, SCAN_FLOORS) if is_volume else of_image


def describe_volume(
    volume_CDHW: Image,  # noqa: N803 (shape suffix)
    spacing: tuple[float, ...] | None,
    intensity_range: tuple[float, float],
) -> NDArray[np.float64]:
    """[D] float64: the mean of the slices' descriptors, and the scan's own.

    image: [C, D, H, W] in 0 to 1. spacing: in mm, in array order (D, H, W); an unknown one counts as 1 mm.
    intensity_range: the stored values that became 0 and 1.
    """
    slices = np.stack([describe_image(plane) for plane in volume_CDHW.transpose(1, 0, 2, 3)])
    low, high = intensity_range
    scan = [*np.log(spacing or (1.0, 1.0, 1.0)), np.log(max(high - low, 1e-6))]
    return np.append(slices.mean(axis=0), scan)


def describe_image(image_CHW: Image) -> NDArray[np.float64]:  # noqa: N803 (shape suffix)
    """[D] float64. image: [C, H, W] in 0 to 1."""
    grey = image_CHW.mean(axis=0)
    parts = [
        _intensity(image_CHW),
        _colour(image_CHW),
        _gradient(grey),
        _spectrum(grey),
        _illumination(grey),
    ]
    return np.concatenate(parts).astype(np.float64)


def _intensity(image: Image) -> Image:
    """Mean, deviation and percentiles of each channel: 5 C numbers."""
    flat = image.reshape(len(image), -1)
    return np.concatenate([flat.mean(1), flat.std(1), np.percentile(flat, PERCENTILES, axis=1).ravel()])


def _colour(image: Image) -> Image:
    """Shares of red and green, and saturation: 3 numbers for RGB, none for grey."""
    if len(image) == 1:
        return np.zeros(0, dtype=np.float32)
    means = image.mean(axis=(1, 2))
    saturation = (image.max(axis=0) - image.min(axis=0)).mean()
    return np.append(means[:2] / max(float(means.sum()), 1e-6), saturation)


def _gradient(grey: Image) -> Image:
    """Mean, deviation and 95th percentile of the gradient, and the log energy of the second difference (blur)."""
    down, right = np.gradient(grey)
    size = np.hypot(down, right)
    laplacian = np.gradient(down, axis=0) + np.gradient(right, axis=1)
    return np.array([size.mean(), size.std(), np.percentile(size, 95), np.log(laplacian.var() + 1e-9)])


def _spectrum(grey: Image) -> Image:
    """Log power in rings of equal width up to the Nyquist frequency."""
    power = np.abs(np.fft.rfft2(grey - grey.mean())) ** 2
    down = np.fft.fftfreq(grey.shape[0])[:, None]
    right = np.fft.rfftfreq(grey.shape[1])[None, :]
    ring = np.minimum((np.hypot(down, right) * 2 * NUM_SPECTRUM_BANDS).astype(int), NUM_SPECTRUM_BANDS - 1)
    energy = np.bincount(ring.ravel(), power.ravel(), NUM_SPECTRUM_BANDS) / power.size
    return np.log(energy + 1e-9)


def _illumination(grey: Image) -> Image:
    """Share of dark pixels, left-right and up-down imbalance, centre against border, and corners: 5 numbers."""
    height, width = grey.shape
    centre = grey[height // 4 : -(height // 4), width // 4 : -(width // 4)].mean()
    corners = np.mean([grey[a, b].mean() for a, b in _corners(height // 8, width // 8)])
    return np.array(
        [
            (grey < 0.05).mean(),
            grey[:, : width // 2].mean() - grey[:, width // 2 :].mean(),
            grey[: height // 2].mean() - grey[height // 2 :].mean(),
            centre - grey.mean(),
            corners,
        ]
    )


def _corners(height: int, width: int) -> list[tuple[slice, slice]]:
    return [
        (rows, columns)
        for rows in (slice(None, height), slice(-height, None))
        for columns in (slice(None, width), slice(-width, None))
    ]
