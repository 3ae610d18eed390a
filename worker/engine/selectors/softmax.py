"""Trained selectors: a softmax classifier of images whose label is the site's index.

A site has images of one label only. There are two ways to train the classifier all the same:

- `reference`, as in the reference code: each site takes an Adam step on the gradient of all its cases, for each local
  epoch, and the server averages weights and both of Adam's moments. Each step is towards one label, and the mean keeps
  what the sites agree on.
- `pooled_gradient`, ours: the sites send the gradient at common weights and the server takes the step, one in each
  round whatever the number of local epochs. That is exactly full-batch training on the pooled cases, every site
  counting the same. In the first round the sites send what a last layer in closed form needs instead, so that
  training begins from a classifier and not from chance (pooled.py).

The probability of a volume is the mean of its slices' log-probabilities, made to sum to 1: one model for one patient.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from worker.engine.aggregation import weighted_average
from worker.engine.checkpoint import cpu_state
from worker.engine.data import Case, ParticipantData, training_cases
from worker.engine.networks import SmallSelector, Vgg11
from worker.engine.optimizers import make_adam, moments_of
from worker.engine.plan import Plan
from worker.engine.plan_network import load_weights
from worker.engine.progress import OnProgress
from worker.engine.pulse import pulse
from worker.engine.seeding import seeded_initialization
from worker.engine.selectors import pooled
from worker.engine.selectors.base import SELECTOR, Selector
from worker.engine.soundness import check_update
from worker.engine.state import State, Tensors

WEIGHTS = "weights."
MOMENTS = "adam."
BATCH = 8


@dataclass(frozen=True)
class SoftmaxSelector(Selector):
    """A trained selector of this file.

    architecture: the small network, or the reference code's VGG-11.
    learning_rate: of Adam.
    training: who takes the step, as above.
    """

    architecture: Literal["cnn", "vgg11"]
    learning_rate: float
    training: Literal["reference", "pooled_gradient"]

    def initial_parts(self, plan: Plan) -> State:
        """The drawn network, with moments of zero, which is what no moments mean to Adam."""
        with seeded_initialization(plan.seed, "selector"):
            network = self._build(plan)
        moments = {
            f"{moment}.{name}": torch.zeros(()) if moment == "step" else torch.zeros_like(parameter, device="cpu")
            for name, parameter in network.named_parameters()
            for moment in ("step", "exp_avg", "exp_avg_sq")
        }
        flags = {pooled.HAS_HEAD: torch.zeros(1)} if self.training == "pooled_gradient" else {}
        return {SELECTOR: _join(cpu_state(network), moments) | flags}

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
        cases, label = training_cases(data), plan.sites.index(site)
        if self.training == "reference":
            update = self._train(network, moments, cases, label, plan, on_progress)
        elif pooled.has_head(parts[SELECTOR]):
            accumulate_gradient(network, cases, label, plan.device)
            update = pooled.gradient_of(network)
        else:
            update = pooled.feature_moments(network, (images for images, _ in _batches(cases, plan.device)))
        on_progress(1.0)
        return {SELECTOR: update}

    def _train(
        self,
        network: nn.Module,
        moments: Tensors,
        cases: tuple[Case, ...],
        label: int,
        plan: Plan,
        on_progress: OnProgress,
    ) -> Tensors:
        optimizer = make_adam(network, self.learning_rate, moments)
        for epoch in range(plan.local_epochs):
            optimizer.zero_grad(set_to_none=True)
            accumulate_gradient(network, cases, label, plan.device)
            optimizer.step()
            on_progress((epoch + 1) / plan.local_epochs)
        return _join(cpu_state(network), moments_of(network.named_parameters(), optimizer))

    def aggregate(self, state: State, updates: Mapping[str, State], weights: Mapping[str, float], plan: Plan) -> State:
        """reference: the mean by `weights`. pooled_gradient: one step on the plain mean of the gradients."""
        sent = {site: update[SELECTOR] for site, update in updates.items()}
        if self.training == "reference":
            return {SELECTOR: weighted_average(list(sent.values()), list(weights.values()))}
        before = state[SELECTOR]
        old_weights, moments = _split(before)
        network = load_weights(self._build(plan), old_weights)
        if pooled.has_head(before):
            moments = pooled.step(network, make_adam(network, self.learning_rate, moments), list(sent.values()))
        else:
            pooled.set_head(network, {site: sent.get(site) for site in plan.sites})
        return {SELECTOR: _join(cpu_state(network), moments) | {pooled.HAS_HEAD: torch.ones(1)}}

    def check(self, state: State, participant: str, update: State, plan: Plan) -> None:
        before = state[SELECTOR]
        if self.training == "reference":
            expected = before
        elif pooled.has_head(before):
            expected = pooled.expected_gradient(_split(before)[0])
        else:
            expected = pooled.expected_moments(self._build(plan))
        check_update(participant, SELECTOR, update.get(SELECTOR, {}), expected)

    @torch.inference_mode()
    def probabilities(self, load_part: Callable[[str], Tensors], cases: Sequence[Case], plan: Plan) -> torch.Tensor:
        network = load_weights(self._build(plan), _split(load_part(SELECTOR))[0]).eval()
        sums = torch.zeros(len(cases), len(plan.sites), dtype=torch.float64)
        for images, owners in _batches(tuple(cases), plan.device):
            log_p = torch.log_softmax(network(images).cpu().double(), dim=1)
            sums.index_add_(0, owners, log_p / _num_images(cases, owners)[:, None])
        return torch.softmax(sums, dim=1)

    def _build(self, plan: Plan) -> nn.Module:
        kind = {"cnn": SmallSelector, "vgg11": Vgg11}[self.architecture]
        network: nn.Module = kind(plan.num_channels, len(plan.sites)).to(plan.device)
        return network


def accumulate_gradient(network: nn.Module, cases: tuple[Case, ...], label: int, device: torch.device) -> None:
    """Adds the gradient of the mean cross-entropy over cases; a volume's cross-entropy is the mean over its slices."""
    network.train()
    for images, owners in _batches(cases, device):
        labels = torch.full((len(images),), label, device=device)
        losses = cross_entropy(network(images), labels, reduction="none")
        shares = 1 / (_num_images(cases, owners) * len(cases))
        torch.autograd.backward((losses * shares.to(losses)).sum())


def _batches(cases: tuple[Case, ...], device: torch.device) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yields images [B, C, H, W] and the indices [B] of their cases. Pictures of one size go together, a volume
    alone."""
    start = 0
    while start < len(cases):
        pulse()
        first = cases[start]
        if first.is_volume:
            slices = first.image.transpose(0, 1)
            for images in torch.split(slices, BATCH):
                yield images.to(device), torch.full((len(images),), start)
            start += 1
            continue
        end = start
        while end < min(start + BATCH, len(cases)) and cases[end].image.shape == first.image.shape:
            end += 1
        yield torch.stack([case.image for case in cases[start:end]]).to(device), torch.arange(start, end)
        start = end


def _num_images(cases: Sequence[Case], owners: torch.Tensor) -> torch.Tensor:
    """[B] float64: the number of images that the case of each image has."""
    counts = [cases[i].image.shape[1] if cases[i].is_volume else 1 for i in owners.tolist()]
    return torch.tensor(counts, dtype=torch.float64)


def _join(weights: Tensors, moments: Tensors) -> Tensors:
    return {WEIGHTS + k: v for k, v in weights.items()} | {MOMENTS + k: v for k, v in moments.items()}


def _split(part: Tensors) -> tuple[Tensors, Tensors]:
    weights = {key.removeprefix(WEIGHTS): value for key, value in part.items() if key.startswith(WEIGHTS)}
    moments = {key.removeprefix(MOMENTS): value for key, value in part.items() if key.startswith(MOMENTS)}
    return weights, moments
