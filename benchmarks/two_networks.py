"""FedSM's two networks of a site, trained one after the other as the engine does, and in one pass of stacked weights.

    python -m benchmarks.two_networks [--batch-sizes 4 8] [--side 128] [--repeats 15] [--json FILE]

A step is forward pass, loss and gradients of both networks, each on a batch of its own. In one pass, `torch.func.vmap`
runs over the stacked parameters, and convolutions become grouped ones. Steps of both ways take turns in one process
with one thread, so that other work on the machine falls on both alike; times are of the processor. The difference is
that of all gradients, by their largest number.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

from benchmarks import record
from worker.engine.losses import Dice, segmentation_loss
from worker.engine.networks import make_network, preset
from worker.engine.state import Tensors

NUM_CHANNELS, NUM_STRUCTURES = 3, 2


def networks() -> list[nn.Module]:
    """Two of one architecture, with weights of their own: the usual U-Net, 16 to 256 channels."""
    made = []
    for seed in range(2):
        torch.manual_seed(seed)
        made.append(make_network(preset("unet", "medium", 2), 2, NUM_CHANNELS, NUM_STRUCTURES).train())
    return made


def apart(pair: list[nn.Module], images: torch.Tensor, references: torch.Tensor) -> list[Tensors]:
    """The gradients of each network by parameter. images, references: [2, B, C, H, W], a batch for each."""
    loss_of = segmentation_loss(Dice())
    found = []
    for network, batch, reference in zip(pair, images, references, strict=True):
        network.zero_grad(set_to_none=True)
        torch.autograd.backward(loss_of(network(batch), reference))
        found.append({name: p.grad for name, p in network.named_parameters() if p.grad is not None})
    return found


class Together:
    """Both networks as one, with stacked parameters [2, ...]."""

    def __init__(self, pair: list[nn.Module]) -> None:
        self._parameters, self._buffers = stack_module_state(pair)
        shell, loss_of = pair[0], segmentation_loss(Dice())

        def loss(parameters: Tensors, buffers: Tensors, batch: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
            return loss_of(functional_call(shell, (parameters, buffers), (batch,)), reference)

        self._gradients = vmap(grad(loss))

    def step(self, images: torch.Tensor, references: torch.Tensor) -> Tensors:
        """The stacked gradients by parameter, [2, ...]."""
        found: Tensors = self._gradients(self._parameters, self._buffers, images, references)
        return found


def measure(batch_size: int, side: int, repeats: int) -> dict[str, Any]:
    """Medians of CPU milliseconds of a step of both networks, and how far the gradients are apart."""
    draws = torch.Generator().manual_seed(0)
    images = torch.rand(2, batch_size, NUM_CHANNELS, side, side, generator=draws)
    references = (torch.rand(2, batch_size, NUM_STRUCTURES, side, side, generator=draws) > 0.5).float()
    pair = networks()
    together = Together(networks())
    own, stacked = apart(pair, images, references), together.step(images, references)  # the first also loads kernels
    off = max(float((stacked[name][i].detach() - own[i][name]).abs().max()) for i in range(2) for name in own[i])
    largest = max(float(gradient.abs().max()) for of_one in own for gradient in of_one.values())
    times: dict[str, list[float]] = {"apart": [], "together": []}
    for _ in range(repeats):
        times["apart"].append(_milliseconds(lambda: apart(pair, images, references)))
        times["together"].append(_milliseconds(lambda: together.step(images, references)))
    ratios = [one / other for one, other in zip(times["together"], times["apart"], strict=True)]
    return {
        "batch_size": batch_size,
        "side": side,
        "apart_ms": statistics.median(times["apart"]),
        "together_ms": statistics.median(times["together"]),
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
        "gradient_difference": off / largest,
    }


def _milliseconds(step: Callable[[], object]) -> float:
    started = time.process_time()
    step()
    return 1000 * (time.process_time() - started)


def main() -> None:
    """Prints a table, and keeps the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--side", type=int, default=128, help="of the images, in pixels")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = [measure(size, options.side, options.repeats) for size in options.batch_sizes]
    print("| batch | apart, CPU ms | one pass, CPU ms | one pass / apart | gradients differ by |")
    print("|--:|--:|--:|---|--:|")
    for row in found:
        low, high = row["ratio_range"]
        ratio = f"{row['ratio']:.2f} ({low:.2f} to {high:.2f})"
        times = f"{row['apart_ms']:.0f} | {row['together_ms']:.0f}"
        print(f"| {row['batch_size']} | {times} | {ratio} | {row['gradient_difference']:.1e} |")
    if options.json is not None:
        record.write(options.json, record.about("benchmarks.two_networks") | {"rows": found})


if __name__ == "__main__":
    main()
