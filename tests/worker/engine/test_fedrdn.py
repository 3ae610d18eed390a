"""FedRDN: statistics, random normalization, and models that carry their numbers."""

import numpy as np
import pytest
import torch
from torch import nn

from backend.contracts.experiment_config import ExperimentConfig
from tests.worker.engine.method_runs import DATA, SITES, adam_plan, assert_close, hashes, states_of, train, update_of
from worker.engine.evaluation import evaluate
from worker.engine.federation import data_of
from worker.engine.inference import predict_masks
from worker.engine.input_normalization import (
    INPUT_KEYS,
    MEAN,
    STD,
    input_statistics,
    normalize_input,
    normalized,
    with_numbers,
    without_numbers,
)
from worker.engine.plan_network import blank_network, load_network, load_weights
from worker.engine.robust_aggregation import Mean
from worker.engine.server_step import aggregate_round
from worker.engine.start import started_state
from worker.engine.state import GLOBAL, Tensors, personalized
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedrdn import KNOWN, STATISTICS, FedRDN, RandomNormalization

STRATEGY = FedRDN()


def numbers_of(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def statistics(mean: float, std: float) -> Tensors:
    return {MEAN: numbers_of(mean, mean, mean), STD: numbers_of(std, std, std)}


def test_normalization_by_hand() -> None:
    """(3 - 1) / 2 = 1 and (5 - 1) / 2 = 2; with the second image's own numbers (3 - 5) / 4 = -0.5, 0."""
    images = torch.tensor([3.0, 5.0]).reshape(1, 1, 1, 2).repeat(2, 1, 1, 1)
    assert normalized(images, numbers_of(1), numbers_of(2)).flatten().tolist() == [1, 2, 1, 2]
    each = normalized(images, numbers_of(1, 5).reshape(2, 1), numbers_of(2, 4).reshape(2, 1))
    assert each.flatten().tolist() == [1, 2, -0.5, 0]


def test_a_sites_numbers_are_means_over_its_images() -> None:
    cases = DATA["b"].train
    mean, std = input_statistics(cases)
    for channel in range(3):
        planes = [case.image[channel].double().numpy() for case in cases]
        assert float(mean[channel]) == pytest.approx(np.mean([plane.mean() for plane in planes]))
        assert float(std[channel]) == pytest.approx(np.mean([plane.std(ddof=1) for plane in planes]))


def test_each_image_is_normalized_by_a_drawn_site() -> None:
    """Of two sites with means 0 and 10, and deviation 1: what comes in as 10 goes on as 10 or 0, and both happen."""
    means, stds = numbers_of(0, 10).reshape(2, 1), numbers_of(1, 1).reshape(2, 1)
    seen: list[torch.Tensor] = []
    network = nn.Identity()
    RandomNormalization(means, stds, torch.Generator().manual_seed(0)).attach(network)
    network.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    network(torch.full((40, 1, 2, 2), 10.0))
    per_image = seen[0].flatten(1)
    assert bool((per_image == per_image[:, :1]).all())
    assert set(per_image[:, 0].tolist()) == {0.0, 10.0}


def test_a_model_carries_its_numbers_and_one_without_is_untouched() -> None:
    plan = adam_plan()
    weights = without_numbers(STRATEGY.initial_state(plan)[GLOBAL])
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    plain = load_network(plan, weights).eval()
    network = load_network(plan, with_numbers(weights, numbers_of(0.1, 0.2, 0.3), numbers_of(2, 4, 5))).eval()
    by_hand = (images - torch.tensor([0.1, 0.2, 0.3]).reshape(3, 1, 1)) / torch.tensor([2.0, 4, 5]).reshape(3, 1, 1)
    with torch.no_grad():
        assert torch.equal(network(images), plain(by_hand))
        # The next part that the same network is given has none.
        assert torch.equal(load_weights(network, weights)(images), plain(images))
        normalize_input(network, numbers_of(0, 0, 0), numbers_of(1, 1, 1))
        assert torch.equal(network(images), plain(images))


def test_round_1_teaches_the_server_all_numbers_and_later_rounds_send_none() -> None:
    plan = adam_plan(rounds=2)
    first, second = states_of(STRATEGY, plan)[1:]
    for index, site in enumerate(SITES):
        mean, std = input_statistics(DATA[site].train)
        assert torch.equal(first[STATISTICS][MEAN][index], mean)
        assert_close(first[personalized(site)], {MEAN: mean.float(), STD: std.float()})
    assert first[STATISTICS][KNOWN].tolist() == [1, 1, 1]
    assert_close(first[GLOBAL], {MEAN: first[STATISTICS][MEAN].mean(0).float()})
    assert hashes(first)[STATISTICS] == hashes(second)[STATISTICS]
    assert set(train(STRATEGY, STRATEGY.initial_state(plan), "a", plan).parts) == {GLOBAL, f"{STATISTICS}/a"}
    assert set(train(STRATEGY, first, "a", plan, 2).parts) == {GLOBAL}
    own, shared = (without_numbers(second[name]) for name in (personalized("b"), GLOBAL))
    assert all(torch.equal(own[key], shared[key]) for key in shared)


def test_with_numbers_that_change_nothing_it_is_fedavg() -> None:
    """One draws among sites whose means are 0 and deviations 1."""
    plan = adam_plan()
    state = STRATEGY.initial_state(plan)
    state[STATISTICS][KNOWN][:] = 1
    of_fedavg = train(FedAvg(Mean()), FedAvg(Mean()).initial_state(plan), "b", plan, 1)
    update = train(STRATEGY, state, "b", plan, 1)
    assert hashes({GLOBAL: without_numbers(update.parts[GLOBAL])}) == hashes(of_fedavg.parts)


def test_an_absent_site_is_tested_by_the_mean_of_the_others() -> None:
    """Sites with means 1 and 3: 2 for a site that has sent none, and for an image of no site."""
    plan = adam_plan()
    state = STRATEGY.initial_state(plan)
    updates = {
        site: update_of({GLOBAL: state[GLOBAL], f"{STATISTICS}/{site}": statistics(mean, 1)})
        for site, mean in (("a", 1.0), ("c", 3.0))
    }
    following, refused = aggregate_round(STRATEGY, state, updates, plan, 1)
    assert not refused
    means = {name: float(following[name][MEAN][0]) for name in (GLOBAL, *map(personalized, SITES))}
    assert means == {GLOBAL: 2, personalized("a"): 1, personalized("b"): 2, personalized("c"): 3}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "input_statistics/a is missing"),
        ({f"{STATISTICS}/b": statistics(0, 1)}, "input_statistics/b is another site's"),
        ({STATISTICS: statistics(0, 1)}, "input_statistics is another site's"),
        ({f"{STATISTICS}/a": statistics(0, -1)}, "input_std holds a deviation below 0"),
        ({f"{STATISTICS}/a": {MEAN: numbers_of(0), STD: numbers_of(1)}}, r"tensor input_mean has shape \(1,\)"),
        ({f"{STATISTICS}/a": statistics(float("nan"), 1)}, "NaN"),
    ],
)
def test_unsound_numbers_are_refused(parts: dict[str, Tensors], message: str) -> None:
    plan = adam_plan()
    state = STRATEGY.initial_state(plan)
    with pytest.raises(ValueError, match=message):
        aggregate_round(STRATEGY, state, {"a": update_of({GLOBAL: state[GLOBAL], **parts})}, plan, 1)


def test_the_test_uses_the_sites_own_numbers() -> None:
    plan = adam_plan()
    state = states_of(STRATEGY, plan)[-1]
    found = list(evaluate(STRATEGY, state.keys(), state.__getitem__, data_of("b", DATA, plan), plan))
    network = load_network(plan, without_numbers(state[GLOBAL]))
    normalize_input(network, *input_statistics(DATA["b"].train))
    for expected, case in zip(predict_masks(network, DATA["b"].test, plan), found, strict=True):
        assert np.array_equal(case.masks[personalized("b")], expected)


def test_a_run_begins_with_fedavgs_model_or_with_its_own_kind() -> None:
    plan = adam_plan()
    of_fedavg, own = states_of(FedAvg(Mean()), plan)[-1], states_of(STRATEGY, plan)[-1]
    begun = started_state(STRATEGY, plan, of_fedavg)
    assert set(begun[GLOBAL]) == {*of_fedavg[GLOBAL], *INPUT_KEYS}
    assert_close(begun[personalized("a")], of_fedavg[GLOBAL], atol=0, rtol=0)
    models = {name: own[name] for name in (GLOBAL, *map(personalized, SITES))}
    assert_close(started_state(STRATEGY, plan, models)[personalized("b")], own[personalized("b")], atol=0, rtol=0)
    with pytest.raises(ValueError, match="start_from: global has the tensor input_mean"):
        started_state(FedAvg(Mean()), plan, models)


def test_standardized_images_are_refused_with_the_remedy() -> None:
    config = {"strategies": [{"name": "fedrdn"}], "data": {"intensity": "standardized"}}
    with pytest.raises(ValueError, match="set intensity to unit, percentile or window"):
        ExperimentConfig.model_validate(config)
    assert blank_network(adam_plan())._forward_pre_hooks == {}
