"""The trained selectors: the reference code's way, and pooled full-batch training without pooling."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tests.worker.engine.small_sites import small_plan, small_sites, small_volumes
from worker.engine.aggregation import weighted_average
from worker.engine.networks import SmallSelector, Vgg11
from worker.engine.selectors.pooled import expected_moments, feature_moments, set_head
from worker.engine.selectors.softmax import SoftmaxSelector, _split
from worker.engine.state import State, Tensors

REFERENCE = SoftmaxSelector("cnn", 1e-3, "reference")
POOLED = SoftmaxSelector("cnn", 1e-3, "pooled_gradient")


def nothing(_: float) -> None:
    pass


def network_of(selector: SoftmaxSelector, state: State) -> nn.Module:
    network = selector._build(small_plan())
    network.load_state_dict(_split(state["selector"])[0])
    return network


def run_round(selector: SoftmaxSelector, state: State, present: tuple[str, ...] = ("a", "b", "c")) -> State:
    plan, sites = small_plan(), small_sites()
    updates = {site: selector.site_update(state, (sites[site],), site, 1, plan, nothing) for site in present}
    for site, update in updates.items():
        selector.check(state, site, update, plan)
    return selector.aggregate(state, updates, {site: float(len(sites[site].train)) for site in present}, plan)


def test_one_epoch_is_one_adam_step_on_the_gradient_of_all_cases() -> None:
    """The first Adam step moves every weight by lr * g / (|g| + eps), at any size of g; exp_avg is 0.1 g."""
    plan, site = small_plan(), small_sites()["b"]
    start = REFERENCE.initial_parts(plan)
    update = REFERENCE.site_update(start, (site,), "b", 1, plan, nothing)["selector"]
    network = network_of(REFERENCE, start)
    logits = network(torch.stack([case.image for case in site.train]))
    torch.autograd.backward(cross_entropy(logits, torch.full((len(site.train),), 1)))
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(update[f"adam.exp_avg.{name}"], 0.1 * parameter.grad, rtol=1e-3, atol=1e-7)
        step = 1e-3 * parameter.grad / (parameter.grad.abs() + 1e-8)
        expected = start["selector"][f"weights.{name}"] - step
        large = parameter.grad.abs() > 1e-5  # below, rounding of the gradient decides the step
        torch.testing.assert_close(update[f"weights.{name}"][large], expected[large], rtol=0, atol=2e-5)


def test_the_server_averages_weights_and_both_moments() -> None:
    """Weights 1 and 3: every tensor is (1 a + 3 b) / 4; after one epoch the step count is 1 everywhere."""
    plan, sites = small_plan(), small_sites()
    start = REFERENCE.initial_parts(plan)
    a = REFERENCE.site_update(start, (sites["a"],), "a", 1, plan, nothing)
    b = REFERENCE.site_update(start, (sites["b"],), "b", 1, plan, nothing)
    merged = REFERENCE.aggregate(start, {"a": a, "b": b}, {"a": 1.0, "b": 3.0}, plan)["selector"]
    for key, tensor in merged.items():
        torch.testing.assert_close(tensor, (a["selector"][key] + 3 * b["selector"][key]) / 4)
    assert {float(merged[key]) for key in merged if key.startswith("adam.step.")} == {1.0}


def pooled_training(network: nn.Module, num_steps: int) -> None:
    """In one place: one Adam over all cases, the mean over sites of each site's mean cross-entropy."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    sites = small_sites()
    for _ in range(num_steps):
        optimizer.zero_grad()
        losses = [
            cross_entropy(network(torch.stack([case.image for case in site.train])), torch.full((len(site.train),), k))
            for k, site in enumerate(sites.values())
        ]
        torch.autograd.backward(torch.stack(losses).mean())
        optimizer.step()


def test_pooled_gradients_are_pooled_training() -> None:
    """After the last layer's round, five rounds are five full-batch Adam steps on the pooled cases."""
    state = run_round(POOLED, POOLED.initial_parts(small_plan()))
    expected = network_of(POOLED, state)
    pooled_training(expected, 5)
    for _ in range(5):
        state = run_round(POOLED, state)
    start = network_of(POOLED, POOLED.initial_parts(small_plan()))
    for (name, parameter), before in zip(expected.named_parameters(), start.parameters(), strict=True):
        torch.testing.assert_close(state["selector"][f"weights.{name}"], parameter.detach(), rtol=1e-4, atol=2e-5)
        assert not torch.equal(parameter, before)
    assert {float(state["selector"][key]) for key in state["selector"] if key.startswith("adam.step.")} == {5.0}


def test_pooled_gradients_are_a_third_of_what_the_reference_sends() -> None:
    """Gradients alone, where the reference sends weights and two moments (and Adam's counts)."""
    plan, site = small_plan(), small_sites()["a"]
    state = run_round(POOLED, POOLED.initial_parts(plan))
    sent = POOLED.site_update(state, (site,), "a", 2, plan, nothing)["selector"]
    num_parameters = sum(p.numel() for p in network_of(POOLED, state).parameters())
    assert sum(t.numel() for t in sent.values()) == num_parameters
    reference = REFERENCE.site_update(REFERENCE.initial_parts(plan), (site,), "a", 1, plan, nothing)["selector"]
    assert sum(t.numel() for t in reference.values()) == 3 * num_parameters + len(sent)


def test_the_first_pooled_round_leaves_chance() -> None:
    """Chance is 1/3; the sites differ in brightness and noise, which random convolutions pass on."""
    plan, sites = small_plan(), small_sites()
    state = run_round(POOLED, POOLED.initial_parts(plan))
    right = [
        int(row.argmax()) == index
        for index, site in enumerate(sites.values())
        for row in POOLED.probabilities(state.__getitem__, site.train + site.test, plan)
    ]
    assert sum(right) / len(right) > 0.8


def moments(*values: float) -> Tensors:
    column = torch.tensor(values, dtype=torch.float64)
    return {
        "count": torch.tensor([float(len(values))], dtype=torch.float64),
        "sum": column.sum().reshape(1),
        "sum_of_squares": (column**2).sum().reshape(1),
    }


class OneFeature(SmallSelector):
    """Its last layer has one input, so that the discriminant can be worked by hand."""

    def __init__(self, num_sites: int) -> None:
        super().__init__(3, num_sites)
        self.head = nn.Linear(1, num_sites)


def test_the_last_layer_by_hand() -> None:
    """Means 1 and 5, middle 3, scatter 2 + 2 over 4 - 2: variance 2 (more than 5 % of 2 + 4). z = -2, 2.

    weights z / v = -1, 1; biases -w * 3 - z^2 / (2 v) = 3 - 1 = 2 and -3 - 1 = -4. At x = 3: logits -1, -1: a draw.
    """
    network = OneFeature(2)
    set_head(network, {"a": moments(0, 2), "b": moments(4, 6)})
    assert network.head.weight.flatten().tolist() == pytest.approx([-1, 1], rel=1e-5)
    assert network.head.bias.tolist() == pytest.approx([2, -4], rel=1e-5)


def test_an_absent_sites_row_is_neutral() -> None:
    """Zero weights, and the lowest of the others' logits in the middle: -1, as by hand above."""
    network = OneFeature(3)
    set_head(network, {"a": moments(0, 2), "b": None, "c": moments(4, 6)})
    assert network.head.weight.flatten().tolist() == pytest.approx([-1, 0, 1], rel=1e-5)
    assert network.head.bias.tolist() == pytest.approx([2, -1, -4], rel=1e-5)


def test_activations_that_never_vary_leave_finite_weights() -> None:
    network = OneFeature(2)
    set_head(network, {"a": moments(0, 0), "b": moments(0, 0)})
    assert network.head.weight.flatten().tolist() == [0, 0]
    assert torch.isfinite(network.head.bias).all()


def test_an_absent_site_is_left_out_of_the_mean_gradient() -> None:
    """Of two present sites: exp_avg after the step is 0.1 times the mean of their two gradients."""
    plan, sites = small_plan(), small_sites()
    state = run_round(POOLED, POOLED.initial_parts(plan))
    sent = [POOLED.site_update(state, (sites[s],), s, 2, plan, nothing)["selector"] for s in ("a", "c")]
    after = run_round(POOLED, state, ("a", "c"))["selector"]
    mean = weighted_average(sent, [1, 1])
    for name in ("head.weight", "head.bias"):
        torch.testing.assert_close(after[f"adam.exp_avg.{name}"], 0.1 * mean[f"gradient.{name}"])


@pytest.mark.parametrize("selector", [REFERENCE, POOLED], ids=["reference", "pooled"])
def test_probabilities_are_a_distribution_over_sites(selector: SoftmaxSelector) -> None:
    plan, cases = small_plan(), small_sites()["a"].train
    rows = selector.probabilities(selector.initial_parts(plan).__getitem__, cases, plan)
    assert rows.shape == (len(cases), 3)
    assert rows.sum(dim=1).tolist() == pytest.approx([1.0] * len(cases))


def test_a_volume_has_the_mean_of_its_slices_log_probabilities() -> None:
    plan, volumes = small_plan(("a", "b"), num_channels=1), small_volumes(dims=2)
    start = REFERENCE.initial_parts(plan)
    cases = volumes["a"].train[:2]
    network = REFERENCE._build(plan)
    network.load_state_dict(_split(start["selector"])[0])
    rows = REFERENCE.probabilities(start.__getitem__, cases, plan)
    for case, row in zip(cases, rows, strict=True):
        mean = torch.log_softmax(network(case.image.transpose(0, 1)).detach().double(), dim=1).mean(dim=0)
        torch.testing.assert_close(row, torch.softmax(mean, dim=0), rtol=1e-6, atol=1e-6)


def test_a_volumes_gradient_is_the_mean_over_its_slices() -> None:
    plan, volumes = small_plan(("a", "b"), num_channels=1), small_volumes(dims=2)
    states = {}
    for site in ("a", "b"):
        start = POOLED.initial_parts(plan)
        states[site] = POOLED.site_update(start, (volumes[site],), site, 1, plan, nothing)
    state = POOLED.aggregate(POOLED.initial_parts(plan), states, {"a": 1.0, "b": 1.0}, plan)
    sent = POOLED.site_update(state, (volumes["b"],), "b", 2, plan, nothing)["selector"]
    network = POOLED._build(plan)
    network.load_state_dict(_split(state["selector"])[0])
    slices = torch.cat([case.image.transpose(0, 1) for case in volumes["b"].train])  # volumes of equally many slices
    torch.autograd.backward(cross_entropy(network(slices), torch.ones(len(slices), dtype=torch.long)))
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(sent[f"gradient.{name}"], parameter.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.usefixtures("narrow_vgg")
@pytest.mark.parametrize("kind", [SmallSelector, Vgg11])
def test_what_the_last_layer_sees_is_what_the_moments_are_of(kind: type[SmallSelector | Vgg11]) -> None:
    """The last layer of features by hand is the network's own output."""
    network = kind(3, 4)
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    sent = feature_moments(network, [images[:1], images[1:]])
    assert {key: tensor.shape for key, tensor in sent.items()} == {
        key: tensor.shape for key, tensor in expected_moments(network).items()
    }
    head = network.head if isinstance(network, SmallSelector) else network.get_submodule("head.4")
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        mean_logits = head((sent["sum"] / 2).float())
        torch.testing.assert_close(mean_logits, network.eval()(images).mean(dim=0), rtol=1e-4, atol=1e-5)


def test_a_gradient_of_another_shape_is_refused() -> None:
    plan, site = small_plan(), small_sites()["a"]
    state = run_round(POOLED, POOLED.initial_parts(plan))
    update = POOLED.site_update(state, (site,), "a", 2, plan, nothing)
    update["selector"]["gradient.head.bias"] = torch.zeros(4)
    with pytest.raises(
        ValueError, match=r"site a: selector tensor gradient.head.bias has shape \(4,\), expected \(3,\)"
    ):
        POOLED.check(state, "a", update, plan)


def test_vgg_11_has_the_reference_codes_size() -> None:
    """Configuration A with K = 4 outputs: convolutions 9,220,480; 25088 * 4096 + 4096; 4096 * 4096 + 4096; 4 * 4097."""
    with torch.device("meta"):
        network = Vgg11(num_channels=3, num_sites=4)
    num_parameters = sum(parameter.numel() for parameter in network.parameters())
    assert num_parameters == 9_220_480 + 102_764_544 + 16_781_312 + 16_388 == 128_782_724


@pytest.mark.usefixtures("narrow_vgg")
@pytest.mark.parametrize("training", ["reference", "pooled_gradient"])
def test_vgg_11_trains_one_round_and_routes(training: str) -> None:
    selector = SoftmaxSelector("vgg11", 1e-5, training)  # type: ignore[arg-type]  # a parameter of the test
    plan, sites = small_plan(("a", "b")), small_sites(("a", "b"), 1)
    start = selector.initial_parts(plan)
    updates = {site: selector.site_update(start, (sites[site],), site, 1, plan, nothing) for site in ("a", "b")}
    for site, update in updates.items():
        selector.check(start, site, update, plan)
    merged = selector.aggregate(start, updates, {"a": 1.0, "b": 1.0}, plan)
    assert selector.probabilities(merged.__getitem__, sites["a"].test, plan).shape == (2, 2)
    if training == "reference":
        # Two sites' first steps on the bias are opposite and cancel in the mean: look at the sites.
        bias = "weights.head.4.bias"
        steps = [(updates[site]["selector"][bias] - start["selector"][bias]).sign().tolist() for site in ("a", "b")]
        assert steps == [[1, -1], [-1, 1]]
