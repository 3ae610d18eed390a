"""The network of a run, with drawn, seeded or given weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from worker.engine.networks.make import make_network
from worker.engine.networks.settings import UNetSettings
from worker.engine.seeding import seeded_initialization

if TYPE_CHECKING:  # the plan holds this package's settings
    from torch import nn

    from worker.engine.plan import Plan, Tensors


def build_network(plan: Plan) -> nn.Module:
    """The plan's network on its device. Its weights are whatever torch draws: load or seed them."""
    settings = UNetSettings(plan.network_channels, plan.num_residual_units, "instance")
    return make_network(settings, 2, plan.num_channels, len(plan.structures)).to(plan.device)


def blank_network(plan: Plan) -> nn.Module:
    """A network whose weights are to be loaded: drawing those that are overwritten moves no global generator.

    Costs 5 to 20 ms, as much as a training step of a small network; building on the meta device is no quicker.
    """
    with torch.random.fork_rng(devices=[]):
        return build_network(plan)


def load_network(plan: Plan, weights: Tensors) -> nn.Module:
    """Raises ValueError naming the first key that does not fit the plan's network."""
    return load_weights(blank_network(plan), weights)


def load_weights(network: nn.Module, weights: Tensors) -> nn.Module:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"these weights do not fit the network of the plan: {error}") from error
    return network


def initial_network(plan: Plan) -> nn.Module:
    """The network of round 0: the same for every strategy with the same seed, so that comparisons are paired."""
    with seeded_initialization(plan.seed, "segmentation network"):
        return build_network(plan)
