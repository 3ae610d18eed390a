"""The segmentation network of a run, with seeded or given weights."""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Literal

import torch
from torch import nn

from worker.engine.input_normalization import MEAN, STD, normalize_input, without_numbers
from worker.engine.networks.make import make_network
from worker.engine.networks.settings import NetworkSettings
from worker.engine.networks.sizes import check_size
from worker.engine.plan import Plan
from worker.engine.sampling import patch_size
from worker.engine.seeding import seeded_initialization
from worker.engine.state import Tensors


def build_network(plan: Plan) -> nn.Module:
    """The plan's network on its device, with whatever weights torch draws: load or seed them.

    Raises ValueError naming the side of the network's input that does not fit its levels.
    """
    depth = _checked_depth(plan)
    network = make_network(plan.network, plan.spatial_dims, plan.num_channels, len(plan.structures), depth)
    return network.to(plan.device)


def blank_network(plan: Plan) -> nn.Module:
    """A network whose weights are to be loaded: a copy of the last one that was built where its settings are the same.

    Drawing weights that are overwritten moves no global generator. Building costs several times a copy, as much as a
    training step of a small network, and a task needs two to four. Raises ValueError as `build_network` does.
    """
    depth = _checked_depth(plan)
    built = _built(plan.network, plan.spatial_dims, plan.num_channels, len(plan.structures), depth)
    return copy.deepcopy(built).to(plan.device)


class _Idle(threading.local):
    """The network that a thread does not use now, and what it was made for."""

    network: nn.Module | None = None
    made_for: tuple[object, ...] = ()


_idle = _Idle()


@contextmanager
def lent_network(plan: Plan) -> Iterator[nn.Module]:
    """A context with a network whose weights are to be loaded, and which nobody uses when the context is over.

    It is the one that the thread's last such context left, where its settings are the same: a copy costs as much as a
    step of training. Who uses it leaves no hook in it. Raises ValueError as `build_network` does.
    """
    wanted = (
        plan.network,
        plan.spatial_dims,
        plan.num_channels,
        len(plan.structures),
        _checked_depth(plan),
        plan.device,
    )
    network, _idle.network = _idle.network, None
    if network is None or _idle.made_for != wanted:
        with torch.inference_mode(False):  # a network that is made while masks are predicted could not be trained
            network = blank_network(plan)
    yield network
    network.zero_grad(set_to_none=True)  # after an error it is not lent again
    _idle.network, _idle.made_for = network, wanted


@lru_cache(maxsize=1)
def _built(
    settings: NetworkSettings, spatial_dims: Literal[2, 3], num_channels: int, num_structures: int, depth: int | None
) -> nn.Module:
    """On the CPU. Nobody trains it or loads weights into it."""
    with torch.random.fork_rng(devices=[]):
        return make_network(settings, spatial_dims, num_channels, num_structures, depth)


def _checked_depth(plan: Plan) -> int | None:
    """Of the network's input, None for images. Raises ValueError naming the side that does not fit."""
    depth = plan.sampling.depth if plan.spatial_dims == 3 else None
    check_size(plan.network, patch_size(plan.sampling, plan.spatial_dims), depth)
    return depth


def load_network(plan: Plan, weights: Tensors) -> nn.Module:
    """The plan's network with these weights. Raises ValueError naming the first key that does not fit."""
    return load_weights(blank_network(plan), weights)


def load_weights(network: nn.Module, weights: Tensors) -> nn.Module:
    """The same network with these weights; it normalizes its input where they say by what.

    Raises ValueError naming the first key that does not fit.
    """
    try:
        network.load_state_dict(without_numbers(weights))
    except RuntimeError as error:
        raise ValueError(f"these weights do not fit the network of the plan: {error}") from error
    normalize_input(network, weights.get(MEAN), weights.get(STD))
    return network


def initial_network(plan: Plan) -> nn.Module:
    """The network of round 0. It is the same for every strategy with the same seed, so that comparisons are paired."""
    with seeded_initialization(plan.seed, "segmentation network"):
        return build_network(plan)


def parameter_keys(plan: Plan) -> frozenset[str]:
    """The state-dict keys that are trained; the others are running statistics and counters."""
    return frozenset(name for name, _ in blank_network(plan).named_parameters())
