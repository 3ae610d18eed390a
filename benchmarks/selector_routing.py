"""The super model's Dice on test cases for given selector probabilities: every model runs once on every case."""

from collections.abc import Mapping, Sequence
from statistics import mean

import torch

from benchmarks.selector_records import GAMMAS, DiceRecord
from worker.engine.data import Case
from worker.engine.inference import predict_probabilities
from worker.engine.metrics import case_dice, mean_over_structures
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.selectors.base import route
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.transforms import to_original


def dice_of_routings(
    plan: Plan, state: State, cases: Sequence[Case], owners: Sequence[int] | None, routings: Mapping[str, torch.Tensor]
) -> dict[str, DiceRecord]:
    """routings: by selector, probabilities [N, K] of the cases. owners: the index of each one's site, if it has one."""
    models = [personalized(site) for site in plan.sites]
    planes = {part: list(predict_probabilities(load_network(plan, state[part]), cases, plan)) for part in _parts(plan)}
    dice = {part: [_dice(p, case, plan) for p, case in zip(of, cases, strict=True)] for part, of in planes.items()}

    def routed(rows: list[list[float]], gamma: float) -> float:
        return mean(dice[route(row, plan.sites, gamma)][i] for i, row in enumerate(rows))

    records = {}
    for name, probabilities in routings.items():
        mixed = (
            torch.einsum("k,k...->...", row.float(), torch.stack([planes[model][i] for model in models]))
            for i, row in enumerate(probabilities)
        )
        rows, largest = probabilities.tolist(), probabilities.max(dim=1).values
        records[name] = DiceRecord(
            global_=mean(dice[GLOBAL]),
            own=None if owners is None else mean(dice[models[owner]][i] for i, owner in enumerate(owners)),
            hard={gamma: routed(rows, float(gamma)) for gamma in GAMMAS},
            share_global={gamma: float((largest <= float(gamma)).double().mean()) for gamma in GAMMAS},
            soft=mean(_dice(p, case, plan) for p, case in zip(mixed, cases, strict=True)),
        )
    return records


def _parts(plan: Plan) -> tuple[str, ...]:
    return GLOBAL, *map(personalized, plan.sites)


def _dice(planes: torch.Tensor, case: Case, plan: Plan) -> float:
    mask = to_original(planes, case.reference_original.shape[1:])
    score = mean_over_structures(case_dice(plan.structures, mask, case.reference_original))
    if score is None:
        raise ValueError(f"{case.name} has no structure: choose other sites")
    return score
