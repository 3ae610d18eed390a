"""Writes the table of docs/networks.md: what each preset of a network weighs, and what a training step costs here.

    .venv/bin/python scripts/network_table.py [NETWORK ...]      (default: all of them)

One thread, Dice plus cross-entropy, Adam, two structures, processor time, median of three steps after
one. Minutes.
"""

import sys
from pathlib import Path
from statistics import median
from time import process_time
from typing import get_args

import torch

from worker.engine.losses import DiceBce, segmentation_loss
from worker.engine.networks import PRESETS, NetworkSettings, make_network, preset, size_multiple
from worker.engine.networks.presets import NetworkName, Size
from worker.engine.networks.settings import SpatialDims, SwinUNETRSettings

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "networks.md"
BEGIN, END = "<!-- table: scripts/network_table.py -->\n", "<!-- end of table -->\n"
#: Batches of a step: four pictures in colour, one volume of one channel.
BATCHES: dict[SpatialDims, tuple[int, ...]] = {2: (4, 3, 128, 128), 3: (1, 1, 16, 128, 128)}
HEADER = (
    "| network | preset | settings | 2D parameters | 2D step | 3D parameters | 3D step |\n"
    "|---|---|---|---|---|---|---|\n"
)


def main(names: list[NetworkName]) -> None:
    torch.set_num_threads(1)
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    rows = {key(line): line for line in table.splitlines(keepends=True)[2:]}
    for name in names:
        for size in get_args(Size):
            line = row(name, size)
            rows[key(line)] = line
            print(line, end="", flush=True)
    ordered = [rows[f"`{name}`", size] for name in PRESETS for size in get_args(Size) if (f"`{name}`", size) in rows]
    DOCUMENT.write_text(before + BEGIN + HEADER + "".join(ordered) + END + after)


def key(line: str) -> tuple[str, str]:
    """Network and preset of a row."""
    _, name, size, *_ = (cell.strip() for cell in line.split("|"))
    return name, size


def row(name: NetworkName, size: Size) -> str:
    cells = [f"`{name}`", size, settings_cell(name, size)]
    for dims in get_args(SpatialDims):
        settings = preset(name, size, dims)
        cells += [f"{num_parameters(settings, dims):,}", step_cell(settings, dims)]
    return f"| {' | '.join(cells)} |\n"


def settings_cell(name: NetworkName, size: Size) -> str:
    """The fields; where those of volumes differ, theirs behind the pictures'."""
    flat, volume = PRESETS[name][size][2], PRESETS[name][size][3]
    return "; ".join(
        f"{field} {flat[field]}" + (f", in 3D {volume[field]}" if volume[field] != flat[field] else "")
        for field in flat
    )


def num_parameters(settings: NetworkSettings, spatial_dims: SpatialDims) -> int:
    """Of the network of the timed batches' channels and two structures; volumes halved alike on all sides."""
    # The meta device allocates and draws nothing; MONAI's Swin UNETR reads a number back and cannot be built there.
    with torch.device("cpu" if isinstance(settings, SwinUNETRSettings) else "meta"):
        network = make_network(settings, spatial_dims, BATCHES[spatial_dims][1], 2)
    return sum(parameter.numel() for parameter in network.parameters())


def step_cell(settings: NetworkSettings, spatial_dims: SpatialDims) -> str:
    shape = BATCHES[spatial_dims]
    depth = shape[2] if spatial_dims == 3 else None
    multiple = size_multiple(settings, spatial_dims, depth)
    shape = (*shape[:2], *(max(side, factor) for side, factor in zip(shape[2:], multiple, strict=True)))
    network = make_network(settings, spatial_dims, shape[1], 2, depth).train()
    optimizer, loss_of = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True), segmentation_loss(DiceBce())
    images, reference = torch.rand(shape), torch.ones(shape[0], 2, *shape[2:])
    times = []
    for _ in range(4):
        start = process_time()
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss_of(network(images), reference))
        optimizer.step()
        times.append(process_time() - start)
    return f"{median(times[1:]):.2g} s"


if __name__ == "__main__":
    main([name for name in PRESETS if name in sys.argv[1:] or len(sys.argv) == 1])
