"""One student of a super model: its loss worked out by hand, what it learns from, and that it learns."""

import math
from collections.abc import Mapping

import pytest
import torch

from tests.worker.engine.all_methods import DESCRIPTORS
from tests.worker.engine.method_runs import DATA, SITES, adam_plan, hashes, states_of
from worker.engine.data import Case
from worker.engine.inference import predict_probabilities
from worker.engine.local_training import Batch
from worker.engine.losses import Dice, distillation_loss, segmentation_loss
from worker.engine.plan_network import load_network
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import CaseRoute, LoadPart, SiteContext, SiteUpdate, initial_weights
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.student import TEACHER, SoftAnswers, Student, taught_state

TEACHING = FedSM(0.7, 0.6, DESCRIPTORS, 0.0, "hard")
PLAN = adam_plan(rounds=3, local_epochs=4, batch_size=2)
STUDENT = Student(TEACHING, temperature=2.0, reference_weight=0.0)


def test_the_loss_by_hand() -> None:
    """T = 2. Voxel 1: logit 0, answer sigmoid(2). Its softened answer is t = sigmoid(1) = 0.7311, the prediction 0.5,
    and the cross-entropy ln 2. Voxel 2: logit 4, answer 0.5: t = 0.5, the prediction sigmoid(2), and the cross-entropy
    -(ln sigmoid(2) + ln sigmoid(-2)) / 2 = 1.1269."""
    logits = torch.tensor([[[[0.0, 4.0]]]])
    answers = torch.tensor([[[[1 / (1 + math.exp(-2)), 0.5]]]])
    reference = torch.ones(1, 1, 1, 2)
    by_hand = 4 * (math.log(2) + (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(2))) / 2) / 2
    plain = segmentation_loss(Dice())
    soft = distillation_loss(plain, answers, 2.0, 0.0)(logits, reference)
    assert float(soft) == pytest.approx(by_hand, rel=1e-5)
    both = distillation_loss(plain, answers, 2.0, 0.25)(logits, reference)
    assert float(both) == pytest.approx(0.25 * float(plain(logits, reference)) + 0.75 * by_hand, rel=1e-5)
    alone = distillation_loss(plain, answers, 2.0, 1.0)(logits, reference)
    assert float(alone) == float(plain(logits, reference))


def test_the_loss_is_least_where_the_student_says_what_the_teacher_says() -> None:
    logits = torch.tensor([[[[1.5, -3.0]]]], requires_grad=True)
    loss = distillation_loss(segmentation_loss(Dice()), torch.sigmoid(logits.detach()), 3.0, 0.0)
    loss(logits, torch.zeros(1, 1, 1, 2)).backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) < 1e-6
    deep = [torch.zeros(1, 1, 2, 2, requires_grad=True), torch.zeros(1, 1, 1, 1, requires_grad=True)]
    taught = distillation_loss(segmentation_loss(Dice()), torch.full((1, 1, 2, 2), 0.5), 2.0, 0.0)
    assert float(taught(deep, torch.zeros(1, 1, 2, 2))) == pytest.approx(4 * math.log(2)), "each resolution is taught"


@pytest.fixture(scope="module")
def teacher() -> State:
    """A FedSM model of a few rounds, in which no two networks are the same."""
    torch.set_num_threads(1)
    return states_of(TEACHING, adam_plan(rounds=4, local_epochs=3))[-1]


def test_each_image_is_answered_by_the_models_of_its_case(teacher: State) -> None:
    batch = Batch(torch.rand(3, 3, 32, 32), torch.zeros(3, 2, 32, 32), ("one", "other", "both"))
    shares = {"one": {GLOBAL: 1.0}, "other": {"personalized/b": 1.0}, "both": {GLOBAL: 0.25, "personalized/b": 0.75}}
    found = SoftAnswers(PLAN, taught_state(teacher).__getitem__, shares).of(batch)
    with torch.no_grad():
        by_model = {
            name: torch.sigmoid(load_network(PLAN, teacher[name]).eval()(batch.images))
            for name in (GLOBAL, "personalized/b")
        }
    torch.testing.assert_close(found[0], by_model[GLOBAL][0])
    torch.testing.assert_close(found[1], by_model["personalized/b"][1])
    torch.testing.assert_close(found[2], 0.25 * by_model[GLOBAL][2] + 0.75 * by_model["personalized/b"][2])


class Fetched:
    """The parts that a site asked for."""

    def __init__(self, state: State) -> None:
        self.state, self.names = state, set[str]()

    def __call__(self, name: str) -> Mapping[str, torch.Tensor]:
        self.names.add(name)
        return self.state[name]


def trained(state: State, site: str, round_: int, fetch: LoadPart) -> SiteUpdate:
    context = SiteContext(PLAN, site, round_, None, lambda _: None, fetch)
    return STUDENT.train_site({GLOBAL: state[GLOBAL]}, (DATA[site],), context)


def rounds(state: State) -> State:
    for round_ in range(1, PLAN.rounds + 1):
        updates = {site: trained(state, site, round_, state.__getitem__) for site in SITES}
        state = STUDENT.aggregate(state, updates, PLAN, round_)
    return state


def disagreement(teacher: State, weights: Mapping[str, torch.Tensor]) -> float:
    """Mean distance of its probabilities from the super model's on the sites' test cases, which nobody trained on."""
    cases = [case for site in SITES for case in DATA[site].test]
    routes = TEACHING.routes(teacher.__getitem__, cases, PLAN)
    expected = [_answer(teacher, route, case) for route, case in zip(routes, cases, strict=True)]
    found = predict_probabilities(load_network(PLAN, weights), cases, PLAN)
    return float(torch.stack([(a - b).abs().mean() for a, b in zip(expected, found, strict=True)]).mean())


def _answer(teacher: State, route: CaseRoute, case: Case) -> torch.Tensor:
    (answer,) = predict_probabilities(load_network(PLAN, teacher[route.chosen_model]), [case], PLAN)
    return answer


def test_a_student_comes_to_agree_with_its_teacher_and_the_same_seed_gives_the_same_bits(teacher: State) -> None:
    """Its reference weight is 0: it learns from the answers alone. It begins with random weights here."""
    begun = taught_state(teacher) | {GLOBAL: initial_weights(PLAN)}
    first, second = rounds(begun), rounds(begun)
    assert hashes(first) == hashes(second)
    assert disagreement(teacher, first[GLOBAL]) < 0.6 * disagreement(teacher, begun[GLOBAL])
    unchanged = {name for name in first if name.startswith(TEACHER)}
    assert {name: hashes(first)[name] for name in unchanged} == {name: hashes(begun)[name] for name in unchanged}
    assert first.keys() == {GLOBAL, *unchanged}


def test_a_site_fetches_no_other_model_of_the_teacher_than_the_selector_chooses(teacher: State) -> None:
    state = taught_state(teacher)
    fetch = Fetched(state)
    update = trained(state, "a", 1, fetch)
    routes = TEACHING.routes(teacher.__getitem__, DATA["a"].train, PLAN)
    chosen = {f"{TEACHER}{route.chosen_model}" for route in routes}
    assert fetch.names == {f"{TEACHER}selector", *chosen}
    assert update.parts.keys() == {GLOBAL}, "no answer leaves the site"
    assert STUDENT.downloads(state.keys(), "a") == (GLOBAL,)


def test_a_student_without_a_teacher_is_refused(teacher: State) -> None:
    with pytest.raises(ValueError, match="a student learns from a finished model"):
        STUDENT.initial_state(PLAN)
    context = SiteContext(PLAN, "a", 1, None, lambda _: None)
    with pytest.raises(ValueError, match="a student needs its teacher's parts"):
        STUDENT.train_site({GLOBAL: teacher[GLOBAL]}, (DATA["a"],), context)
