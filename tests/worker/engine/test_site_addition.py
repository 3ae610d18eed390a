"""A site added to a finished selector: as if all sites' images lay in one place, and nothing else moves."""

import math
from dataclasses import replace

import pytest
import torch

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.beyond_paper import PAPER
from worker.engine.checkpoint import to_bytes
from worker.engine.data import SiteData
from worker.engine.plan import Plan
from worker.engine.selectors.base import SELECTOR
from worker.engine.selectors.calibration import held_out_quality
from worker.engine.selectors.features import FeatureSet, feature_floors, features_of
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import SiteContext, SiteUpdate, initial_weights
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.site_addition import SiteAddition

NEW = "new"


def nothing(_: float) -> None:
    pass


def finished(selector: LdaSelector, sites: dict[str, SiteData], plan: Plan, rounds: int = 2) -> State:
    """The state of a run of these sites; from two rounds on it is calibrated."""
    weights = initial_weights(plan)
    state: State = {GLOBAL: weights} | {personalized(site): weights for site in sites}
    for _ in range(rounds):
        updates = {}
        for name, site in sites.items():
            parts = {part: state[part] for part in (GLOBAL, *selector.downloads(name)) if part in state}
            updates[name] = selector.site_update(parts, (site,), name, 1, plan, nothing)
        state = state | selector.aggregate(state, updates, dict.fromkeys(sites, 1.0), plan)
    return state


def added(selector: LdaSelector, state: State, new: SiteData, plan: Plan) -> tuple[State, SiteUpdate]:
    """The state after the addition's only round, and what the site sent."""
    strategy = SiteAddition(FedSM(0.7, 0.9, selector, 0.0, "hard", None, PAPER), selector, NEW)
    state = state | {personalized(NEW): state[GLOBAL]}
    assert strategy.round_participants(plan, 1) == (NEW,)
    received = {name: state[name] for name in strategy.downloads(state.keys(), NEW)}
    update = strategy.train_site(received, (new,), SiteContext(plan, NEW, 1, None, nothing))
    strategy.check_update(state, NEW, update, plan)
    return strategy.aggregate(state, {NEW: update}, plan, 1), update


@pytest.mark.parametrize("quadratic", [0.0, 0.5])
@pytest.mark.parametrize("features", ["descriptors", "both"])
def test_the_selector_is_the_one_of_all_sites_together_in_any_order(features: FeatureSet, quadratic: float) -> None:
    """To 1e-9 it is what one round of all sites gives, whichever site came last; nothing but the selector moves."""
    everyone = small_sites(("a", "b", "c", NEW))
    selector = LdaSelector(0.1, 2, features, math.inf, quadratic)
    together = finished(selector, everyone, small_plan(tuple(everyone)), rounds=1)[SELECTOR]
    for order in (("a", "b", "c"), ("c", "a", "b")):
        before = finished(selector, {name: everyone[name] for name in order}, small_plan(order))
        after, _ = added(selector, before, everyone[NEW], small_plan((*order, NEW)))
        rows = [(*order, NEW).index(name) for name in everyone]
        for key in ("weight", "bias", "means", *(("site_precisions",) if quadratic else ())):
            expected = together[key]
            torch.testing.assert_close(
                after[SELECTOR][key][rows], expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max())
            )
        moved = {name for name in before if to_bytes(after[name]) != to_bytes(before[name])}
        assert moved == {SELECTOR}
        assert after.keys() - before.keys() == {personalized(NEW), f"selector_moments/{NEW}"}


def test_it_is_the_textbooks_from_the_images_themselves() -> None:
    """Each site's features centered in one place, one covariance, solved; to 1e-6, as sums of squares round."""
    everyone = small_sites(("a", "b", NEW), num_train=20)
    plan, selector = small_plan(tuple(everyone)), LdaSelector(0.1, 2, "descriptors", math.inf)
    before = finished(selector, {name: everyone[name] for name in ("a", "b")}, small_plan(("a", "b")))
    found = added(selector, before, everyone[NEW], plan)[0][SELECTOR]
    described = [features_of("descriptors", site.train, plan, None) for site in everyone.values()]
    pooled = torch.cat([x - x.mean(0) for x in described])
    floors = feature_floors("descriptors", plan, is_volume=False)
    within = pooled.T @ pooled / (len(pooled) - len(described)) + torch.diag(floors**2)
    scale = torch.diag(1 / within.diagonal().sqrt())
    shrunk = 0.9 * scale @ within @ scale + 0.1 * torch.eye(len(scale), dtype=torch.float64)
    means = torch.stack([x.mean(0) for x in described])
    weight = means @ scale @ torch.linalg.inv(shrunk) @ scale
    torch.testing.assert_close(found["weight"], weight, rtol=1e-6, atol=1e-6 * float(weight.abs().max()))


def test_what_was_chosen_on_validation_images_stays_and_bytes_are_those_of_the_sums() -> None:
    everyone = small_sites(("a", "b", NEW))
    selector = LdaSelector(0.1, 2, "descriptors", 10.0)
    before = finished(selector, {name: everyone[name] for name in ("a", "b")}, small_plan(("a", "b")))
    after, update = added(selector, before, everyone[NEW], small_plan(tuple(everyone)))
    for key in ("temperature", "usual_distance"):
        assert torch.equal(after[SELECTOR][key], before[SELECTOR][key])
    assert before[SELECTOR]["usual_distance"] > 0
    assert held_out_quality(before[SELECTOR]) is not None
    assert held_out_quality(after[SELECTOR]) is None, "nobody has tried the new selector"
    assert (update.num_steps, update.num_cases) == (0, len(everyone[NEW].train))
    (sums,) = update.parts.values()
    numbers = 1 + 33 + 33 * 33  # count, sum, second moment of the 33 descriptors of RGB, each of 8 bytes
    assert sum(tensor.numel() * tensor.element_size() for tensor in sums.values()) == 8 * numbers


def test_what_cannot_be_added_is_refused() -> None:
    everyone = small_sites(("a", NEW))
    selector = LdaSelector(0.1, 2, "descriptors", math.inf)
    before = finished(selector, {"a": everyone["a"]}, small_plan(("a",)))
    plan = small_plan(("a", NEW))
    few = LdaSelector(0.1, 9, "descriptors", math.inf)
    with pytest.raises(ValueError, match=r"site new has 6 training cases, fewer than selector\.minimum_cases 9"):
        added(few, before, replace(everyone[NEW], train=everyone[NEW].train[:6]), plan)
    strategy = SiteAddition(FedSM(0.7, 0.9, selector, 0.0, "hard", None, PAPER), selector, NEW)
    others = SiteUpdate({"selector_moments/a": before["selector_moments/a"]}, 6, 0, {}, ())
    with pytest.raises(ValueError, match="expected selector_moments/new alone"):
        strategy.check_update(before, NEW, others, plan)
