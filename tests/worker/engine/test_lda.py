"""The closed-form selector: exact as if pooled, calibrated, careful with small sites and with changing encoders."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.worker.engine.small_sites import small_plan, small_sites, small_volumes
from worker.engine.checkpoint import from_bytes, to_bytes
from worker.engine.data import Case, SiteData
from worker.engine.descriptors import SCAN_FLOORS, describe_image, descriptor_floors, num_descriptors
from worker.engine.plan import Plan
from worker.engine.selectors.distances import logits_of, squared_distance
from worker.engine.selectors.features import FeatureSet, encode, feature_floors, features_of, num_features
from worker.engine.selectors.lda import (
    MIN_DEVIATION,
    LdaSelector,
    moments_of,
    solve_lda,
)
from worker.engine.selectors.quadratic import quadratic_terms
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import initial_weights

SHRINKAGE = 0.1
FEATURES: tuple[FeatureSet, ...] = ("descriptors", "encoder", "both")


def nothing(_: float) -> None:
    pass


def random_sites(num_cases: tuple[int, ...]) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(0)
    mixing = draws.normal(size=(5, 5))
    return {f"site-{k}": draws.normal(size=(n, 5)) @ mixing + draws.normal(size=5) * 2 for k, n in enumerate(num_cases)}


def pooled_lda(sites: dict[str, np.ndarray], floors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The textbook's way, from all cases in one place: center each class, one covariance, solve."""
    centered = np.concatenate([x - x.mean(0) for x in sites.values()])
    within = centered.T @ centered / (len(centered) - len(sites)) + np.diag(floors**2)
    scale = np.diag(1 / np.sqrt(np.diag(within)))
    shrunk = (1 - SHRINKAGE) * scale @ within @ scale + SHRINKAGE * np.eye(len(scale))
    inverse = scale @ np.linalg.inv(shrunk) @ scale
    means = np.stack([x.mean(0) for x in sites.values()])
    return means @ inverse, -0.5 * np.einsum("kd,de,ke->k", means, inverse, means)


def federated(sites: dict[str, np.ndarray]) -> dict[str, Tensors]:
    return {site: moments_of(torch.from_numpy(x)) for site, x in sites.items()}


@pytest.mark.parametrize("floor", [0.0, 0.5])
def test_federated_lda_is_pooled_lda(floor: float) -> None:
    sites = random_sites((40, 25, 12))
    floors = np.full(5, floor)
    weight, bias = pooled_lda(sites, floors)
    solved = solve_lda(federated(sites), SHRINKAGE, torch.from_numpy(floors))
    np.testing.assert_allclose(solved["weight"].numpy(), weight, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(solved["bias"].numpy(), bias, rtol=1e-9, atol=1e-9)


def test_a_classifier_lies_in_memory_as_it_does_after_a_file() -> None:
    """Rows first: else a product with it sums in another order where it was just made than where it was loaded."""
    solved = solve_lda(federated(random_sites((20, 30, 10))), SHRINKAGE, torch.zeros(5))
    assert all(tensor.is_contiguous() for tensor in solved.values())
    loaded = from_bytes(to_bytes(solved))
    assert {name: tensor.stride() for name, tensor in loaded.items()} == {n: t.stride() for n, t in solved.items()}


def test_the_order_of_sites_changes_nothing_but_the_order() -> None:
    moments = federated(random_sites((20, 30, 10)))
    forward = solve_lda(moments, SHRINKAGE, torch.zeros(5))
    backward = solve_lda(dict(reversed(moments.items())), SHRINKAGE, torch.zeros(5))
    np.testing.assert_allclose(backward["weight"].flip(0).numpy(), forward["weight"].numpy(), rtol=1e-9, atol=1e-12)


def test_moments_by_hand() -> None:
    """Cases (1, 2) and (3, 4): count 2, sum (4, 6), second moment ((1 + 9, 2 + 12), (2 + 12, 4 + 16))."""
    moments = moments_of(torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64))
    assert moments["count"].tolist() == [2]
    assert moments["sum"].tolist() == [4, 6]
    assert moments["second_moment"].tolist() == [[10, 14], [14, 20]]


def first_state(plan: Plan) -> State:
    return {GLOBAL: initial_weights(plan)}


def run_round(
    selector: LdaSelector, state: State, sites: dict[str, SiteData], present: tuple[str, ...], plan: Plan
) -> State:
    """The selector's round, and a global model that moved a little."""
    updates = {}
    for site in present:
        parts = {name: state[name] for name in (GLOBAL, *selector.downloads(site)) if name in state}
        updates[site] = selector.site_update(parts, (sites[site],), site, 1, plan, nothing)
        selector.check(state, site, updates[site], plan)
    moved = {key: tensor * 1.01 for key, tensor in state[GLOBAL].items()}
    return {GLOBAL: moved} | selector.aggregate(state, updates, dict.fromkeys(present, 1.0), plan)


@pytest.mark.parametrize("features", FEATURES)
def test_a_round_solves_pooled_lda_of_these_features(features: FeatureSet) -> None:
    """To 1e-6 of the logits' size; the sites' cases are described together here, and one by one there."""
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, features, math.inf), small_plan(), small_sites()
    start = first_state(plan)
    state = run_round(selector, start, sites, plan.sites, plan)
    together = tuple(case for site in sites.values() for case in site.train)
    described = features_of(features, together, plan, start[GLOBAL]).numpy()
    assert described.shape[1] == num_features(features, plan, is_volume=False)
    ends = np.cumsum([len(site.train) for site in sites.values()])[:-1]
    by_site = dict(zip(sites, np.split(described, ends), strict=True))
    weight, bias = pooled_lda(by_site, np.zeros(described.shape[1]))
    expected = described @ weight.T + bias
    logits = described @ state["selector"]["weight"].numpy().T + state["selector"]["bias"].numpy()
    relative_to = expected - expected.mean(axis=1, keepdims=True)  # a constant a case changes no probability
    actual = logits - logits.mean(axis=1, keepdims=True)
    assert np.abs(actual - relative_to).max() < 1e-6 * np.abs(relative_to).max()


@pytest.mark.parametrize("features", FEATURES)
def test_the_order_of_updates_changes_no_bit(features: FeatureSet) -> None:
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, features, math.inf), small_plan(), small_sites()
    forward = run_round(selector, first_state(plan), sites, ("a", "b", "c"), plan)
    backward = run_round(selector, first_state(plan), sites, ("c", "b", "a"), plan)
    for key, tensor in forward["selector"].items():
        assert torch.equal(backward["selector"][key], tensor)


def test_a_site_sends_its_moments_once_and_a_late_site_joins() -> None:
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, "descriptors", math.inf), small_plan(), small_sites()
    state = run_round(selector, first_state(plan), sites, ("a", "b"), plan)
    absent = selector.probabilities(state.__getitem__, sites["c"].test, plan)
    assert absent[:, 2].max() == 0
    state = run_round(selector, state, sites, ("b", "c"), plan)
    moments = {"selector_moments/a", "selector_moments/b", "selector_moments/c"}
    assert set(state) == {"global", "selector"} | moments
    together = run_round(selector, first_state(plan), sites, ("a", "b", "c"), plan)
    assert torch.equal(state["selector"]["weight"], together["selector"]["weight"])
    for index, site in enumerate(("a", "b", "c")):
        probabilities = selector.probabilities(state.__getitem__, sites[site].test, plan)
        assert probabilities.sum(dim=1).tolist() == pytest.approx([1.0] * len(sites[site].test))
        assert probabilities.argmax(dim=1).tolist() == [index] * len(sites[site].test)


@pytest.mark.parametrize("features", ["encoder", "both"])
def test_the_classifier_is_kept_with_the_weights_that_its_features_were_made_with(features: FeatureSet) -> None:
    """Round 2's global model is another; with all sites present the classifier follows it, and keeps no candidate."""
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, features, math.inf), small_plan(), small_sites()
    first = run_round(selector, first_state(plan), sites, plan.sites, plan)
    second = run_round(selector, first, sites, plan.sites, plan)
    kept = {"global", "selector", "selector_encoder", *(f"selector_moments/{site}" for site in plan.sites)}
    assert set(second) == kept
    for key, tensor in first[GLOBAL].items():
        assert torch.equal(second["selector_encoder"][key], tensor)
    assert not torch.equal(second["selector"]["weight"], first["selector"]["weight"])
    alone = run_round(selector, {GLOBAL: first[GLOBAL]}, sites, plan.sites, plan)
    assert torch.equal(second["selector"]["weight"], alone["selector"]["weight"])


def test_moments_of_different_encoders_are_never_mixed() -> None:
    """Round 2 lacks c: the classifier stays with round 1's encoder. Round 3 has c only: now all have described it."""
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, "encoder", math.inf), small_plan(), small_sites()
    first = run_round(selector, first_state(plan), sites, ("a", "b", "c"), plan)
    second = run_round(selector, first, sites, ("a", "b"), plan)
    assert torch.equal(second["selector"]["weight"], first["selector"]["weight"])
    assert second["selector_encoder"] is first["selector_encoder"]
    assert second["selector_candidate"] is first[GLOBAL]
    assert {name for name in second if name.startswith("selector_candidate_")} == {
        "selector_candidate_moments/a",
        "selector_candidate_moments/b",
    }
    third = run_round(selector, second, sites, ("c",), plan)
    assert third["selector_encoder"] is first[GLOBAL]
    whole = run_round(selector, {GLOBAL: first[GLOBAL]}, sites, ("a", "b", "c"), plan)
    assert torch.equal(third["selector"]["weight"], whole["selector"]["weight"])
    assert not any(name.startswith("selector_candidate") for name in third)


def test_a_late_site_describes_the_encoder_in_use_and_the_next() -> None:
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, "encoder", math.inf), small_plan(), small_sites()
    first = run_round(selector, first_state(plan), sites, ("a", "b"), plan)
    second = run_round(selector, first, sites, ("c",), plan)
    assert second["selector_encoder"] is first["selector_encoder"]
    whole = run_round(selector, first_state(plan), sites, ("a", "b", "c"), plan)
    assert torch.equal(second["selector"]["weight"], whole["selector"]["weight"])
    assert "selector_candidate_moments/c" in second


def test_the_same_case_alone_and_among_others_has_the_same_encoding() -> None:
    plan, cases = small_plan(), small_sites()["a"].train
    weights = initial_weights(plan)
    assert torch.equal(encode(cases, plan, weights)[2], encode(cases[2:3], plan, weights)[0])


@pytest.mark.parametrize("dims", [2, 3])
def test_a_volume_has_one_feature_vector(dims: int) -> None:
    """Descriptors: the mean over slices, and log spacing and log intensity range after them."""
    plan, sites = small_plan(("a", "b"), num_channels=1, spatial_dims=dims), small_volumes(dims=dims)
    case: Case = sites["a"].train[0]
    vector = features_of("both", (case,), plan, initial_weights(plan))[0]
    assert len(vector) == num_features("both", plan, is_volume=True) == 20 + 4 + 8
    slices = case.unit_image.transpose(0, 1).numpy()
    np.testing.assert_allclose(vector[:20], np.mean([describe_image(plane) for plane in slices], axis=0), rtol=1e-6)
    low, high = case.intensity_range
    np.testing.assert_allclose(vector[20:24], np.log([3.0, 0.5, 0.6, high - low]))
    state = run_round(LdaSelector(SHRINKAGE, 2, "both", math.inf), first_state(plan), sites, ("a", "b"), plan)
    rows = LdaSelector(SHRINKAGE, 2, "both", math.inf).probabilities(state.__getitem__, sites["b"].test, plan)
    assert rows.shape == (1, 2)


def test_a_spacing_that_never_varies_counts_by_its_floor() -> None:
    """0.5 and 0.51 mm: log 1.02 = 0.02 is less than half a floor of 0.05, not 2e7 deviations of nothing."""
    plan = small_plan(("a", "b"), num_channels=1)
    floors = feature_floors("descriptors", plan, is_volume=True)
    assert floors.tolist() == [0.0] * num_descriptors(1, is_volume=False) + list(SCAN_FLOORS)
    np.testing.assert_array_equal(floors.numpy(), descriptor_floors(1, is_volume=True))
    draws = np.random.default_rng(0)
    images = draws.normal(size=(2, 30, 20))
    scans = [np.tile(np.log([3.0, 0.5, side, 100.0]), (30, 1)) for side in (0.5, 0.51)]
    sites = {name: np.hstack([x, scan]) for name, x, scan in zip("ab", images, scans, strict=True)}
    solved = solve_lda(federated(sites), SHRINKAGE, floors)
    spacing_alone = (solved["weight"][0, 22] - solved["weight"][1, 22]).abs() * np.log(1.02)
    assert spacing_alone < 1  # of a logit
    unbounded = solve_lda(federated(sites), SHRINKAGE, torch.zeros(24))
    assert (unbounded["weight"][0, 22] - unbounded["weight"][1, 22]).abs() * np.log(1.02) > 1e6


def test_the_distance_by_hand() -> None:
    """Two sites of one feature, 0 and 2 at a, 10 and 12 at b: a scatter of 2 + 2 over 4 - 2 cases is a variance of 2.
    1 is a's mean; 5 is 4 away from it: 16 / 2 = 8; 31 is 20 from b's: 200."""
    sites = {"a": np.array([[0.0], [2.0]]), "b": np.array([[10.0], [12.0]])}
    solved = solve_lda(federated(sites), SHRINKAGE, torch.zeros(1))
    there = torch.tensor([[1.0], [5.0], [31.0]], dtype=torch.float64)
    assert squared_distance(solved, there).tolist() == pytest.approx([0, 8, 200])


def test_an_absent_site_and_a_constant_feature_have_no_distance() -> None:
    sites = {"a": np.array([[0.0, 3.0], [2.0, 3.0]]), "b": None, "c": np.array([[10.0, 3.0], [12.0, 3.0]])}
    moments = {name: None if x is None else moments_of(torch.from_numpy(x)) for name, x in sites.items()}
    solved = solve_lda(moments, SHRINKAGE, torch.zeros(2))
    assert squared_distance(solved, torch.tensor([[5.0, 3.01]], dtype=torch.float64)).tolist() == pytest.approx([8])


def test_an_image_far_from_all_sites_is_of_none() -> None:
    """Site c's images are 30 levels brighter than b's: without the limit it is as good as certain that they are b's."""
    plan, sites = small_plan(("a", "b")), small_sites()
    limited, unlimited = (LdaSelector(SHRINKAGE, 2, "descriptors", farthest) for farthest in (10.0, math.inf))
    first = run_round(limited, first_state(plan), sites, plan.sites, plan)
    state = run_round(limited, first, sites, plan.sites, plan)
    for index, site in enumerate(plan.sites):
        known = limited.probabilities(state.__getitem__, sites[site].test, plan)
        assert torch.equal(known, unlimited.probabilities(state.__getitem__, sites[site].test, plan))
        assert known[:, index].min() > 0.9
    sure = unlimited.probabilities(state.__getitem__, sites["c"].test, plan)
    equal = limited.probabilities(state.__getitem__, sites["c"].test, plan)
    assert sure.max(dim=1).values.min() > 0.99
    assert equal.max() < 0.53
    assert torch.equal(equal.argmax(dim=1), sure.argmax(dim=1))
    assert equal.sum(dim=1).tolist() == pytest.approx([1.0] * len(equal))
    # It is told as well, in times of the usual distance: above the root of 10, the limit of the squared distance.
    for site, far in (("a", False), ("b", False), ("c", True)):
        _, told = limited.probabilities_and_unlikeness(state.__getitem__, sites[site].test, plan)
        assert [(each is not None and each.of_no_site) for each in told] == [far] * len(sites[site].test)
        assert all(each is not None and (each.times_usual > math.sqrt(10)) == far for each in told)
    assert limited.probabilities_and_unlikeness(first.__getitem__, sites["c"].test, plan)[1] == [None] * len(
        sites["c"].test
    )
    # Before any held-out case was tried nobody knows what is far.
    assert limited.probabilities(first.__getitem__, sites["c"].test, plan).max() > 0.99


def test_a_run_of_before_distances_goes_on_and_knows_no_far_image() -> None:
    """Its classifier is weight, bias, temperature and quality alone."""
    plan, sites, selector = small_plan(("a", "b")), small_sites(), LdaSelector(SHRINKAGE, 2, "descriptors", 10.0)
    unlimited = replace(selector, farthest=math.inf)
    state = run_round(selector, first_state(plan), sites, plan.sites, plan)
    old = {key: state["selector"][key] for key in ("weight", "bias", "temperature", "held_out")}
    before = state | {"selector": old}
    images = sites["c"].test
    expected = unlimited.probabilities(state.__getitem__, images, plan)
    assert torch.equal(selector.probabilities(before.__getitem__, images, plan), expected)
    after = run_round(selector, before, sites, plan.sites, plan)
    assert torch.equal(selector.probabilities(after.__getitem__, images, plan).argmax(dim=1), expected.argmax(dim=1))
    assert selector.probabilities(after.__getitem__, images, plan).max() > 0.9


def test_a_site_with_too_few_cases_may_not_send_its_moments() -> None:
    site = replace(small_sites()["a"], train=small_sites()["a"].train[:3])
    with pytest.raises(ValueError, match=r"site a has 3 training cases, fewer than selector.minimum_cases 5"):
        LdaSelector(SHRINKAGE, 5, "descriptors", math.inf).site_update({}, (site,), "a", 1, small_plan(), nothing)


def test_moments_that_are_not_finite_are_refused() -> None:
    moments = moments_of(torch.full((3, 2), float("nan"), dtype=torch.float64))
    with pytest.raises(ValueError, match="site a: selector_moments/a tensor sum holds NaN"):
        LdaSelector(SHRINKAGE, 2, "descriptors", math.inf).check({}, "a", {"selector_moments/a": moments}, small_plan())


def test_moments_of_another_number_of_features_are_refused() -> None:
    moments = moments_of(torch.ones(3, 2, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"selector_moments/a tensor sum has shape \(2,\), expected \(33,\)"):
        LdaSelector(SHRINKAGE, 2, "descriptors", math.inf).check({}, "a", {"selector_moments/a": moments}, small_plan())


def test_an_encoder_described_by_nobody_is_asked_of_the_absent_site() -> None:
    """A site that has not described the encoder in use must, before its candidate's moments count."""
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, "encoder", math.inf), small_plan(), small_sites()
    state = run_round(selector, first_state(plan), sites, ("a", "b"), plan)
    parts = {name: state[name] for name in (GLOBAL, *selector.downloads("c")) if name in state}
    update = selector.site_update(parts, (sites["c"],), "c", 2, plan, nothing)
    del update["selector_moments/c"]
    with pytest.raises(ValueError, match="site c: selector_moments/c is missing"):
        selector.check(state, "c", update, plan)


def pooled_qda(sites: dict[str, np.ndarray], q: float, x: np.ndarray) -> np.ndarray:
    """The textbook's way, from all cases in one place: a covariance for each class, log densities up to a constant."""
    scatters = {site: (c := rows - rows.mean(0)).T @ c for site, rows in sites.items()}
    total = sum(scatters.values())
    freedom = sum(map(len, sites.values())) - len(sites)
    scale = np.sqrt(np.diag(total / freedom))
    logits = []
    for site, rows in sites.items():
        covariance = (q * scatters[site] + (1 - q) * total) / (q * (len(rows) - 1) + (1 - q) * freedom)
        shrunk = (1 - SHRINKAGE) * covariance / np.outer(scale, scale) + SHRINKAGE * np.eye(len(scale))
        inverse = np.linalg.inv(shrunk) / np.outer(scale, scale)
        difference = x - rows.mean(0)
        squared = np.einsum("nd,de,ne->n", difference, inverse, difference)
        logits.append(-0.5 * squared - 0.5 * np.linalg.slogdet(shrunk)[1])
    return np.stack(logits, axis=1)


@pytest.mark.parametrize("q", [0.3, 1.0])
def test_federated_quadratic_terms_are_the_pooled_ones(q: float) -> None:
    sites = random_sites((40, 25, 12))
    moments, floors = federated(sites), torch.zeros(5, dtype=torch.float64)
    selector = solve_lda(moments, SHRINKAGE, floors) | quadratic_terms(moments, q, SHRINKAGE, floors, MIN_DEVIATION)
    x = np.random.default_rng(5).normal(size=(20, 5))
    found = logits_of(selector, torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, pooled_qda(sites, q, x), rtol=1e-9, atol=1e-9)
    backwards = dict(reversed(moments.items()))
    again = solve_lda(backwards, SHRINKAGE, floors) | quadratic_terms(backwards, q, SHRINKAGE, floors, MIN_DEVIATION)
    np.testing.assert_allclose(logits_of(again, torch.from_numpy(x)).numpy()[:, ::-1], found, rtol=1e-9, atol=1e-9)


def test_with_one_covariance_for_all_the_quadratic_classifier_is_the_linear_one() -> None:
    """Up to what all sites' logits share, which softmax takes away."""
    moments, floors = federated(random_sites((40, 25, 12))), torch.zeros(5, dtype=torch.float64)
    selector = solve_lda(moments, SHRINKAGE, floors)
    x = torch.from_numpy(np.random.default_rng(5).normal(size=(20, 5)))
    quadratic = selector | quadratic_terms(moments, 1e-12, SHRINKAGE, floors, MIN_DEVIATION)
    found = torch.softmax(logits_of(quadratic, x), dim=1)
    np.testing.assert_allclose(found.numpy(), torch.softmax(logits_of(selector, x), dim=1).numpy(), atol=1e-8)


def test_sites_with_one_mean_are_told_apart_by_how_they_vary() -> None:
    """One feature around 0, of deviation 1 and 5: near 0 it is the first site's, far from it the second's."""
    draws = np.random.default_rng(3)
    sites = {"narrow": draws.normal(size=(400, 1)), "wide": 5 * draws.normal(size=(400, 1))}
    sites = {site: rows - rows.mean(0) for site, rows in sites.items()}
    moments, floors = federated(sites), torch.zeros(1, dtype=torch.float64)
    linear = solve_lda(moments, SHRINKAGE, floors)
    quadratic = linear | quadratic_terms(moments, 1.0, SHRINKAGE, floors, MIN_DEVIATION)
    x = torch.tensor([[0.0], [10.0]], dtype=torch.float64)
    assert torch.softmax(logits_of(linear, x), dim=1)[:, 0].tolist() == pytest.approx([0.5, 0.5])
    assert logits_of(quadratic, x).argmax(dim=1).tolist() == [0, 1]


def test_a_site_that_has_sent_nothing_is_never_named_by_the_quadratic_classifier_either() -> None:
    moments = {**federated(random_sites((40, 25))), "absent": None}
    floors = torch.zeros(5, dtype=torch.float64)
    selector = solve_lda(moments, SHRINKAGE, floors) | quadratic_terms(moments, 1.0, SHRINKAGE, floors, MIN_DEVIATION)
    rows = torch.softmax(logits_of(selector, torch.zeros(3, 5, dtype=torch.float64)), dim=1)
    assert rows[:, 2].tolist() == [0, 0, 0]
    to_bytes(selector)
