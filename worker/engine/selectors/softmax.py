"""Trained selectors: a softmax classifier whose label is the site's index, as in the reference code.

A site sees one label only, so it is trained *full batch*: gradients accumulate over a local epoch and Adam makes one
step; the server averages weights and both of Adam's moments. It can stay at chance for many rounds all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from worker.engine.aggregation import check_update, weighted_average
from worker.engine.checkpoint import cpu_state
from worker.engine.data import Case, ParticipantData, training_cases
from worker.engine.local_training import OnProgress
from worker.engine.networks import SmallSelector, Vgg11, load_weights
from worker.engine.optimizers import make_adam, moments_of
from worker.engine.plan import Plan, State, Tensors
from worker.engine.seeding import seeded_initialization
from worker.engine.selectors.base import SELECTOR, Selector

WEIGHTS = "weights."
MOMENTS = "adam."
BATCH = 8


@dataclass(frozen=True)
class SoftmaxSelector(Selector):
    architecture: Literal["cnn", "vgg11"]
    learning_rate: float

    def initial_parts(self, plan: Plan) -> State:
        """Adam's moments start at zero, which is what no moments mean."""
        with seeded_initialization(plan.seed, "selector"):
            network = self._build(plan)
        moments = {
            f"{moment}.{name}": torch.zeros(()) if moment == "step" else torch.zeros_like(parameter, device="cpu")
            for name, parameter in network.named_parameters()
            for moment in ("step", "exp_avg", "exp_avg_sq")
        }
        return {SELECTOR: _join(cpu_state(network), moments)}

    def downloads(self, participant: str) -> tuple[str, ...]:  # noqa: ARG002 (every site gets the same)
        return (SELECTOR,)

    def site_update(
        self,
        parts: State,
        data: ParticipantData,
        site: str,
        round_: int,  # noqa: ARG002 (full batch: nothing is drawn)
        plan: Plan,
        on_progress: OnProgress,
    ) -> State:
        weights, moments = _split(parts[SELECTOR])
        network = load_weights(self._build(plan), weights)
        optimizer = make_adam(network, self.learning_rate, moments)
        cases = training_cases(data)
        label = plan.sites.index(site)
        network.train()
        for epoch in range(plan.local_epochs):
            optimizer.zero_grad(set_to_none=True)
            for images_BCHW in _batches(cases, plan.device):  # noqa: N806 (shape suffix)
                labels = torch.full((len(images_BCHW),), label, device=plan.device)
                loss = cross_entropy(network(images_BCHW), labels, reduction="sum") / len(cases)
                torch.autograd.backward(loss)
            optimizer.step()
            on_progress((epoch + 1) / plan.local_epochs)
        return {SELECTOR: _join(cpu_state(network), moments_of(network.named_parameters(), optimizer))}

    def aggregate(
        self,
        state: State,  # noqa: ARG002 (the updates replace it)
        updates: Mapping[str, State],
        weights: Mapping[str, float],
        plan: Plan,  # noqa: ARG002
    ) -> State:
        return {SELECTOR: weighted_average([u[SELECTOR] for u in updates.values()], list(weights.values()))}

    def check(self, state: State, participant: str, update: State, plan: Plan) -> None:  # noqa: ARG002
        check_update(participant, SELECTOR, update.get(SELECTOR, {}), state[SELECTOR])

    @torch.inference_mode()
    def probabilities(self, selector: Tensors, cases: Sequence[Case], plan: Plan) -> torch.Tensor:
        network = load_weights(self._build(plan), _split(selector)[0]).eval()
        logits = [network(images) for images in _batches(tuple(cases), plan.device)]
        return torch.softmax(torch.cat(logits).cpu().double(), dim=1)

    def _build(self, plan: Plan) -> nn.Module:
        kind = {"cnn": SmallSelector, "vgg11": Vgg11}[self.architecture]
        network: nn.Module = kind(plan.num_channels, len(plan.sites)).to(plan.device)
        return network


def _batches(cases: tuple[Case, ...], device: torch.device) -> Iterator[torch.Tensor]:
    for start in range(0, len(cases), BATCH):
        yield torch.stack([case.image for case in cases[start : start + BATCH]]).to(device)


def _join(weights: Tensors, moments: Tensors) -> Tensors:
    return {WEIGHTS + k: v for k, v in weights.items()} | {MOMENTS + k: v for k, v in moments.items()}


def _split(part: Tensors) -> tuple[Tensors, Tensors]:
    weights = {key.removeprefix(WEIGHTS): value for key, value in part.items() if key.startswith(WEIGHTS)}
    moments = {key.removeprefix(MOMENTS): value for key, value in part.items() if key.startswith(MOMENTS)}
    return weights, moments
