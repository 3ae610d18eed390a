"""One patient, one model: the super model routes all cases of a patient alike, pictures and volumes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch

from tests.worker.engine.small_sites import small_plan, small_sites, small_volumes
from worker.engine.data import Case, SiteData
from worker.engine.evaluation import evaluate
from worker.engine.federation import run_rounds
from worker.engine.selectors.base import Unlikeness, one_answer_a_patient
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.fedsm import FedSM

LDA = LdaSelector(shrinkage=0.1, minimum_cases=2, features="descriptors", farthest=math.inf)


def patients(*names: str | None) -> list[Case]:
    cases = small_sites(("a",))["a"].train[: len(names)]
    return [replace(case, patient=name) for case, name in zip(cases, names, strict=True)]


def rows(*probabilities: Sequence[float]) -> torch.Tensor:
    return torch.tensor(probabilities, dtype=torch.float64)


def test_by_hand() -> None:
    """Cases 0 and 2 are of one patient: sqrt(0.9 * 0.4) = 0.6 and sqrt(0.1 * 0.6) = 0.245, of a sum of 0.845."""
    answers = one_answer_a_patient(rows((0.9, 0.1), (0.3, 0.7), (0.4, 0.6)), patients("p", None, "p"))
    first = 0.6 / (0.6 + 0.06**0.5)
    assert answers[0].tolist() == pytest.approx([first, 1 - first])
    assert answers[2].tolist() == answers[0].tolist()
    assert answers[1].tolist() == [0.3, 0.7]


def test_the_same_picture_twice_is_no_surer_than_once() -> None:
    answers = one_answer_a_patient(rows((0.8, 0.2), (0.8, 0.2)), patients("p", "p"))
    assert answers.tolist() == [pytest.approx([0.8, 0.2])] * 2


def test_cases_without_a_patient_keep_their_own_answer_to_the_bit() -> None:
    before = rows((0.9, 0.1), (0.3, 0.7), (1.0, 0.0))
    assert torch.equal(one_answer_a_patient(before, patients(None, None, None)), before)
    assert torch.equal(one_answer_a_patient(before, patients("p", "q", None)), before)


def test_a_certain_and_a_contrary_answer_stay_finite() -> None:
    """ln tiny = -708: half of it outweighs the other case's doubt, and nothing is NaN."""
    answers = one_answer_a_patient(rows((1.0, 0.0), (0.1, 0.9)), patients("p", "p"))
    assert answers[0].tolist() == pytest.approx([1, 0])


@dataclass(frozen=True)
class Told(LdaSelector):
    """Answers as told, case by case: the first for the first case, and so on."""

    answers: tuple[tuple[float, ...], ...] = ()

    def probabilities_and_unlikeness(
        self, load_part: Any, cases: Sequence[Case], plan: Any
    ) -> tuple[torch.Tensor, list[Unlikeness | None]]:
        return rows(*self.answers[: len(cases)]), [None] * len(cases)


def test_the_threshold_is_put_to_the_patient() -> None:
    """Alone, the first case (0.95 > 0.9) has its site's model and the second the global one; together
    (0.872 = sqrt(0.95 * 0.8), of a sum with 0.1 = sqrt(0.05 * 0.2), is 0.897) both have the global one."""
    plan, answers = small_plan(sites=("a", "b")), ((0.95, 0.05), (0.8, 0.2))
    strategy = FedSM(0.7, 0.9, Told(0.1, 2, "descriptors", math.inf, answers=answers), 0.0, "hard")

    def models(*names: str | None) -> list[str]:
        return [route.chosen_model for route in strategy.routes(lambda _: {}, patients(*names), plan)]

    assert models(None, None) == [personalized("a"), GLOBAL]
    assert models("p", "p") == [GLOBAL, GLOBAL]
    assert models("p", "q") == [personalized("a"), GLOBAL]


@pytest.mark.parametrize("dims", [2, 3])
def test_all_slices_and_volumes_of_a_patient_have_one_route_in_the_evaluation(dims: int) -> None:
    """Two scans of one patient and one of another: the routes of the two are equal, of a 2D network's slices, too."""
    volumes = small_volumes(("a", "b"), dims=dims)
    sites = {
        site: SiteData(
            site,
            data.train,
            (),
            tuple(
                replace(case, patient=patient)
                for case, patient in zip((*data.val, *data.test, data.train[0]), ("p", "p", "q"), strict=True)
            ),
        )
        for site, data in volumes.items()
    }
    plan = small_plan(sites=("a", "b"), num_channels=1, spatial_dims=dims, rounds=1)
    strategy = FedSM(0.7, 0.9, LDA, 0.0, "hard")
    state = list(run_rounds(strategy, sites, plan))[-1].state
    cases = tuple(evaluate(strategy, state.keys(), state.__getitem__, tuple(sites.values()), plan))
    for site in ("a", "b"):
        first, second, other = [case.route for case in cases if case.site == site]
        assert first is not None
        assert second is not None
        assert other is not None
        assert first.probabilities == second.probabilities
        assert first.chosen_model == second.chosen_model
        assert first.probabilities != other.probabilities
