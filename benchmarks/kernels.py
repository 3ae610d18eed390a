"""Whether other ways to compute the same network are faster on this processor, and what they do to the bits.

    python -m benchmarks.kernels [--repeats 10]

One process with one thread; a way and the usual one take turns, so that other work on the machine meets both. It prints
the median of the ratios of processor time, below 1 where the way is faster, and the largest difference of what results:
of logits in prediction, of weights after one step of Adam in training.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import nn

from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.tasks import RunSpec
from benchmarks import workload
from worker.engine.losses import segmentation_loss
from worker.engine.plan import Plan
from worker.engine.plan_network import build_network
from worker.jobs.build import build_plan
from worker.process.toolbox import prepare_process

BATCH_SIZES = (4, 8)
LEARNING_RATE = 1e-3
#: Does the work once, and returns what it made as one tensor.
Way = Callable[[], torch.Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    prepare_process()
    print("| work | batch | way | processor time | largest difference |\n|---|--:|---|--:|--:|")
    for size in BATCH_SIZES:
        plan = made_plan(size)
        torch.manual_seed(0)
        images = torch.rand(size, plan.num_channels, workload.IMAGE_SIDE, workload.IMAGE_SIDE)
        reference = (torch.rand(size, len(plan.structures), *images.shape[2:]) > 0.5).float()
        for work, way, usual, other in (
            ("prediction", "channels last", prediction(plan, images), prediction_channels_last(plan, images)),
            ("prediction", "frozen, oneDNN fusion", prediction(plan, images), prediction_fused(plan, images)),
            (
                "training",
                "channels last",
                training(plan, images, reference, torch.contiguous_format),
                training(plan, images, reference, torch.channels_last),
            ),
        ):
            ratio, difference = compared(usual, other, repeats)
            print(f"| {work} | {size} | {way} | {ratio:.2f} | {difference:.1g} |", flush=True)


def made_plan(batch_size: int) -> Plan:
    """Of the network that the other benchmarks train."""
    strategy = FedAvgConfig()
    config = workload.config(strategy, 1, batch_size)
    run = {"run_id": "run", "config": config, "strategy": strategy, "seed": 0, "task": workload.TASK}
    return build_plan(RunSpec.model_validate({**run, "sites": workload.SITES}), torch.device("cpu"))


def made_network(plan: Plan) -> nn.Module:
    """The same one at each call."""
    torch.manual_seed(1)
    return build_network(plan)


def prediction(plan: Plan, images: torch.Tensor, network: Callable[..., torch.Tensor] | None = None) -> Way:
    predicting = made_network(plan).eval() if network is None else network

    @torch.inference_mode()
    def logits() -> torch.Tensor:
        return predicting(images)

    return logits


def in_layout(network: nn.Module, layout: torch.memory_format) -> nn.Module:
    return network.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]


def prediction_channels_last(plan: Plan, images: torch.Tensor) -> Way:
    network = in_layout(made_network(plan).eval(), torch.channels_last)
    return prediction(plan, images.to(memory_format=torch.channels_last), network)


def prediction_fused(plan: Plan, images: torch.Tensor) -> Way:
    network = made_network(plan).eval()
    with torch.no_grad():
        traced = torch.jit.freeze(torch.jit.trace(network, images))  # type: ignore[no-untyped-call]
        fused = torch.jit.optimize_for_inference(traced)
        for _ in range(3):  # the first calls compile
            fused(images)
    return prediction(plan, images, fused)


def training(plan: Plan, images: torch.Tensor, reference: torch.Tensor, layout: torch.memory_format) -> Way:
    network = in_layout(made_network(plan).train(), layout)
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE, fused=True)
    batch, loss_of = images.to(memory_format=layout), segmentation_loss(plan.loss)

    def step() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss_of(network(batch), reference))
        optimizer.step()
        return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])

    return step


def compared(usual: Way, other: Way, repeats: int) -> tuple[float, float]:
    """The median of the ratios of processor time, and the largest difference after the first time."""
    difference = float((usual() - other()).abs().max())
    ratios = []
    for _ in range(repeats):
        seconds = []
        for way in (usual, other):
            begun = time.process_time()
            way()
            seconds.append(time.process_time() - begun)
        ratios.append(seconds[1] / seconds[0])
    return median(ratios), difference


if __name__ == "__main__":
    main()
