"""SoftPull by depth and over the rounds, and the global model's momentum: by hand, and inside FedSM."""

from dataclasses import replace

import pytest
import torch

from tests.worker.engine.method_runs import BATCH_NORM, SITES, adam_plan, hashes, sgd_plan, states_of, train
from worker.engine.beyond_paper import PAPER, Beyond
from worker.engine.networks.depth import depths
from worker.engine.networks.make import make_network
from worker.engine.networks.presets import preset
from worker.engine.plan_network import blank_network
from worker.engine.pull import Pull, lambda_at, pulled
from worker.engine.selectors.lda import LdaSelector
from worker.engine.server_momentum import (
    MOMENTUM,
    SHARED_MOMENTUM,
    beta_of_round,
    initial_momentum,
    with_momentum,
    with_shared_momentum,
)
from worker.engine.state import GLOBAL, Tensors, personalized
from worker.engine.strategies.base import initial_weights
from worker.engine.strategies.fedsm import FedSM

LDA = LdaSelector(0.1, 2, "descriptors", 10.0)


def fedsm(**changes: object) -> FedSM:
    fields = {**PAPER.__dict__, **changes}
    return FedSM(0.7, 0.9, LDA, 0.0, "hard", None, Beyond(**fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["unet", "basic-unet", "segresnet", "attention-unet", "dynunet", "swin-unetr"])
def test_every_network_has_an_encoder_a_decoder_and_an_output_layer(name: str) -> None:
    settings = preset(name, "small", 2)  # type: ignore[arg-type]
    network = make_network(settings, 2, 3, 2, None)
    found = depths(settings, network)
    assert found.keys() == network.state_dict().keys()
    assert set(found.values()) == {"encoder", "decoder", "site"}
    keys = list(found)
    first, last = keys[0], keys[-1]
    assert found[first] == "encoder"
    assert found[last] == "site"


def test_depths_of_the_u_net_by_hand() -> None:
    """Three levels: the deepest counts to the encoder, the topmost decoder level is the output layer (FedPer's)."""
    plan = adam_plan(network=type(BATCH_NORM)((4, 8, 16), 1, "batch"))
    found = depths(plan.network, blank_network(plan))
    deepest = "model.1.submodule.1.submodule.conv.unit0"
    assert found["model.0.conv.unit0.conv.weight"] == "encoder"
    assert found[f"{deepest}.conv.weight"] == "encoder"
    assert found[f"{deepest}.adn.N.running_mean"] == "site"
    assert found["model.1.submodule.2.0.conv.weight"] == "decoder"
    assert found["model.2.0.conv.weight"] == "site"


def test_lambda_rises_in_a_straight_line() -> None:
    """Over five rounds from 0.5 to 0.9 it is 0.7 in the third; one round has the last one's."""
    assert [Pull(0.9, 0.5, 0.0, 0).of_round(t, 5) for t in (1, 3, 5)] == pytest.approx([0.5, 0.7, 0.9])
    assert Pull(0.9, 0.5, 0.0, 0).of_round(1, 1) == 0.9
    assert Pull(0.9, None, 0.0, 0).of_round(1, 5) == 0.9


def test_the_last_rounds_may_pull_nothing_whatever_the_depth() -> None:
    pull = Pull(0.7, None, 1.0, 2)
    assert [pull.leaves_alone(round_, 5) for round_ in (3, 4, 5)] == [False, True, True]
    plan = adam_plan(rounds=5)
    models = [{key: tensor + shift for key, tensor in initial_weights(plan).items()} for shift in (0, 1)]
    own = [personalized(site) for site in SITES[:2]]
    trained, after_4, after_3 = (
        hashes(dict(zip(own, of_round, strict=True)))
        for of_round in (models, pulled(pull, models, None, plan, 4), pulled(pull, models, None, plan, 3))
    )
    assert trained == after_4
    assert trained != after_3


def test_a_finished_model_is_what_its_site_trained_where_the_last_round_pulls_nothing() -> None:
    """The rounds before are the same, and so is the global model; the last update of each site is its model."""
    plain, without = (states_of(fedsm(rounds_without_pull=number), adam_plan(rounds=2)) for number in (0, 1))
    assert hashes(plain[1]) == hashes(without[1])
    own = [personalized(site) for site in SITES]
    pulled_models = pulled(Pull(0.7, None, 0.0, 0), [without[2][name] for name in own], None, adam_plan(rounds=2), 2)
    assert hashes(dict(zip(own, pulled_models, strict=True))) == hashes({name: plain[2][name] for name in own})
    assert hashes({GLOBAL: plain[2][GLOBAL]}) == hashes({GLOBAL: without[2][GLOBAL]})


def test_lambda_by_depth_by_hand() -> None:
    """K = 4, lambda 0.65, half way: encoder 0.65 - 0.5 * 0.4 = 0.45; output layer 0.65 + 0.5 * 0.35 = 0.825."""
    found = {depth: lambda_at(depth, 0.65, 0.5, 4) for depth in ("encoder", "decoder", "site")}  # type: ignore[arg-type]
    assert found == pytest.approx({"encoder": 0.45, "decoder": 0.65, "site": 0.825})


def test_each_tensor_is_pulled_by_the_lambda_of_its_depth() -> None:
    """Two sites whose weights are all 0 and all 1: the first gets 1 - lambda of each tensor's depth."""
    plan = adam_plan()
    weights = initial_weights(plan)
    models: list[Tensors] = [{key: torch.full_like(tensor, v) for key, tensor in weights.items()} for v in (0.0, 1.0)]
    first, second = pulled(Pull(0.7, None, 0.5, 0), models, None, plan, 1)
    depth_of = depths(plan.network, blank_network(plan))
    assert list(first) == list(weights)
    for key, tensor in first.items():
        expected = 1 - lambda_at(depth_of[key], 0.7, 0.5, 2)
        torch.testing.assert_close(tensor, torch.full_like(tensor, expected))
        torch.testing.assert_close(second[key], 1 - tensor)


def test_fewer_sites_never_give_a_site_less_of_itself_than_of_the_others() -> None:
    plan = adam_plan()
    models = [{"w": torch.tensor([v])} for v in (0.0, 1.0)]
    first, _ = pulled(Pull(0.9, 0.4, 0.0, 0), models, None, plan, 1)
    assert first["w"].tolist() == [0.5]


def test_momentum_by_hand() -> None:
    """w = 1, the sites' average is 2: v = 1, w = 2. Then the average is 2.5: v = 0.5 * 1 + 0.5 = 1, w = 3."""
    velocity = {"w": torch.zeros(1, dtype=torch.float64)}
    first, velocity = with_momentum({"w": torch.ones(1)}, {"w": torch.tensor([2.0])}, velocity, 0.5)
    second, velocity = with_momentum(first, {"w": torch.tensor([2.5])}, velocity, 0.5)
    assert (first["w"].item(), second["w"].item(), velocity["w"].item()) == (2.0, 3.0, 1.0)
    counter = {"w": torch.ones(1), "n": torch.tensor(3)}
    moved, _ = with_momentum(counter, counter | {"n": torch.tensor(5)}, velocity, 0.5)
    assert moved["n"].item() == 5


def test_momentum_moves_the_global_model_alone() -> None:
    plan = adam_plan(rounds=2)
    plain, with_it = states_of(fedsm(), plan), states_of(fedsm(server_momentum=0.5), plan)
    assert hashes(plain[1]) == {name: h for name, h in hashes(with_it[1]).items() if name != MOMENTUM}
    last_plain, last = hashes(plain[2]), hashes(with_it[2])
    assert last[GLOBAL] != last_plain[GLOBAL]
    assert all(last[personalized(site)] == last_plain[personalized(site)] for site in SITES)
    assert MOMENTUM not in fedsm(server_momentum=0.5).downloads(with_it[1].keys(), "a")
    assert initial_momentum(with_it[0][GLOBAL], plan).keys() == with_it[2][MOMENTUM].keys()


def test_shared_momentum_by_hand() -> None:
    """Sites at 1 and 3 become 2 and 5 by SoftPull: v = (1 + 2) / 2. Then 3 and 6: each moves on by 0.5 * 1.5, and v =
    0.75 + (1 + 1) / 2."""
    at, v = [{"w": torch.tensor([number])} for number in (1.0, 3.0)], {"w": torch.zeros(1, dtype=torch.float64)}
    for after, expected, expected_v in (((2.0, 5.0), (2.0, 5.0), 1.5), ((3.0, 6.0), (3.75, 6.75), 1.75)):
        at, v = with_shared_momentum(at, [{"w": torch.tensor([number])} for number in after], v, 0.5)
        assert (tuple(model["w"].item() for model in at), v["w"].item()) == (expected, expected_v)
    counters = [{"w": torch.ones(1), "n": torch.tensor(number)} for number in (3, 5)]
    moved, _ = with_shared_momentum(counters, counters, v, 0.5)
    assert [model["n"].item() for model in moved] == [3, 5]


def test_momentum_of_all_models_moves_every_site_by_one_step_and_sites_receive_none_of_it() -> None:
    plan = adam_plan(rounds=2)
    strategy = fedsm(server_momentum=0.5, momentum_models="all")
    plain, with_it = states_of(fedsm(server_momentum=0.5), plan), states_of(strategy, plan)
    of_all = {MOMENTUM, SHARED_MOMENTUM}
    assert with_it[0].keys() - of_all == plain[0].keys() - of_all
    assert hashes(plain[1]) == {name: h for name, h in hashes(with_it[1]).items() if name != SHARED_MOMENTUM}
    assert hashes({GLOBAL: plain[2][GLOBAL]}) == hashes({GLOBAL: with_it[2][GLOBAL]})
    for key, v in with_it[1][SHARED_MOMENTUM].items():
        for site in SITES:
            step = with_it[2][personalized(site)][key] - plain[2][personalized(site)][key]
            torch.testing.assert_close(step, (0.5 * v).float(), atol=1e-6, rtol=1e-4)
    assert not of_all & {*strategy.downloads(with_it[1].keys(), "a")}


def test_momentum_warms_up_to_what_is_set() -> None:
    """By hand: with a warm-up of 3 rounds at most 0, 1/4, 2/5 and 3/6 in the first ones, and never more than is set."""
    warming = replace(PAPER, server_momentum=0.45, momentum_warmup=3.0)
    assert [beta_of_round(warming, round_) for round_ in (1, 2, 3, 4, 100)] == [0.0, 0.25, 0.4, 0.45, 0.45]
    assert beta_of_round(replace(warming, momentum_warmup=0.0), 1) == 0.45
    plan, options = adam_plan(rounds=2), {"momentum_models": "all"}
    warm = states_of(fedsm(server_momentum=0.9, momentum_warmup=3.0, **options), plan)
    plain = states_of(fedsm(server_momentum=0.25, **options), plan)
    assert hashes(warm[2]) == hashes(plain[2])


def test_a_round_that_pulls_nothing_takes_no_step_of_momentum() -> None:
    plan, strategy = sgd_plan(rounds=2), fedsm(server_momentum=0.5, momentum_models="all", rounds_without_pull=1)
    _, first, last = states_of(strategy, plan)
    assert hashes({"v": first[SHARED_MOMENTUM]}) == hashes({"v": last[SHARED_MOMENTUM]})
    for name, site in zip(map(personalized, SITES), SITES, strict=True):
        trained = train(strategy, first, site, plan, 2).parts[name]
        assert hashes({name: trained}) == hashes({name: last[name]})


def test_at_the_end_of_by_depth_all_sites_share_the_encoder_and_keep_their_output_layer() -> None:
    plan = adam_plan(rounds=1)
    strategy = fedsm(pull_by_depth=1.0)
    before = strategy.initial_state(plan)
    models = {site: {k: t + 0.1 * i for k, t in before[GLOBAL].items()} for i, site in enumerate(SITES)}
    after = pulled(Pull(0.7, None, 1.0, 0), list(models.values()), None, plan, 1)
    depth_of = depths(plan.network, blank_network(plan))
    for key, depth in depth_of.items():
        if depth == "encoder":
            torch.testing.assert_close(after[0][key], after[2][key])
        if depth == "site":
            assert torch.equal(after[2][key], models["c"][key])


def test_a_round_with_one_site_leaves_its_model_as_it_was_trained() -> None:
    plan = adam_plan(rounds=1)
    weights = initial_weights(plan)
    (alone,) = pulled(Pull(0.7, 0.5, 0.5, 0), [weights], None, plan, 1)
    assert hashes({GLOBAL: alone}) == hashes({GLOBAL: weights})
