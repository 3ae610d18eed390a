"""One student of a finished super model: federated averaging of one network on the super model's soft answers.

Source: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, section 2; the averaging is fedavg.py's.
The teacher is frozen. It sees what the student sees, changed images and patches too (Beyer et al., "Knowledge
distillation: A good teacher is patient and consistent", CVPR 2022), by the model that the selector chose for the whole
case, as when it predicts. Its answers are computed at the site, and never leave it.

The state holds the student as the part `global`, and the teacher's parts under names of their own, which no round
changes. A site receives the student; of the teacher it fetches the selector and those models that the selector chooses
for its own training cases: no more than it gets for validation where the super model is trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import nn

from worker.engine.data import ParticipantData, training_cases
from worker.engine.local_training import Batch
from worker.engine.losses import Loss, distillation_loss, segmentation_loss
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import (
    CaseRoute,
    GlobalModelStrategy,
    LoadPart,
    SiteContext,
    SiteUpdate,
    Strategy,
    average_part,
    train_model,
)
from worker.engine.super_model import MIXTURE

#: Before the name of each part of the teacher.
TEACHER = "teacher_"


@final
@dataclass(frozen=True)
class Student(GlobalModelStrategy):
    """The method of this file.

    teacher: the method whose super model it is, at the threshold with which it predicts.
    temperature: by which logits are divided, above 0. reference_weight: share of the plan's own loss, 0 to 1.
    """

    teacher: Strategy
    temperature: float
    reference_weight: float

    def initial_state(self, plan: Plan) -> State:  # noqa: ARG002
        """Raises ValueError, because there is no teacher in a new state."""
        raise ValueError("a student learns from a finished model: begin with the state of one (`taught_state`)")

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        """Raises ValueError where the teacher cannot be fetched."""
        if context.load_part is None:
            raise ValueError("a student needs its teacher's parts, and this worker fetches none: update the worker")
        fetch, plan = context.load_part, context.plan
        routes = self.teacher.routes(lambda name: fetch(f"{TEACHER}{name}"), training_cases(data), plan)
        answers = SoftAnswers(plan, fetch, {route.case_id: _shares_of(route) for route in routes})
        reference_loss = segmentation_loss(plan.loss)

        def loss_of(batch: Batch) -> Loss:
            return distillation_loss(reference_loss, answers.of(batch), self.temperature, self.reference_weight)

        return train_model(parts[GLOBAL], data, context, "global", context.on_progress, loss_of_batch=loss_of)

    def is_frozen(self, part_name: str) -> bool:
        return part_name.startswith(TEACHER)

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        kept = {name: part for name, part in state.items() if self.is_frozen(name)}
        return {GLOBAL: average_part(GLOBAL, updates, plan)} | kept


class SoftAnswers:
    """The frozen teacher's probabilities of the images of a batch.

    shares: for each case id, part names of the teacher and their shares, which sum to 1.
    """

    def __init__(self, plan: Plan, fetch: LoadPart, shares: Mapping[str, Mapping[str, float]]) -> None:
        self._shares = shares
        names = sorted({name for of_case in shares.values() for name in of_case})
        self._networks: dict[str, nn.Module] = {
            name: load_network(plan, fetch(f"{TEACHER}{name}")).eval() for name in names
        }

    @torch.no_grad()
    def of(self, batch: Batch) -> torch.Tensor:
        """[B, S, *space], 0 to 1: of each image by the models of its case."""
        answers = torch.zeros_like(batch.reference)
        for name, network in self._networks.items():
            rows = [row for row, case_id in enumerate(batch.case_ids) if name in self._shares[case_id]]
            if rows:
                shares = torch.tensor([self._shares[batch.case_ids[row]][name] for row in rows])
                shares = shares.to(answers).reshape(-1, *[1] * (answers.ndim - 1))
                answers[rows] += shares * torch.sigmoid(network(batch.images[rows]).float())
        return answers


def taught_state(teacher: State) -> State:
    """The state of round 0: the student begins as the teacher's global model."""
    return {GLOBAL: teacher[GLOBAL]} | {f"{TEACHER}{name}": part for name, part in teacher.items()}


def _shares_of(route: CaseRoute) -> Mapping[str, float]:
    return route.shares if route.chosen_model == MIXTURE else {route.chosen_model: 1.0}
