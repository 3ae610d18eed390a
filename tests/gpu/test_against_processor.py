"""What a GPU computes against what the processor computes, within tolerances that are stated here.

Initial weights, batches and the arithmetic of the server are the same bits. Networks are not: a GPU sums in another
order, and by default rounds the factors of convolutions to TF32.
"""

from dataclasses import replace

import pytest
import torch

from tests.worker.engine.all_methods import ALL
from tests.worker.engine.method_runs import DATA, SITES, batches_of, hashes, sgd_plan, train
from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.inference import predict_probabilities
from worker.engine.networks import PRESETS, make_network, preset
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.robust_aggregation import Mean
from worker.engine.server_step import aggregate_round
from worker.engine.state import GLOBAL
from worker.engine.strategies.base import SiteContext, SiteUpdate, Strategy
from worker.engine.strategies.centralized import Centralized
from worker.engine.strategies.fedavg import FedAvg

pytestmark = pytest.mark.gpu

#: Of logits with full float32: sums of another order, through at most 40 layers.
LOGIT_TOLERANCE = 1e-3
#: Of weights after two steps of plain SGD with full float32.
WEIGHT_TOLERANCE = 1e-4
#: Of a round's mean loss, relative, with full float32.
LOSS_TOLERANCE = 1e-3
#: Of probabilities with the default settings, in which convolutions round to TF32.
PROBABILITY_TOLERANCE = 0.02


def on_gpu(plan: Plan) -> Plan:
    return replace(plan, device=torch.device("cuda"))


def update_of_first_site(strategy: Strategy, plan: Plan) -> SiteUpdate:
    state = strategy.initial_state(plan)
    if not isinstance(strategy, Centralized):
        return train(strategy, state, SITES[0], plan)
    (pooled,) = strategy.participants(plan.sites)
    return strategy.train_site(state, tuple(DATA.values()), SiteContext(plan, pooled, 1, None, lambda _: None))


def test_initial_weights_and_batches_are_the_same_bits() -> None:
    plan = small_plan()
    strategy = FedAvg(Mean())
    assert hashes(strategy.initial_state(on_gpu(plan))) == hashes(strategy.initial_state(plan))
    for ours, theirs in zip(batches_of("a", on_gpu(plan), "global"), batches_of("a", plan, "global"), strict=True):
        for on_device, on_processor in zip(ours, theirs, strict=True):
            assert on_device.device.type == "cuda"
            assert torch.equal(on_device.cpu(), on_processor)


@pytest.mark.usefixtures("full_float32")
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("name", PRESETS)
def test_every_networks_logits_agree(name: str, dims: int) -> None:
    torch.manual_seed(0)
    network = make_network(preset(name, "small", dims), dims, 1, 2).eval()  # type: ignore[arg-type]
    images = torch.rand((1, 1, *(64,) * dims))
    with torch.inference_mode():
        expected = network(images)
        logits = network.cuda()(images.cuda())
    assert logits.device.type == "cuda"
    torch.testing.assert_close(logits.cpu(), expected, atol=LOGIT_TOLERANCE, rtol=LOGIT_TOLERANCE)


@pytest.mark.usefixtures("full_float32")
def test_a_sites_weights_after_a_round_agree() -> None:
    strategy, plan = FedAvg(Mean()), sgd_plan()
    expected = update_of_first_site(strategy, plan).parts[GLOBAL]
    weights = update_of_first_site(strategy, on_gpu(plan)).parts[GLOBAL]
    for key, tensor in expected.items():
        torch.testing.assert_close(weights[key], tensor, atol=WEIGHT_TOLERANCE, rtol=WEIGHT_TOLERANCE)


@pytest.mark.usefixtures("full_float32")
@pytest.mark.parametrize("name", ALL)
def test_every_methods_round_agrees_and_what_is_sent_is_on_the_processor(name: str) -> None:
    """Losses agree; what is sent and kept is on the processor; and the server takes what the GPU made."""
    strategy, plan = ALL[name]
    expected, update = (update_of_first_site(strategy, each) for each in (plan, on_gpu(plan)))
    assert (update.num_cases, update.num_steps) == (expected.num_cases, expected.num_steps)
    for ours, theirs in zip(update.metrics, expected.metrics, strict=True):
        assert ours.value == pytest.approx(theirs.value, rel=LOSS_TOLERANCE)
    for sent, reference in ((update.parts, expected.parts), (update.local_state, expected.local_state)):
        assert sent.keys() == reference.keys()
        for part, tensors in sent.items():
            assert {key: (x.device.type, x.shape, x.dtype) for key, x in tensors.items()} == {
                key: ("cpu", x.shape, x.dtype) for key, x in reference[part].items()
            }
    (participant,) = strategy.participants(plan.sites)[:1]
    strategy.check_update(strategy.initial_state(on_gpu(plan)), participant, update, on_gpu(plan))


@pytest.mark.parametrize("name", ALL)
def test_every_methods_second_round_runs(name: str) -> None:
    """With what was kept: Adam's moments go back to the GPU. Validation, routes and evaluation run there too."""
    strategy, plan = ALL[name][0], on_gpu(ALL[name][1])
    state, kept = strategy.initial_state(plan), {}
    for round_ in (1, 2):
        updates = {}
        for participant in strategy.round_participants(plan, round_):
            data = tuple(DATA.values()) if participant not in DATA else (DATA[participant],)
            context = SiteContext(plan, participant, round_, kept.get(participant), lambda _: None)
            parts = {part: state[part] for part in strategy.downloads(state.keys(), participant)}
            updates[participant] = strategy.train_site(parts, data, context)
            kept[participant] = updates[participant].local_state
        state, refused = aggregate_round(strategy, state, updates, plan, round_)
        assert not refused
    assert {x.device.type for part in state.values() for x in part.values()} == {"cpu"}
    first = next(iter(updates))
    data = tuple(DATA.values()) if first not in DATA else (DATA[first],)
    metrics = strategy.validate(state.__getitem__, data, SiteContext(plan, first, 2, None, lambda _: None))
    assert {metric.name for metric in metrics} >= {"dice"}


def test_probabilities_agree_with_the_default_settings() -> None:
    plan = sgd_plan()
    weights = update_of_first_site(FedAvg(Mean()), plan).parts[GLOBAL]
    cases = small_sites(SITES)["a"].test
    on_processor, on_device = (
        torch.stack([p.cpu() for p in predict_probabilities(load_network(each, weights), cases, each)])
        for each in (plan, on_gpu(plan))
    )
    assert float((on_device - on_processor).abs().max()) <= PROBABILITY_TOLERANCE
