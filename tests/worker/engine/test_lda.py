"""The closed-form selector: exact as if pooled, calibrated, careful with small sites."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.data import SiteData
from worker.engine.plan import State, Tensors
from worker.engine.selectors.lda import (
    TEMPERATURES,
    LdaSelector,
    held_out_losses,
    moments_of,
    solve_lda,
)

SHRINKAGE = 0.1


def nothing(_: float) -> None:
    pass


def random_sites(num_cases: tuple[int, ...]) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(0)
    mixing = draws.normal(size=(5, 5))
    return {f"site-{k}": draws.normal(size=(n, 5)) @ mixing + draws.normal(size=5) * 2 for k, n in enumerate(num_cases)}


def pooled_lda(sites: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The textbook's way, from all cases in one place: center each class, one covariance, solve."""
    centered = np.concatenate([x - x.mean(0) for x in sites.values()])
    within = centered.T @ centered / (len(centered) - len(sites))
    scale = np.diag(1 / np.sqrt(np.diag(within)))
    shrunk = (1 - SHRINKAGE) * scale @ within @ scale + SHRINKAGE * np.eye(len(scale))
    inverse = scale @ np.linalg.inv(shrunk) @ scale
    means = np.stack([x.mean(0) for x in sites.values()])
    return means @ inverse, -0.5 * np.einsum("kd,de,ke->k", means, inverse, means)


def federated(sites: dict[str, np.ndarray]) -> dict[str, Tensors]:
    return {site: moments_of(torch.from_numpy(x)) for site, x in sites.items()}


def test_federated_lda_is_pooled_lda() -> None:
    sites = random_sites((40, 25, 12))
    weight, bias = pooled_lda(sites)
    solved = solve_lda(federated(sites), SHRINKAGE)
    np.testing.assert_allclose(solved["weight"].numpy(), weight, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(solved["bias"].numpy(), bias, rtol=1e-9, atol=1e-9)


def test_the_order_of_sites_changes_nothing_but_the_order() -> None:
    moments = federated(random_sites((20, 30, 10)))
    forward = solve_lda(moments, SHRINKAGE)
    backward = solve_lda(dict(reversed(moments.items())), SHRINKAGE)
    np.testing.assert_allclose(backward["weight"].flip(0).numpy(), forward["weight"].numpy(), rtol=1e-9, atol=1e-12)


def test_moments_by_hand() -> None:
    """Cases (1, 2) and (3, 4): count 2, sum (4, 6), second moment ((1 + 9, 2 + 12), (2 + 12, 4 + 16))."""
    moments = moments_of(torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64))
    assert moments["count"].tolist() == [2]
    assert moments["sum"].tolist() == [4, 6]
    assert moments["second_moment"].tolist() == [[10, 14], [14, 20]]


def run_round(selector: LdaSelector, state: State, sites: dict[str, SiteData], present: tuple[str, ...]) -> State:
    plan = small_plan()
    updates = {}
    for site in present:
        parts = {name: state[name] for name in selector.downloads(site) if name in state}
        updates[site] = selector.site_update(parts, (sites[site],), site, 1, plan, nothing)
        selector.check(state, site, updates[site], plan)
    return selector.aggregate(state, updates, dict.fromkeys(present, 1.0), plan)


def test_a_site_sends_its_moments_once_and_a_late_site_joins() -> None:
    selector, sites = LdaSelector(SHRINKAGE, minimum_cases=2), small_sites()
    state = run_round(selector, {}, sites, ("a", "b"))
    absent = selector.probabilities(state["selector"], sites["c"].test, small_plan())
    assert absent[:, 2].max() == 0
    state = run_round(selector, state, sites, ("b", "c"))
    assert set(state) == {"selector", "selector_moments/a", "selector_moments/b", "selector_moments/c"}
    together = run_round(selector, {}, sites, ("a", "b", "c"))
    assert torch.equal(state["selector"]["weight"], together["selector"]["weight"])
    for index, site in enumerate(("a", "b", "c")):
        probabilities = selector.probabilities(state["selector"], sites[site].test, small_plan())
        assert probabilities.sum(dim=1).tolist() == pytest.approx([1.0] * len(sites[site].test))
        assert probabilities.argmax(dim=1).tolist() == [index] * len(sites[site].test)


def test_the_temperature_is_the_one_with_the_least_held_out_loss_of_all_sites() -> None:
    selector, sites = LdaSelector(SHRINKAGE, minimum_cases=2), small_sites()
    first = run_round(selector, {}, sites, ("a", "b", "c"))
    second = run_round(selector, first, sites, ("a", "b", "c"))
    losses = sum(held_out_losses(first["selector"], sites[s].val, i) for i, s in enumerate(("a", "b", "c")))
    assert isinstance(losses, torch.Tensor)
    assert second["selector"]["temperature"].item() == TEMPERATURES[losses.argmin()].item()
    assert torch.equal(second["selector"]["weight"], first["selector"]["weight"])


def test_a_site_with_too_few_cases_may_not_send_its_moments() -> None:
    site = replace(small_sites()["a"], train=small_sites()["a"].train[:3])
    with pytest.raises(ValueError, match=r"site a has 3 training cases, fewer than selector.minimum_cases 5"):
        LdaSelector(SHRINKAGE, minimum_cases=5).site_update({}, (site,), "a", 1, small_plan(), nothing)


def test_moments_that_are_not_finite_are_refused() -> None:
    moments = moments_of(torch.full((3, 2), float("nan"), dtype=torch.float64))
    with pytest.raises(ValueError, match="site a: selector_moments/a tensor sum holds NaN"):
        LdaSelector(SHRINKAGE, 2).check({}, "a", {"selector_moments/a": moments}, small_plan())
