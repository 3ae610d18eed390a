"""What the tests of methods share: short runs, single trainings, and gradients by plain autograd."""

from collections.abc import Iterable
from dataclasses import replace

import torch

from tests.worker.engine.small_sites import ADAM, SGD, small_plan, small_sites
from worker.engine.checkpoint import sha256_of
from worker.engine.data import SiteData
from worker.engine.federation import run_rounds
from worker.engine.local_training import Batch, local_batches
from worker.engine.losses import segmentation_loss
from worker.engine.networks.settings import UNetSettings
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.seeding import generator
from worker.engine.state import State, Tensors
from worker.engine.strategies.base import SiteContext, SiteUpdate, Strategy

SITES = ("a", "b", "c")
#: 2, 3 and 4 training cases: with batches of 2 that is 1, 2 and 2 steps.
DATA = small_sites(SITES, num_train=2)
BATCH_NORM = UNetSettings((4, 8), 1, "batch")
PLAIN_SGD = replace(SGD, state="reset")


def sgd_plan(**changes: object) -> Plan:
    return small_plan(**{"optimizer": PLAIN_SGD, **changes})  # type: ignore[arg-type]


def adam_plan(**changes: object) -> Plan:
    return small_plan(**{"optimizer": ADAM, **changes})  # type: ignore[arg-type]


def states_of(strategy: Strategy, plan: Plan, data: dict[str, SiteData] = DATA) -> list[State]:
    """Of round 0 to the last."""
    return [record.state for record in run_rounds(strategy, {site: data[site] for site in plan.sites}, plan)]


def hashes(state: State) -> dict[str, str]:
    return {name: sha256_of(part) for name, part in state.items()}


def train(
    strategy: Strategy, state: State, site: str, plan: Plan, round_: int = 1, local_state: State | None = None
) -> SiteUpdate:
    """One site's training, with just the parts that it downloads."""
    parts = {name: state[name] for name in strategy.downloads(state.keys(), site)}
    return strategy.train_site(parts, (DATA[site],), SiteContext(plan, site, round_, local_state, lambda _: None))


def update_of(parts: State, num_cases: int = 1, num_steps: int = 1) -> SiteUpdate:
    """As if a site had sent these parts."""
    return SiteUpdate(parts, num_cases, num_steps, local_state={}, metrics=())


def number(value: float) -> Tensors:
    """A model of one weight."""
    return {"w": torch.tensor([value])}


def batches_of(site: str, plan: Plan, purpose: str, round_: int = 1) -> list[Batch]:
    """Those that a site's training draws."""
    return list(local_batches(DATA[site].train, plan, generator(plan.seed, round_, site, purpose)))


def gradient_at(weights: Tensors, batch: Batch, plan: Plan) -> Tensors:
    """Of the plan's loss, by parameter name."""
    network = load_network(plan, weights).train()
    images, reference, _ = batch
    torch.autograd.backward(segmentation_loss(plan.loss)(network(images), reference))
    return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}


def noise_like(tensors: Tensors, keys: Iterable[str], seed: int, scale: float) -> Tensors:
    draws = torch.Generator().manual_seed(seed)
    return {key: scale * torch.randn(tensors[key].shape, generator=draws) for key in keys}


def assert_close(actual: Tensors, expected: Tensors, atol: float = 1e-6, rtol: float = 1e-4) -> None:
    """Key by key; `actual` may have more keys."""
    assert expected
    for key, tensor in expected.items():
        torch.testing.assert_close(actual[key], tensor, atol=atol, rtol=rtol)
