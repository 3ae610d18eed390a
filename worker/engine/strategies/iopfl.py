"""IOP-FL: Jiang et al., "IOP-FL: Inside-Outside Personalization for Federated Medical Image Segmentation", IEEE TMI
2023, as in the authors' code (med-air/IOP-FL).

Inside: the global model is FedAvg's. Site k's personalized model follows what the site made of the global model in each
round, w_k, as a moving average p_k <- alpha p_k + (1 - alpha) w_k, so that it holds the global gradients and the site's
own; p_k begins as the first w_k. The server has every w_k and computes p_k, so nothing more is sent than in FedAvg.

Outside: an image of no known site is segmented by one network whose layers mix the K + 1 models, with shares that are
learned on that image without its reference (../routed_weights.py). The number of steps is fixed and the last one's
shares count: the published routine scores after each of ten passes over the test set and prints the best, which looks
at the references.

What differs from the code: it learns small routers of pooled activations, shared by all test images in turn, with
sigmoids that need not sum to 1. For one image a router's output is one vector of shares a layer, so the shares are
learned themselves, begin equal, and sum to 1; each image begins anew, so that no image's mask depends on the others.
The authors' rate and number of steps act on the weights of their routers. On the logarithms of shares ten steps of
1e-3 move a share of 1/5 to at most 0.2032, so with the defaults the network outside is nearly the plain mean of the
K + 1 models: `test_learning_rate` is to be chosen on validation images.
Normalization layers are mixed like all others and not trained, and the code's third term, of weight 1e-6, is left out.
Shares are learned in the test only, because it takes `steps` passes for each image: the best round is chosen by the
personalized models.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch

from worker.engine.aggregation import linear_combination
from worker.engine.data import Case, ParticipantData
from worker.engine.plan import Plan
from worker.engine.routed_weights import TestTimeRouting
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import (
    CaseRoute,
    LoadPart,
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    also_moves,
    average_part,
    train_model,
)
from worker.engine.super_model import MIXTURE

#: The part whose tensor `trained` [K] is 1 for each site that has trained; no site receives it.
FOLLOWED = "followed"


@final
@dataclass(frozen=True)
class IOPFL(PersonalizedStrategy):
    """The method of this file. alpha: what a personalized model keeps of itself, 0 to below 1. routing: outside."""

    alpha: float
    routing: TestTimeRouting

    def initial_state(self, plan: Plan) -> State:
        trained = torch.zeros(len(plan.sites), dtype=torch.float64)
        return super().initial_state(plan) | {FOLLOWED: {"trained": trained}}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def uploads(self, participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        return also_moves(train_model(parts[GLOBAL], data, context, "global", context.on_progress), "personalized")

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        trained = state[FOLLOWED]["trained"].clone()
        own = {personalized(site): state[personalized(site)] for site in plan.sites}
        for site, update in updates.items():
            index, name, made = plan.sites.index(site), personalized(site), update.parts[GLOBAL]
            if trained[index]:
                own[name] = linear_combination([state[name], made], [self.alpha, 1 - self.alpha])
            else:
                own[name] = made
            trained[index] = 1
        return {GLOBAL: average_part(GLOBAL, updates, plan), **own, FOLLOWED: {"trained": trained}}

    def routes(self, load_part: LoadPart, cases: Sequence[Case], plan: Plan) -> tuple[CaseRoute, ...]:  # noqa: ARG002
        """All models together: which ones an image needs is learned on it."""
        models = (GLOBAL, *map(personalized, plan.sites))
        return tuple(CaseRoute(case.case_id, {}, MIXTURE, ensemble=models, fusion=self.routing) for case in cases)
