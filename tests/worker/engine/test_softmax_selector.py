"""The trained selectors: full batch, one Adam step an epoch, weights and both moments averaged."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.networks import Vgg11
from worker.engine.selectors.softmax import SoftmaxSelector, _split


def nothing(_: float) -> None:
    pass


def test_one_epoch_is_one_adam_step_on_the_gradient_of_all_cases() -> None:
    """The first Adam step moves every weight by lr * g / (|g| + eps), at any size of g; exp_avg is 0.1 g."""
    selector, plan, site = SoftmaxSelector("cnn", 1e-3), small_plan(), small_sites()["b"]
    start = selector.initial_parts(plan)
    update = selector.site_update(start, (site,), "b", 1, plan, nothing)["selector"]
    network = selector._build(plan)
    network.load_state_dict(_split(start["selector"])[0])
    logits = network(torch.stack([case.image for case in site.train]))
    cross_entropy(logits, torch.full((len(site.train),), 1)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(update[f"adam.exp_avg.{name}"], 0.1 * parameter.grad, rtol=1e-3, atol=1e-7)
        step = 1e-3 * parameter.grad / (parameter.grad.abs() + 1e-8)
        expected = start["selector"][f"weights.{name}"] - step
        large = parameter.grad.abs() > 1e-5  # below, rounding of the gradient decides the step
        torch.testing.assert_close(update[f"weights.{name}"][large], expected[large], rtol=0, atol=2e-5)


def test_the_server_averages_weights_and_both_moments() -> None:
    """Weights 1 and 3: every tensor is (1 a + 3 b) / 4; after one epoch the step count is 1 everywhere."""
    selector, plan, sites = SoftmaxSelector("cnn", 1e-3), small_plan(), small_sites()
    start = selector.initial_parts(plan)
    a = selector.site_update(start, (sites["a"],), "a", 1, plan, nothing)
    b = selector.site_update(start, (sites["b"],), "b", 1, plan, nothing)
    merged = selector.aggregate(start, {"a": a, "b": b}, {"a": 1.0, "b": 3.0}, plan)["selector"]
    for key, tensor in merged.items():
        torch.testing.assert_close(tensor, (a["selector"][key] + 3 * b["selector"][key]) / 4)
    assert {float(merged[key]) for key in merged if key.startswith("adam.step.")} == {1.0}


def test_probabilities_are_a_distribution_over_sites() -> None:
    selector, plan = SoftmaxSelector("cnn", 1e-3), small_plan()
    cases = small_sites()["a"].train
    rows = selector.probabilities(selector.initial_parts(plan)["selector"], cases, plan)
    assert rows.shape == (len(cases), 3)
    assert rows.sum(dim=1).tolist() == pytest.approx([1.0] * len(cases))


def test_vgg_11_has_the_reference_codes_size() -> None:
    """Configuration A with K = 4 outputs: convolutions 9,220,480; 25088 * 4096 + 4096; 4096 * 4096 + 4096; 4 * 4097."""
    with torch.device("meta"):
        network = Vgg11(num_channels=3, num_sites=4)
    num_parameters = sum(parameter.numel() for parameter in network.parameters())
    assert num_parameters == 9_220_480 + 102_764_544 + 16_781_312 + 16_388 == 128_782_724


@pytest.mark.slow
def test_vgg_11_trains_one_round_and_routes() -> None:
    selector, plan, sites = SoftmaxSelector("vgg11", 1e-5), small_plan(("a", "b")), small_sites(("a", "b"), 1)
    start = selector.initial_parts(plan)
    updates = {site: selector.site_update(start, (sites[site],), site, 1, plan, nothing) for site in ("a", "b")}
    merged = selector.aggregate(start, updates, {"a": 1.0, "b": 1.0}, plan)
    selector.check(start, "a", updates["a"], plan)
    assert selector.probabilities(merged["selector"], sites["a"].test, plan).shape == (2, 2)
    # Two sites' first steps on the bias are opposite and cancel in the mean: look at the sites.
    bias = "weights.head.4.bias"
    steps = [(updates[site]["selector"][bias] - start["selector"][bias]).sign().tolist() for site in ("a", "b")]
    assert steps == [[1, -1], [-1, 1]]
