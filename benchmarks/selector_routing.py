"""The super model's Dice on test cases for given selector probabilities: every model runs once on every case."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import mean

import torch

from benchmarks.selector_sites import Federation
from worker.engine.data import Case
from worker.engine.inference import predict_probabilities
from worker.engine.metrics import case_dice, mean_over_structures
from worker.engine.networks import load_network
from worker.engine.plan import GLOBAL, Plan, State, personalized
from worker.engine.selectors.base import route
from worker.engine.transforms import to_original

GAMMA = 0.9


@dataclass(frozen=True)
class DiceRow:
    """Dice, means over test cases of the mean over structures, of one SoftPull and one selector.

    hard: at GAMMA, where share_global of the cases go to the global model; always: at gamma 0.
    """

    pull: str
    selector: str
    global_: float
    own: float
    hard: float
    share_global: float
    always: float
    soft: float


def dice_of_routings(
    federation: Federation, state: State, routings: Mapping[str, torch.Tensor], pull: str
) -> Iterator[DiceRow]:
    """routings: by selector, probabilities [N, K] of the federation's test cases. pull: how the models were pulled."""
    plan = federation.plan
    owners, cases = zip(*federation.test_cases, strict=True)
    planes = {part: _probabilities(state, part, cases, plan) for part in (GLOBAL, *map(personalized, plan.sites))}
    of_sites = [torch.stack([planes[personalized(site)][i] for site in plan.sites]) for i in range(len(cases))]

    def dice(chosen: Iterable[torch.Tensor]) -> float:
        return mean(_dice(of_case, case, plan) for of_case, case in zip(chosen, cases, strict=True))

    def routed(rows: torch.Tensor, gamma: float) -> float:
        return dice(planes[route(row, plan.sites, gamma)][i] for i, row in enumerate(rows.tolist()))

    global_, own = dice(planes[GLOBAL]), dice(of_sites[i][owner] for i, owner in enumerate(owners))
    for name, rows in routings.items():
        mixed = (torch.einsum("k,k...->...", row.float(), of_sites[i]) for i, row in enumerate(rows))
        yield DiceRow(
            pull=pull,
            selector=name,
            global_=global_,
            own=own,
            hard=routed(rows, GAMMA),
            share_global=float((rows.max(dim=1).values <= GAMMA).double().mean()),
            always=routed(rows, 0),
            soft=dice(mixed),
        )


def _probabilities(state: State, part: str, cases: tuple[Case, ...], plan: Plan) -> list[torch.Tensor]:
    return list(predict_probabilities(load_network(plan, state[part]), cases, plan))


def _dice(planes: torch.Tensor, case: Case, plan: Plan) -> float:
    mask = to_original(planes, case.reference_original.shape[1:])
    score = mean_over_structures(case_dice(plan.structures, mask, case.reference_original))
    if score is None:
        raise ValueError(f"{case.name} has no structure: choose other sites")
    return score
