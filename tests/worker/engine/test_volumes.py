"""Volumes: 2D networks on slices and 3D networks, whole and by patches, through training, prediction and FedSM."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.worker.engine.small_sites import ADAM, RESIZE, small_plan, small_sites, small_volumes
from worker.engine import super_model
from worker.engine.data import SiteData
from worker.engine.evaluation import evaluate
from worker.engine.federation import run_rounds
from worker.engine.inference import predict_masks, predict_probabilities
from worker.engine.local_training import train_locally
from worker.engine.networks.settings import UNetSettings
from worker.engine.plan import Plan
from worker.engine.plan_network import initial_network
from worker.engine.sampling import Sampling
from worker.engine.seeding import generator
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import Tensors
from worker.engine.strategies.base import initial_weights
from worker.engine.strategies.fedsm import FedSM
from worker.engine.super_model import MIXTURE, predict_cases
from worker.engine.transforms import resize, to_original

PATCHES = replace(RESIZE, mode="patches", size=16, depth=8, patches_per_case=2)
WAYS = {
    "2d-resize": (2, replace(RESIZE, slices="foreground")),
    "2d-patches": (2, replace(PATCHES, slices="foreground", patches_per_case=1)),
    "3d-resize": (3, RESIZE),
    "3d-patches": (3, PATCHES),
}
each_way = pytest.mark.parametrize(("dims", "sampling"), WAYS.values(), ids=WAYS.keys())


def volume_plan(dims: int, sampling: Sampling, **changes: object) -> Plan:
    fields = {"sites": ("a", "b"), "num_channels": 1, "spatial_dims": dims, "sampling": sampling, **changes}
    return small_plan(**fields)  # type: ignore[arg-type]


@each_way
def test_networks_learn_from_volumes_and_predict_masks_of_their_size(dims: int, sampling: Sampling) -> None:
    plan = volume_plan(dims, sampling, optimizer=replace(ADAM, learning_rate=1e-2), local_steps=1, batch_size=4)
    site = small_volumes(("a",), sampling, dims)["a"]
    network = initial_network(plan)
    losses = []
    for steps in (1, 24, 1):
        draws = generator(0, 1, "a", "test")
        result = train_locally(
            network, site.train, replace(plan, local_steps=steps), 1, None, draws, lambda _done: None
        )
        losses.append(result.mean_loss)
    assert losses[2] < 0.9 * losses[0]
    (probabilities,) = predict_probabilities(network, site.test, plan)
    assert probabilities.shape == site.test[0].reference.shape
    assert 0 <= probabilities.min() < probabilities.max() <= 1
    (mask,) = predict_masks(network, site.test, plan)
    assert (mask.shape, mask.dtype) == ((2, 10, 36, 32), np.dtype(bool))


@pytest.mark.parametrize("dims", [2, 3])
def test_a_patch_as_large_as_the_image_is_the_plain_forward_pass(dims: int) -> None:
    """The window's Gaussian weights cancel where there is one window."""
    site: SiteData = small_sites(("a",))["a"] if dims == 2 else small_volumes(("a",))["a"]
    channels = site.train[0].image.shape[0]
    whole = small_plan(("a",), num_channels=channels, spatial_dims=dims)
    patches = replace(whole, sampling=replace(PATCHES, size=32, depth=8))
    network = initial_network(whole)
    for one, other in zip(
        predict_probabilities(network, site.val, whole), predict_probabilities(network, site.val, patches), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_slices_of_a_volume_are_predicted_as_pictures_are() -> None:
    """Slice by slice with the same network; more slices than one batch holds."""
    plan = volume_plan(2, RESIZE)
    (case,) = small_volumes(("a",), RESIZE, 2)["a"].test
    network = initial_network(plan).eval()
    (found,) = predict_probabilities(network, [case], plan)
    with torch.inference_mode():
        expected = torch.stack([torch.sigmoid(network(case.image[None, :, z]))[0] for z in range(10)], dim=1)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("space", "size"),
    [((40, 36), (80, 72)), ((40, 36), (64, 64)), ((6, 40, 36), (6, 80, 72)), ((6, 40, 36), (12, 64, 48))],
)
def test_a_mask_comes_back_from_a_larger_size_as_it_was(space: tuple[int, ...], size: tuple[int, ...]) -> None:
    """A block with straight sides: no voxel but a few at the edges may change."""
    mask = np.zeros((2, *space), dtype=bool)
    mask[(slice(None), *(slice(n // 4, 3 * n // 4) for n in space))] = True
    there = resize(torch.from_numpy(mask.astype(np.float32)), size)
    assert there.shape == (2, *size)
    back = to_original(there, space)
    assert back.shape == mask.shape
    assert 2 * (back & mask).sum() / (back.sum() + mask.sum()) > 0.95


def test_a_resize_keeps_the_axes_apart() -> None:
    """A ramp along one axis stays a ramp along that axis."""
    for axis in range(3):
        shape = [1, 1, 1]
        shape[axis] = -1
        ramp = torch.linspace(0, 1, (6, 10, 12)[axis]).reshape(shape).expand(6, 10, 12)
        found = resize(ramp[None], (9, 20, 16))[0]
        for other in range(3):
            spread = float((found.amax(dim=other) - found.amin(dim=other)).max())
            assert (spread > 0.8) == (other == axis)
        assert found.diff(dim=axis).min() >= 0


@pytest.mark.parametrize(
    ("dims", "routing", "features"),
    [(3, "hard", "descriptors"), (3, "soft", "descriptors"), (2, "hard", "descriptors"), (3, "hard", "both")],
)
def test_fedsm_with_lda_runs_to_its_evaluation(dims: int, routing: str, features: str) -> None:
    sampling = RESIZE if dims == 3 else replace(RESIZE, slices="foreground")
    plan = volume_plan(dims, sampling, rounds=2, batch_size=4)
    sites = small_volumes(("a", "b"), sampling, dims)
    strategy = FedSM(0.7, 0.9, LdaSelector(0.1, 2, features, math.inf), 0.0, routing)  # type: ignore[arg-type]
    record = list(run_rounds(strategy, sites, plan))[-1]
    assert record.refused == {}
    state = record.state
    cases = tuple(evaluate(strategy, state.keys(), state.__getitem__, tuple(sites.values()), plan))
    assert [case.case_id for case in cases] == ["a4", "b4"]
    for case in cases:
        assert {"global", "personalized/a", "personalized/b"} <= case.masks.keys()
        assert all(mask.shape == (2, 10, 36, 32) for mask in case.masks.values())
        assert case.route is not None
        assert sum(case.route.probabilities.values()) == pytest.approx(1)
        assert case.route.chosen_model in ({MIXTURE} if routing == "soft" else case.masks.keys())


def test_masks_are_the_same_however_few_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two networks' and their mixture's, of one case at a time or of all; none is made before it is asked for."""
    plan = volume_plan(3, RESIZE)
    state = {"one": initial_weights(plan), "two": initial_weights(replace(plan, seed=1))}
    cases = small_volumes(("a",))["a"].train
    arguments = (cases, [("one", "two")] * 3, plan, [{"one": 0.25, "two": 0.75}] * 3)
    loaded: list[str] = []

    def load(part: str) -> Tensors:
        loaded.append(part)
        return state[part]

    together = list(predict_cases(load, *arguments))
    assert loaded == ["one", "two"]
    monkeypatch.setattr(super_model, "MASK_BYTES", 1)
    apart = predict_cases(load, *arguments)
    for position, expected in enumerate(together):
        found = next(apart)
        assert found.keys() == expected.keys() == {"one", "two", MIXTURE}
        assert all(np.array_equal(found[part], expected[part]) for part in expected)
        assert len(loaded) == 2 + 2 * (position + 1)
    assert next(apart, None) is None


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], [slice(0, 0)]),
        ([10, 10], [slice(0, 2)]),
        ([60, 40, 1], [slice(0, 2), slice(2, 3)]),
        ([500, 1, 99, 500], [slice(0, 1), slice(1, 3), slice(3, 4)]),
    ],
)
def test_cases_are_grouped_by_their_masks_sizes(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], expected: list[slice]
) -> None:
    monkeypatch.setattr(super_model, "MASK_BYTES", 100)
    assert list(super_model._groups(sizes)) == expected


def test_a_deeper_network_trains_on_few_slices() -> None:
    """Four levels on 8 slices: the network is told the depth, and halves it no further than it goes."""
    plan = volume_plan(3, RESIZE, network=UNetSettings((4, 4, 4, 4), 1, "instance"), rounds=1)
    sites = small_volumes(("a", "b"))
    strategy = FedSM(0.7, 0.9, LdaSelector(0.1, 2, "descriptors", math.inf), 0.0, "hard")
    assert list(run_rounds(strategy, sites, plan))[-1].refused == {}
