"""What the network sees of a case: the whole of it, a slice of a volume, or a patch. Each is an item of a batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import pad

from worker.engine.data import Case

Pair = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Sampling:
    """How a case becomes items.

    mode: resize makes a case, or each slice of a volume, `size` wide and high; patches cuts patches of that size from
    it.
    size: side in pixels of what the network sees.
    depth: its number of slices, for 3D networks.
    spacing: of the voxels that patches are cut from, in mm (for photographs in original pixels), in array order; None
    keeps the case's own.
    patches_per_case: in an epoch, of a case or of each slice.
    foreground_share: probability, 0 to 1, that a patch lies around a structure.
    overlap: share of a patch's side, 0 to below 1, that neighbouring patches of a prediction share.
    slices: which slices of a volume a 2D network is trained on.
    """

    mode: Literal["resize", "patches"]
    size: int
    depth: int
    spacing: tuple[float, ...] | None
    patches_per_case: int
    foreground_share: float
    overlap: float
    slices: Literal["all", "foreground"]


@dataclass(frozen=True)
class Item:
    """One entry of an epoch.

    case: the image that it is of. slice_: index of a slice where a 2D network is trained on a volume, else None.
    """

    case: Case
    slice_: int | None


def training_items(cases: Sequence[Case], sampling: Sampling, spatial_dims: int) -> tuple[Item, ...]:
    """An epoch's items in the order of cases, before they are shuffled. Raises ValueError where none is left."""
    items = [item for case in cases for item in _items_of(case, sampling, spatial_dims)]
    if not items:
        raise ValueError("data.slices foreground leaves no slice to train on: set data.slices to all")
    return tuple(items)


def network_input(item: Item, sampling: Sampling, spatial_dims: int, generator: torch.Generator) -> Pair:
    """image [C, *space] and reference [S, *space], both float32, of the size that the network takes.

    generator: draws the place of a patch.
    """
    image, reference = item.case.image, item.case.reference
    if item.slice_ is not None:
        image, reference = image[:, item.slice_], reference[:, item.slice_]
    if sampling.mode == "patches":
        size = patch_size(sampling, spatial_dims)
        image, reference = cut_patch(image, reference, size, sampling.foreground_share, generator)
    return image, reference.float()


def patch_size(sampling: Sampling, spatial_dims: int) -> tuple[int, ...]:
    """The size of what the network sees, in array order: (size, size) or (depth, size, size)."""
    return (sampling.depth, sampling.size, sampling.size)[-spatial_dims:]


def cut_patch(
    image: torch.Tensor, reference: torch.Tensor, size: tuple[int, ...], foreground_share: float, draws: torch.Generator
) -> Pair:
    """A patch around a random voxel: of a structure with probability foreground_share, else from anywhere.

    Among the structures in the image one is drawn first and then one of its voxels, as nnU-Net does (Isensee et al.
    2021), so a small structure is met as often as a large one. reference: [S, *space] bool, whose planes may overlap.
    An image smaller than the patch is padded with zeros at its end.
    """
    image, reference = _padded(image, size), _padded(reference, size)
    space = tuple(image.shape[1:])
    wants_foreground, position = torch.rand(2, generator=draws, dtype=torch.float64).tolist()
    centre = _foreground_voxel(reference.numpy(), position) if wants_foreground < foreground_share else None
    if centre is not None:
        corner = [c - s // 2 for c, s in zip(centre, size, strict=True)]
    else:
        shares = torch.rand(len(size), generator=draws, dtype=torch.float64).tolist()
        corner = [int(share * (n - s + 1)) for share, n, s in zip(shares, space, size, strict=True)]
    starts = [min(max(c, 0), n - s) for c, n, s in zip(corner, space, size, strict=True)]
    window = (slice(None), *(slice(start, start + s) for start, s in zip(starts, size, strict=True)))
    return image[window], reference[window]


def _foreground_voxel(reference: NDArray[np.bool_], position: float) -> tuple[int, ...] | None:
    """A structure and its voxel by one draw from 0 to 1, or None where no structure is present.

    Every structure that is present has an equal share of the draw, and every voxel, in array order, an equal share of
    its structure's. Voxels are counted plane by plane and then looked up in one plane: for 31 million voxels that takes
    a fifth of the time of listing all.
    """
    counts = [[np.count_nonzero(plane) for plane in structure] for structure in reference]
    present = [index for index, of_planes in enumerate(counts) if any(of_planes)]
    if not present:
        return None
    drawn = min(int(position * len(present)), len(present) - 1)
    structure, share = present[drawn], position * len(present) - drawn
    up_to = np.cumsum(counts[structure])
    total = int(up_to[-1])
    wanted = min(int(share * total), total - 1)
    row = int(np.searchsorted(up_to, wanted, side="right"))
    from_end = wanted - int(up_to[row])
    return (row, *map(int, np.argwhere(reference[structure, row])[from_end]))


def _items_of(case: Case, sampling: Sampling, spatial_dims: int) -> Iterator[Item]:
    copies = sampling.patches_per_case if sampling.mode == "patches" else 1
    if case.image.ndim - 1 == spatial_dims:
        yield from [Item(case, None)] * copies
        return
    has_foreground = case.reference.flatten(2).any(dim=2).any(dim=0)
    for position, present in enumerate(has_foreground.tolist()):
        if present or sampling.slices == "all":
            yield from [Item(case, position)] * copies


def _padded(planes: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
    missing = [max(s - n, 0) for n, s in zip(planes.shape[1:], size, strict=True)]
    if not any(missing):
        return planes
    return pad(planes, [amount for short in reversed(missing) for amount in (0, short)])
