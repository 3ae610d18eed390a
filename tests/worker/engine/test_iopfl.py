"""IOP-FL by hand, and mixtures of weights: soups, and shares that are learned on an image."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.worker.engine.method_runs import DATA, SITES, adam_plan, assert_close, hashes, number, states_of, update_of
from tests.worker.engine.small_sites import small_volumes
from worker.engine.beyond_paper import PAPER
from worker.engine.data import Case
from worker.engine.evaluation import evaluate
from worker.engine.inference import predict_masks
from worker.engine.plan import Plan
from worker.engine.plan_network import blank_network, load_network
from worker.engine.robust_aggregation import Mean
from worker.engine.routed_weights import TestTimeRouting, routed, soup
from worker.engine.sampling import Sampling
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL, State, Tensors, personalized
from worker.engine.strategies.base import CaseRoute
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.iopfl import FOLLOWED, IOPFL
from worker.engine.super_model import MIXTURE, predict_cases

STRATEGY = IOPFL(0.1, TestTimeRouting(3, 0.1))
MODELS = (GLOBAL, *map(personalized, SITES))


def scalar_state(values: dict[str, float], trained: list[float]) -> State:
    parts = {name: number(value) for name, value in values.items()}
    return parts | {FOLLOWED: {"trained": torch.tensor(trained, dtype=torch.float64)}}


def test_a_personalized_model_follows_by_hand() -> None:
    """alpha 0.1: a has trained before and goes from 10 to 0.1 * 10 + 0.9 * 20 = 19; b's first model is taken as it is;
    c is absent. The global model is the mean of 20 and 4."""
    plan = adam_plan()
    state = scalar_state({GLOBAL: 0, **{personalized(site): 10 for site in SITES}}, [1, 0, 0])
    updates = {"a": update_of({GLOBAL: number(20)}), "b": update_of({GLOBAL: number(4)})}
    after = STRATEGY.aggregate(state, updates, plan, 2)
    assert {name: round(float(after[name]["w"]), 4) for name in MODELS} == {
        GLOBAL: 12,
        personalized("a"): 19,
        personalized("b"): 4,
        personalized("c"): 10,
    }
    assert after[FOLLOWED]["trained"].tolist() == [1, 1, 0]


def test_the_global_model_is_fedavgs_to_the_bit() -> None:
    plan = adam_plan()
    own, fedavg = states_of(STRATEGY, plan)[-1], states_of(FedAvg(Mean()), plan)[-1]
    assert hashes(own)[GLOBAL] == hashes(fedavg)[GLOBAL]


def test_a_soup_is_the_weighted_mean_of_weights() -> None:
    """0.25 * 4 + 0.75 * 8 = 7."""
    assert soup({"a": number(4), "b": number(8)}, {"a": 0.25, "b": 0.75})["w"].item() == 7


def trained(plan: Plan) -> State:
    return states_of(STRATEGY, plan)[-1]


def models_of(state: State) -> dict[str, Tensors]:
    return {name: state[name] for name in MODELS}


EQUAL = dict.fromkeys(MODELS, 0.25)


def test_without_steps_the_mixture_is_the_plain_mean_of_the_weights() -> None:
    plan = adam_plan()
    state = trained(plan)
    found = routed(models_of(state), EQUAL, TestTimeRouting(0, 0.1), blank_network(plan), DATA["a"].test[0], plan)
    assert_close(found, soup(models_of(state), EQUAL), atol=1e-6)


def entropy(weights: Tensors, case: Case, plan: Plan) -> float:
    network = load_network(plan, weights).eval()
    with torch.no_grad():
        p = torch.sigmoid(network(case.image[None])).double().clamp(1e-7, 1 - 1e-7)
    return float(-(p * p.log2() + (1 - p) * (1 - p).log2()).mean())


def test_steps_make_the_prediction_more_certain_and_every_image_begins_anew() -> None:
    plan = adam_plan()
    state, network = trained(plan), blank_network(plan)
    routing = TestTimeRouting(10, 0.3)
    first, other = DATA["a"].test[:2]
    before = routed(models_of(state), EQUAL, routing, network, first, plan)
    routed(models_of(state), EQUAL, routing, network, other, plan)
    again = routed(models_of(state), EQUAL, routing, network, first, plan)
    assert hashes({"x": before}) == hashes({"x": again})
    assert entropy(before, first, plan) < entropy(soup(models_of(state), EQUAL), first, plan)


def test_no_reference_is_looked_at() -> None:
    plan = adam_plan()
    state, network, case = trained(plan), blank_network(plan), DATA["a"].test[0]
    blind = replace(
        case,
        reference=torch.ones_like(case.reference),
        reference_original=np.ones_like(case.reference_original),
    )
    found = [routed(models_of(state), EQUAL, STRATEGY.routing, network, each, plan) for each in (case, blind)]
    assert hashes({"x": found[0]}) == hashes({"x": found[1]})


@pytest.mark.parametrize(
    ("dims", "mode"),
    [(3, "resize"), (2, "resize"), (3, "patches"), (2, "patches")],
)
def test_volumes_and_patches_are_routed_too(dims: int, mode: str) -> None:
    sampling = Sampling(mode, 32, 8, None, 1, 0.5, 0.5, "all")  # type: ignore[arg-type]
    data = small_volumes(("a", "b"), sampling, dims)
    plan = adam_plan(sites=("a", "b"), spatial_dims=dims, sampling=sampling, num_channels=1, rounds=1)
    state = states_of(STRATEGY, plan, data)[-1]
    (found,) = list(evaluate(STRATEGY, state.keys(), state.__getitem__, (data["a"],), plan))
    assert found.masks[MIXTURE].shape == data["a"].test[0].reference_original.shape
    assert found.scores[MIXTURE]


def test_the_test_predicts_with_the_routed_network_and_validation_does_not() -> None:
    plan = adam_plan()
    state = trained(plan)
    case, network = DATA["b"].test[0], blank_network(plan)
    found = next(iter(evaluate(STRATEGY, state.keys(), state.__getitem__, (DATA["b"],), plan)))
    assert found.route is not None
    assert (found.route.chosen_model, found.route.probabilities) == (MIXTURE, {})
    weights = routed(models_of(state), EQUAL, STRATEGY.routing, network, case, plan)
    (expected,) = predict_masks(load_network(plan, weights), [case], plan)
    assert np.array_equal(found.masks[MIXTURE], expected)
    assert set(found.masks) == {MIXTURE, *MODELS}
    assert STRATEGY.criterion == "personalized"


def test_shares_with_the_global_model_by_hand() -> None:
    """Half global, and of the other half 0.8 and 0.2."""
    route = CaseRoute("x", {"a": 0.8, "b": 0.2}, MIXTURE, global_share=0.5)
    assert route.shares == {GLOBAL: 0.5, personalized("a"): 0.4, personalized("b"): 0.1}
    assert replace(route, chosen_model=GLOBAL).shares == {}


def test_fedsms_soup_is_one_network_by_the_selectors_probabilities() -> None:
    plan = adam_plan()
    lda = LdaSelector(0.1, 2, "descriptors", 10.0)
    strategy = FedSM(0.7, 0.9, lda, 0.0, "soft", None, replace(PAPER, mixture="weights", global_share=0.25))
    state = states_of(strategy, plan)[-1]
    case = DATA["c"].test[0]
    found = next(iter(evaluate(strategy, state.keys(), state.__getitem__, (DATA["c"],), plan)))
    assert found.route is not None
    shares = found.route.shares
    assert sum(shares.values()) == pytest.approx(1)
    assert shares[GLOBAL] == 0.25
    (expected,) = predict_masks(load_network(plan, soup(models_of(state), shares)), [case], plan)
    assert np.array_equal(found.masks[MIXTURE], expected)
    (only,) = predict_cases(state.__getitem__, [case], [[]], plan, [{GLOBAL: 1.0}], "weights")
    (alone,) = predict_masks(load_network(plan, state[GLOBAL]), [case], plan)
    assert np.array_equal(only[MIXTURE], alone)
