"""Updates in fewer bits: what arrives, what is kept for the next round, and what is refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from tests.worker.engine.all_methods import ALL
from tests.worker.engine.method_runs import DATA, adam_plan, hashes, noise_like, train, update_of
from worker.engine.compression import RESIDUAL, Coding, Compress, Decompress, decoded, encoded, is_coded
from worker.engine.exchange import apply_gather_transforms, apply_update_transforms
from worker.engine.federation import run_rounds, train_and_transform
from worker.engine.plan import Plan
from worker.engine.robust_aggregation import Mean
from worker.engine.seeding import generator
from worker.engine.selectors.lda import LdaSelector
from worker.engine.server_step import aggregate_round, check_updates
from worker.engine.soundness import check_update
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import SiteContext, SiteUpdate, returned_parts
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedsm import FedSM

CODINGS: tuple[Coding, ...] = ("bfloat16", "int8")
FEDAVG = FedAvg(Mean())
FEDSM = FedSM(0.7, 0.9, LdaSelector(0.1, 2, "descriptors", 10.0), 0.0, "hard")


def in_coding(plan: Plan, coding: Coding) -> Plan:
    return replace(
        plan, update_transforms=(Compress(coding, ":steps"),), gather_transforms=(Decompress(coding, ":steps"),)
    )


def sent_by(coding: Coding, trained: Tensors, received: Tensors, kept: State | None = None) -> tuple[Tensors, State]:
    """What a site sends of its global model, and what it keeps."""
    parts, left = apply_update_transforms(
        (Compress(coding, ":steps"),), {GLOBAL: trained}, {GLOBAL: received}, 0, 1, "a", (GLOBAL,), kept
    )
    return parts[GLOBAL], left


def arrived(coding: Coding, sent: Tensors, received: Tensors) -> Tensors:
    """What the server makes of it. Raises ValueError where it refuses it."""
    used, refused = apply_gather_transforms(
        (Decompress(coding, ":steps"),), {"a": {GLOBAL: sent}}, {GLOBAL: received}, 0, 1, {"a": (GLOBAL,)}
    )
    if refused:
        raise ValueError(refused["a"])
    return used["a"][GLOBAL]


def model(seed: int, scale: float = 1.0) -> Tensors:
    shapes = {"conv": (4, 3, 3, 3), "zero": (2, 5), "bias": (4,), "variance": (4,), "empty": (0, 2)}
    draws = torch.Generator().manual_seed(seed)
    found = {key: scale * torch.randn(shape, generator=draws) for key, shape in shapes.items()}
    return found | {"zero": torch.zeros(2, 5), "batches": torch.tensor(seed)}


def test_8_bits_are_off_by_half_a_step_and_bfloat16_by_the_256th_part() -> None:
    wanted = torch.randn(7, 5, 3, generator=torch.Generator().manual_seed(0)) * torch.logspace(-6, 3, 7)[:, None, None]
    code, steps = encoded(wanted, "int8")
    assert steps is not None
    assert code.dtype == torch.int8
    torch.testing.assert_close(steps, wanted.abs().amax(dim=(1, 2)) / 127)
    off = (decoded(code, steps) - wanted).abs()
    assert bool((off <= 0.5001 * steps[:, None, None]).all())
    code, steps = encoded(wanted, "bfloat16")
    assert steps is None
    assert bool(((decoded(code, None) - wanted).abs() <= wanted.abs() / 256).all())


@pytest.mark.parametrize("coding", CODINGS)
def test_biases_statistics_and_whole_numbers_arrive_as_they_are(coding: Coding) -> None:
    received, trained = model(1), model(2)
    sent, left = sent_by(coding, trained, received)
    found = arrived(coding, sent, received)
    assert {key for key, tensor in trained.items() if is_coded(tensor)} == {"conv", "zero"}
    for key in ("bias", "variance", "empty", "batches"):
        assert torch.equal(found[key], trained[key]), key
    assert torch.equal(found["zero"], trained["zero"])
    assert not torch.equal(found["conv"], trained["conv"])
    torch.testing.assert_close(found["conv"] + left[RESIDUAL]["global/conv"], trained["conv"])
    assert left[RESIDUAL].keys() == {"global/conv", "global/zero"}


@pytest.mark.parametrize("coding", CODINGS)
def test_what_rounding_loses_is_sent_in_later_rounds(coding: Coding) -> None:
    """After 30 rounds the differences that arrived sum to the true ones less what is kept; a rounding that forgets is
    off by more than a hundred times as much. One large number makes all others of its row small."""
    received = {"w": torch.zeros(1, 4)}
    true = {"w": torch.tensor([[1.0, 0.0030, -0.0011, 0.0005]])}
    kept: State = {}
    sums = {"fed back": torch.zeros(1, 4), "forgotten": torch.zeros(1, 4)}
    for _ in range(30):
        sent, kept = sent_by(coding, true, received, kept)
        sums["fed back"] += arrived(coding, sent, received)["w"]
        sums["forgotten"] += arrived(coding, sent_by(coding, true, received)[0], received)["w"]
    wanted, left = 30 * true["w"], kept[RESIDUAL]["global/w"]
    torch.testing.assert_close(sums["fed back"] + left, wanted, atol=1e-5, rtol=1e-6)
    assert float((sums["fed back"] - wanted).abs().max()) <= 0.51 / 127
    if coding == "int8":
        assert float((sums["forgotten"] - wanted).abs().max()) > 0.01


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("coding", CODINGS)
def test_every_method_gets_the_tensors_that_it_asks_for(name: str, coding: Coding) -> None:
    """A site that moved all its parts by noise. What it did not receive passes as the very same tensors."""
    strategy, plan = ALL[name]
    plan, state = in_coding(plan, coding), strategy.initial_state(plan)
    participant = strategy.participants(plan.sites)[0]
    received = {part: state[part] for part in strategy.downloads(state.keys(), participant)}
    names = strategy.uploads(participant)
    moved = {
        part: {
            key: x + noise_like({key: x}, [key], seed, 0.01)[key] if x.is_floating_point() else x
            for key, x in state[part].items()
        }
        for seed, part in enumerate(names)
    }
    returned = returned_parts(strategy, received, participant)
    assert set(returned) == set(names) & received.keys()
    sent, _ = apply_update_transforms(plan.update_transforms, moved, received, 0, 1, participant, returned)
    used, refused = apply_gather_transforms(
        plan.gather_transforms, {participant: sent}, state, 0, 1, {participant: returned}
    )
    assert not refused
    for part in names:
        check_update(participant, part, used[participant][part], state[part])
        if part not in received:
            assert used[participant][part] is moved[part]
        for key, tensor in used[participant][part].items():
            torch.testing.assert_close(tensor, moved[part][key], atol=0.0005, rtol=0.01)
            assert tensor.dtype == state[part][key].dtype


@pytest.mark.parametrize("coding", CODINGS)
def test_the_same_seed_gives_the_same_bits_and_a_site_goes_on_from_what_it_kept(coding: Coding) -> None:
    """The second round, done again from the file's contents of the first, is the same; without them it is not."""
    plan = in_coding(adam_plan(rounds=2), coding)
    first, again = (list(run_rounds(FEDSM, DATA, plan))[-1].state for _ in range(2))
    assert hashes(first) == hashes(again)
    assert hashes(first) != hashes(list(run_rounds(FEDSM, DATA, adam_plan(rounds=2)))[-1].state)

    def round_of(round_: int, state: State, kept: State | None) -> SiteUpdate:
        parts = {name: state[name] for name in FEDSM.downloads(state.keys(), "a")}
        return train_and_transform(FEDSM, parts, (DATA["a"],), SiteContext(plan, "a", round_, kept, lambda _: None))

    state = FEDSM.initial_state(plan)
    kept = round_of(1, state, None).local_state
    moments = {name: part for name, part in kept.items() if name != RESIDUAL}
    assert kept.keys() == {"global", "personalized", RESIDUAL}
    assert hashes(round_of(2, state, kept).parts) == hashes(round_of(2, state, kept).parts)
    assert hashes(round_of(2, state, kept).parts) != hashes(round_of(2, state, moments).parts)


def test_the_sites_state_is_a_method_s_own_without_a_coding() -> None:
    state = FEDSM.initial_state(adam_plan())
    assert train(FEDSM, state, "a", adam_plan()).local_state.keys() == {"global", "personalized"}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_found_and_what_was_kept_stays(coding: Coding, value: float) -> None:
    plan = in_coding(adam_plan(), coding)
    state = FEDAVG.initial_state(plan)
    trained = {key: tensor.clone() for key, tensor in state[GLOBAL].items()}
    key = next(name for name, tensor in trained.items() if is_coded(tensor))
    trained[key].view(-1)[1] = value
    sent, left = sent_by(coding, trained, state[GLOBAL])
    refused = check_updates(FEDAVG, state, {"a": update_of({GLOBAL: sent})}, plan, 1).refused
    assert f"global tensor {key} holds NaN or infinite values" in refused["a"]
    assert not all(bool(torch.isfinite(tensor).all()) for tensor in left[RESIDUAL].values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda sent: sent.pop("conv:steps"), "lacks tensor conv:steps, which updates in int8 have"),
        (lambda sent: sent.update({"conv": sent["conv"].float()}), r"conv is torch.float32 \(4, 3, 3, 3\)"),
        (lambda sent: sent.update({"conv": sent["conv"][:2]}), r"have torch.int8 \(4, 3, 3, 3\) there"),
        (lambda sent: sent.update({"conv:steps": torch.ones(())}), r"conv:steps is torch.float32 \(\)"),
        (lambda sent: sent.update({"conv:steps": -sent["conv:steps"]}), "conv:steps holds a step below 0"),
    ],
)
def test_bytes_that_are_not_in_the_coding_are_refused(change: Callable[[Tensors], object], words: str) -> None:
    received = model(1)
    sent, _ = sent_by("int8", model(2), received)
    change(sent)
    with pytest.raises(ValueError, match=f"site a: global .*{words}"):
        arrived("int8", sent, received)


def test_hostile_steps_and_names_are_found_by_the_check_after_decoding() -> None:
    """One site's bytes stop no other site."""
    plan = in_coding(adam_plan(), "int8")
    state = FEDAVG.initial_state(plan)
    weights = state[GLOBAL]
    key = next(name for name, tensor in weights.items() if is_coded(tensor))

    def sent(seed: int) -> Tensors:
        noise = noise_like(weights, [name for name, x in weights.items() if x.is_floating_point()], seed, 0.01)
        return sent_by("int8", weights | {name: weights[name] + x for name, x in noise.items()}, weights)[0]

    huge, unknown, lacking, sound = (sent(seed) for seed in range(4))
    huge[f"{key}:steps"] = torch.full_like(huge[f"{key}:steps"], 3e38)
    unknown["left.over:steps"] = torch.ones(2)
    del lacking[key]
    updates = {"a": huge, "b": unknown, "c": lacking, "d": sound}
    wide = replace(plan, sites=tuple(updates))
    checked = check_updates(FEDAVG, state, {site: update_of({GLOBAL: one}) for site, one in updates.items()}, wide, 1)
    assert checked.sound.keys() == {"d"}
    assert "holds NaN or infinite values" in checked.refused["a"]
    assert "unexpected tensor left.over:steps" in checked.refused["b"]
    assert f"lacks tensor {key}" in checked.refused["c"]


def test_an_update_far_out_of_the_others_line_is_found_in_any_coding() -> None:
    plan = in_coding(adam_plan(refuse_outliers=True), "int8")
    state = FEDAVG.initial_state(plan)
    updates = {}
    for seed, (site, scale) in enumerate({"a": 0.01, "b": 0.01, "c": 10.0}.items()):
        draws = generator(seed, 0, site, "test")
        moved = {
            key: x + scale * torch.randn(x.shape, generator=draws) if x.is_floating_point() else x
            for key, x in state[GLOBAL].items()
        }
        updates[site] = update_of({GLOBAL: sent_by("int8", moved, state[GLOBAL])[0]})
    following, refused = aggregate_round(FEDAVG, state, updates, plan, 1)
    assert refused.keys() == {"c"}
    assert max(float((following[GLOBAL][key] - x).abs().max()) for key, x in state[GLOBAL].items()) < 0.1
