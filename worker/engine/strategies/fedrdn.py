"""FedRDN: Yan et al., "A Simple Data Augmentation for Feature Distribution Skewed Federated Learning", CVPR 2025
(arXiv 2306.09363), random data normalization.

Each site k sends once, for each channel, the means over its training images of the image's mean and standard deviation,
(mu_k, sigma_k). In training every image of a batch is normalized by those of a site j drawn at random,
x <- (x - mu_j) / sigma_j; in testing, site k's images by their own, (mu_k, sigma_k). The weights are FedAvg's.

The paper draws the pair; the authors' code draws mean and deviation apart: here it is the pair. What the paper leaves
open: there is no exchange before round 1 here, so a site knows its own numbers alone in it, and draws among all that
the server knows from round 2 on; augmentation comes first, as in the authors' code; an image of no site, whose numbers
nobody knows, is normalized by the mean of the sites' numbers. So `global` and `personalized/<site>` are one network
with different numbers (../input_normalization.py).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import nn

from worker.engine.data import ParticipantData, training_cases
from worker.engine.input_normalization import (
    INPUT_KEYS,
    MEAN,
    STD,
    input_statistics,
    normalized,
    with_numbers,
    without_numbers,
)
from worker.engine.local_training import BatchTerm
from worker.engine.plan import Plan
from worker.engine.seeding import generator
from worker.engine.soundness import check_update
from worker.engine.state import GLOBAL, State, Tensors, personalized
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    also_moves,
    average_part,
    initial_weights,
    train_model,
)

#: The part that holds all sites' numbers, and with a slash and a site the part in which a site sends its own.
STATISTICS = "input_statistics"
#: Its tensor [K]: 1 where the site has sent its numbers, else 0.
KNOWN = "known"


@final
@dataclass(frozen=True)
class FedRDN(PersonalizedStrategy):
    """The method of this file. It has no hyper-parameter."""

    def initial_state(self, plan: Plan) -> State:
        """One network, with numbers that leave its input as it is, and no site's numbers."""
        zeros, ones = torch.zeros(plan.num_channels), torch.ones(plan.num_channels)
        model = with_numbers(initial_weights(plan), zeros, ones)
        num_sites = len(plan.sites)
        unknown = {MEAN: zeros.expand(num_sites, -1), STD: ones.expand(num_sites, -1), KNOWN: torch.zeros(num_sites)}
        return {
            GLOBAL: model,
            **{personalized(site): model for site in plan.sites},
            STATISTICS: {key: tensor.double().clone() for key, tensor in unknown.items()},
        }

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return GLOBAL, STATISTICS

    def uploads(self, participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        plan, site, statistics = context.plan, context.participant, parts[STATISTICS]
        received, index = parts[GLOBAL], plan.sites.index(context.participant)
        known = statistics[KNOWN] > 0
        sent: State = {}
        if known[index]:
            means, stds = statistics[MEAN][known], statistics[STD][known]
        else:
            own = input_statistics(training_cases(data))
            sent = {f"{STATISTICS}/{site}": dict(zip((MEAN, STD), own, strict=True))}
            means, stds = (numbers[None] for numbers in own)
        random = RandomNormalization(means, stds, generator(plan.seed, context.round, site, "normalization"))
        weights = without_numbers(received)
        update = train_model(weights, data, context, "global", context.on_progress, term=random)
        # The numbers go back as they came: the server alone changes them.
        trained = update.parts["global"] | {key: received[key] for key in sorted(INPUT_KEYS)}
        return also_moves(replace(update, parts={GLOBAL: trained, **sent}), "personalized")

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:
        """Raises ValueError for statistics of another site, impossible ones, and a site's own that were never sent."""
        super().check_update(state, participant, update, plan)
        own = f"{STATISTICS}/{participant}"
        for name, part in update.parts.items():
            if name.startswith(STATISTICS):
                if name != own:
                    raise ValueError(f"site {participant}: {name} is another site's: a site sends its own only")
                check_update(participant, name, part, {key: torch.empty(plan.num_channels) for key in (MEAN, STD)})
                if bool((part[STD] < 0).any()):
                    raise ValueError(f"site {participant}: {name} tensor {STD} holds a deviation below 0")
        if own not in update.parts and state[STATISTICS][KNOWN][plan.sites.index(participant)] == 0:
            raise ValueError(f"site {participant}: {own} is missing, and it was not sent in an earlier round")

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        statistics = {key: tensor.clone() for key, tensor in state[STATISTICS].items()}
        for site, update in updates.items():
            if sent := update.parts.get(f"{STATISTICS}/{site}"):
                index = plan.sites.index(site)
                for key in (MEAN, STD):
                    statistics[key][index] = sent[key].double()
                statistics[KNOWN][index] = 1
        return _models(average_part(GLOBAL, updates, plan), statistics, plan) | {STATISTICS: statistics}


def _models(average: Tensors, statistics: Tensors, plan: Plan) -> State:
    """The one network with the numbers of each site; a site that has sent none gets those of an image of no site."""
    known = statistics[KNOWN] > 0
    usual = statistics[MEAN][known].mean(0), statistics[STD][known].mean(0)
    own = {
        personalized(site): (statistics[MEAN][k], statistics[STD][k]) if known[k] else usual
        for k, site in enumerate(plan.sites)
    }
    return {name: with_numbers(average, *numbers) for name, numbers in ({GLOBAL: usual} | own).items()}


class RandomNormalization(BatchTerm):
    """Normalizes each image of a batch by the numbers of a site drawn at random, and adds nothing to the loss.

    means, stds: [J, C], one row for each site to draw from. draws: where the site of each image comes from.
    """

    def __init__(self, means: torch.Tensor, stds: torch.Tensor, draws: torch.Generator) -> None:
        self._means, self._stds, self._draws = means, stds, draws

    def attach(self, network: nn.Module) -> None:
        network.register_forward_pre_hook(self._normalize)

    def _normalize(self, _: nn.Module, inputs: tuple[Any, ...]) -> tuple[torch.Tensor]:
        (images,) = inputs
        rows = torch.randint(len(self._means), (len(images),), generator=self._draws)
        return (normalized(images, self._means[rows], self._stds[rows]),)

    def value(self, images: torch.Tensor) -> torch.Tensor:
        return images.new_zeros(())
