"""The descriptors of `worker.engine.descriptors` as a graph of PyTorch operations, which goes into exported selectors.

Height and width may be any; the numbers are those of the NumPy version but for the last digits.
"""

import math

import torch
from torch import nn

from worker.engine.descriptors import NUM_SPECTRUM_BANDS, PERCENTILES

EPSILON = 1e-9


class Descriptors(nn.Module):
    """Images [N, C, H, W] in 0 to 1 to descriptors [N, D] float64."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        images = images.double()
        grey = images.mean(dim=1)
        parts = [_intensity(images)]
        if images.shape[1] > 1:
            parts.append(_colour(images))
        return torch.cat([*parts, _gradient(grey), _spectrum(grey), _illumination(grey)], dim=1)


def _intensity(images: torch.Tensor) -> torch.Tensor:
    flat = images.flatten(2)
    mean = flat.mean(dim=2)
    deviation = (flat - mean[..., None]).square().mean(dim=2).sqrt()
    ordered = torch.sort(flat, dim=2).values
    return torch.cat([mean, deviation, *(_percentile(ordered, percent) for percent in PERCENTILES)], dim=1)


def _percentile(ordered: torch.Tensor, percent: float) -> torch.Tensor:
    """[...] of values [..., n] in ascending order: linear between the two nearest."""
    last = torch.scalar_tensor(ordered.shape[-1] - 1, dtype=torch.float64)
    place = last * (percent / 100)
    low = place.floor()
    at = torch.stack([low, torch.minimum(low + 1, last)]).long()
    below, above = ordered.index_select(-1, at).unbind(-1)
    return below + (above - below) * (place - low)


def _colour(images: torch.Tensor) -> torch.Tensor:
    means = images.mean(dim=(2, 3))
    shares = means[:, :2] / means.sum(dim=1, keepdim=True).clamp_min(1e-6)
    saturation = (images.amax(dim=1) - images.amin(dim=1)).mean(dim=(1, 2))
    return torch.cat([shares, saturation[:, None]], dim=1)


def _difference(values: torch.Tensor, dim: int) -> torch.Tensor:
    """As np.gradient: of the two neighbours, and at the border of the value and its only one."""
    size = values.shape[dim]
    inner = (values.narrow(dim, 2, size - 2) - values.narrow(dim, 0, size - 2)) / 2
    first = values.narrow(dim, 1, 1) - values.narrow(dim, 0, 1)
    last = values.narrow(dim, size - 1, 1) - values.narrow(dim, size - 2, 1)
    return torch.cat([first, inner, last], dim=dim)


def _gradient(grey: torch.Tensor) -> torch.Tensor:
    down, right = _difference(grey, 1), _difference(grey, 2)
    size = (down.square() + right.square()).sqrt().flatten(1)
    laplacian = (_difference(down, 1) + _difference(right, 2)).flatten(1)
    mean = size.mean(dim=1)
    deviation = (size - mean[:, None]).square().mean(dim=1).sqrt()
    steep = _percentile(torch.sort(size, dim=1).values, 95)
    blur = (laplacian - laplacian.mean(dim=1, keepdim=True)).square().mean(dim=1)
    return torch.stack([mean, deviation, steep, torch.log(blur + EPSILON)], dim=1)


def _spectrum(grey: torch.Tensor) -> torch.Tensor:
    """The Fourier transform by two products of matrices, which every runtime computes for every size."""
    height, width = grey.shape[1], grey.shape[2]
    centred = grey - grey.mean(dim=(1, 2), keepdim=True)
    half = width // 2 + 1
    rows, columns = torch.arange(height), torch.arange(width)
    kept = torch.arange(half)
    down_cos, down_sin = _waves(rows, rows, height)
    right_cos, right_sin = _waves(columns, kept, width)
    real, imaginary = centred @ right_cos, -(centred @ right_sin)
    whole_real = down_cos @ real + down_sin @ imaginary
    whole_imaginary = down_cos @ imaginary - down_sin @ real
    power = whole_real.square() + whole_imaginary.square()
    signed = torch.where(rows * 2 < height, rows, rows - height).double() / height
    radius = (signed[:, None].square() + (kept.double() / width)[None, :].square()).sqrt()
    ring = (radius * (2 * NUM_SPECTRUM_BANDS) + 1e-12).floor().clamp_max(NUM_SPECTRUM_BANDS - 1)
    energy = [(power * (ring == band)).sum(dim=(1, 2)) for band in range(NUM_SPECTRUM_BANDS)]
    return torch.log(torch.stack(energy, dim=1) / (height * half) + EPSILON)


def _waves(places: torch.Tensor, frequencies: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines [places, frequencies]."""
    angle = (places[:, None] * frequencies[None, :]).double() * (2 * math.pi) / size
    return angle.cos(), angle.sin()


def _illumination(grey: torch.Tensor) -> torch.Tensor:
    mean = grey.mean(dim=(1, 2))
    (top, bottom, inner_rows, first_rows, last_rows) = _shares(grey.shape[1])
    (left, right, inner_columns, first_columns, last_columns) = _shares(grey.shape[2])
    ones = torch.ones_like
    corners = [
        _mean(grey, rows, columns) for rows in (first_rows, last_rows) for columns in (first_columns, last_columns)
    ]
    return torch.stack(
        [
            (grey < 0.05).double().mean(dim=(1, 2)),
            _mean(grey, ones(top), left) - _mean(grey, ones(top), right),
            _mean(grey, top, ones(left)) - _mean(grey, bottom, ones(left)),
            _mean(grey, inner_rows, inner_columns) - mean,
            torch.stack(corners).mean(dim=0),
        ],
        dim=1,
    )


def _shares(size: int) -> tuple[torch.Tensor, ...]:
    """Of a side's places [size], as 0 and 1: the first half, the second, all but a quarter at each end, the first and
    the last eighth. Slices would tie the graph to some sizes."""
    place = torch.arange(size).double()
    whole = torch.scalar_tensor(size, dtype=torch.float64)
    half, quarter, eighth = (whole / 2).floor(), (whole / 4).floor(), (whole / 8).floor()
    parts = (
        place < half,
        place >= half,
        (place >= quarter) & (place < whole - quarter),
        place < eighth,
        place >= whole - eighth,
    )
    return tuple(part.double() for part in parts)


def _mean(grey: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    return ((grey @ columns) @ rows) / (rows.sum() * columns.sum())
