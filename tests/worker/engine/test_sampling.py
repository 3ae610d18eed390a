"""Patches, slices and local steps; sizes of resampled images; who takes part in a round."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.worker.engine.small_sites import RESIZE, UNIT, small_plan, small_sites, small_volumes, structures_of
from worker.engine.data import Case
from worker.engine.local_training import local_batches, num_local_steps
from worker.engine.robust_aggregation import Mean
from worker.engine.sampling import (
    Item,
    Sampling,
    _foreground_voxel,
    cut_patch,
    network_input,
    patch_size,
    training_items,
)
from worker.engine.seeding import generator
from worker.engine.state import POOLED
from worker.engine.strategies.centralized import Centralized
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.transforms import make_case, network_space

PATCHES = replace(RESIZE, mode="patches", size=16, depth=4, patches_per_case=3)


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spot(space: tuple[int, ...], *voxels: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """An image whose every value is another, and a reference of these voxels alone."""
    image = torch.arange(float(np.prod(space))).reshape(1, *space)
    reference = torch.zeros(2, *space, dtype=torch.bool)
    for voxel in voxels:
        reference[(1, *voxel)] = True
    return image, reference


# Patches


@pytest.mark.parametrize(
    ("space", "size", "voxel"),
    [((40, 50), (16, 16), (0, 49)), ((40, 50), (16, 8), (20, 20)), ((9, 40, 30), (4, 16, 16), (8, 3, 29))],
)
def test_with_foreground_share_1_every_patch_holds_the_structure(
    space: tuple[int, ...], size: tuple[int, ...], voxel: tuple[int, ...]
) -> None:
    image, reference = spot(space, voxel)
    for seed in range(30):
        patch, mask = cut_patch(image, reference, size, 1.0, draws(seed))
        assert patch.shape == (1, *size)
        assert mask.shape == (2, *size)
        assert mask.sum() == 1
        assert patch[0][mask[1]].item() == image[(0, *voxel)].item(), "image and reference are cut alike"


def of_sizes(*sides: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Squares of these sides, each a structure of its own, 60 pixels apart; a side of 0: it is absent."""
    space = (40, 60 * len(sides))
    reference = torch.zeros(len(sides), *space, dtype=torch.bool)
    for index, side in enumerate(sides):
        reference[index, 5 : 5 + side, 60 * index : 60 * index + side] = True
    return torch.arange(float(np.prod(space))).reshape(1, *space), reference


def structures_met(image: torch.Tensor, reference: torch.Tensor, num: int = 400) -> Counter[int]:
    """Whose voxel is the middle of a patch of one pixel, all planes that hold it."""
    masks = [cut_patch(image, reference, (1, 1), 1.0, draws(seed))[1] for seed in range(num)]
    return Counter(index for mask in masks for index in torch.nonzero(mask.flatten(1).any(dim=1)).flatten().tolist())


def test_a_rare_structure_is_met_as_often_as_a_common_one() -> None:
    """900 pixels, 25 and 1: by pixels the last would be met once in 926 patches."""
    met = structures_met(*of_sizes(30, 5, 1))
    assert sum(met.values()) == 400
    assert all(100 < met[index] < 170 for index in range(3)), met


def test_a_structure_that_a_case_does_not_have_takes_no_share() -> None:
    met = structures_met(*of_sizes(20, 0, 1))
    assert set(met) == {0, 2}
    assert 160 < met[2] < 240


def test_of_nested_structures_the_inner_one_is_drawn_for_itself() -> None:
    """A cup of 4 pixels in a disc of 900: half of the patches lie in the cup, and of the others 4 of 900."""
    image, reference = of_sizes(30, 0)
    reference[1, 10:12, 10:12] = True
    met = structures_met(image, reference)
    assert met[0] == 400
    assert 160 < met[1] < 240


def test_every_voxel_of_one_structure_has_its_place_in_the_draw() -> None:
    """Of one structure alone: the least draw is its first voxel, the greatest its last."""
    _, reference = of_sizes(3)
    places = [_foreground_voxel(reference.numpy(), position) for position in (0.0, 0.5, 1.0)]
    assert places == [(5, 0), (6, 1), (7, 2)]
    assert _foreground_voxel(np.zeros((2, 4, 4), dtype=bool), 0.5) is None


def test_with_foreground_share_0_patches_lie_anywhere_and_one_half_is_between() -> None:
    """A patch of 8 x 8 of 64 x 64: a voxel is in few of those drawn anywhere."""
    image, reference = spot((64, 64), (5, 60))
    hits = {
        share: sum(bool(cut_patch(image, reference, (8, 8), share, draws(seed))[1].any()) for seed in range(200))
        for share in (0.0, 0.5, 1.0)
    }
    assert hits[0.0] < 20
    assert 70 < hits[0.5] < 130
    assert hits[1.0] == 200


def test_every_voxel_of_a_structure_is_drawn_alike() -> None:
    """Four voxels in three of six slices, two of them in one: each is the middle of a quarter of 400 patches."""
    voxels = [(1, 2, 3), (3, 0, 4), (3, 5, 5), (4, 4, 0)]
    image, reference = spot((6, 6, 6), *voxels)
    reference[0] = reference[1]  # in two structures, and counted once
    seen = Counter(cut_patch(image, reference, (1, 1, 1), 1.0, draws(seed))[0].item() for seed in range(400))
    assert set(seen) == {image[(0, *voxel)].item() for voxel in voxels}
    assert all(70 < count < 130 for count in seen.values())


def test_patches_reach_every_corner() -> None:
    image, reference = spot((6, 6))
    corners = {cut_patch(image, reference, (5, 5), 0.0, draws(seed))[0][0, 0, 0].item() for seed in range(60)}
    assert corners == {0.0, 1.0, 6.0, 7.0}


def test_without_a_structure_a_patch_of_anywhere_is_taken() -> None:
    patch, mask = cut_patch(*spot((20, 20)), (8, 8), 1.0, draws())
    assert patch.shape == (1, 8, 8)
    assert not mask.any()


def test_a_smaller_image_is_padded_with_zeros_at_its_end() -> None:
    image, reference = spot((3, 5), (2, 4))
    patch, mask = cut_patch(image + 1, reference, (4, 4), 1.0, draws())
    assert patch[0, :3].tolist() == (image + 1)[0, :, 1:].tolist()  # columns 1 to 4, to hold the voxel
    assert patch[0, 3].tolist() == [0, 0, 0, 0]
    assert mask[1].nonzero().tolist() == [[2, 3]]


def test_the_same_draws_give_the_same_patch() -> None:
    image, reference = spot((40, 40), (20, 20), (3, 3))
    first, again, other = (cut_patch(image, reference, (16, 16), 0.5, draws(seed))[0] for seed in (4, 4, 5))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_size_of_a_patch_is_in_array_order() -> None:
    assert patch_size(PATCHES, 2) == (16, 16)
    assert patch_size(PATCHES, 3) == (4, 16, 16)


# Items of an epoch


def items(dims: int, **changes: object) -> list[Item]:
    """Of three volumes of 10 slices, of which 2 to 7 hold the structures."""
    sampling = replace(PATCHES, **changes)  # type: ignore[arg-type]
    return list(training_items(small_volumes(("a",), sampling, dims)["a"].train, sampling, dims))


def test_slices_all_and_foreground() -> None:
    whole = items(2, mode="resize")
    assert [item.slice_ for item in whole[:10]] == list(range(10))
    assert len(whole) == 30
    present = items(2, mode="resize", slices="foreground")
    assert [item.slice_ for item in present] == [2, 3, 4, 5, 6, 7] * 3
    image, reference = network_input(present[0], replace(RESIZE, slices="foreground"), 2, draws())
    assert torch.equal(image, present[0].case.image[:, 2])
    assert torch.equal(reference, present[0].case.reference[:, 2].float())


def test_patches_of_each_case_or_slice() -> None:
    assert Counter(item.case.case_id for item in items(3)) == {"a0": 3, "a1": 3, "a2": 3}
    assert len(items(2, slices="foreground")) == 3 * 6 * 3
    assert len(items(3, mode="resize")) == 3


def test_no_slice_left_is_refused_with_the_remedy() -> None:
    case = small_volumes(("a",), RESIZE, 2)["a"].train[0]
    empty = replace(case, reference=torch.zeros_like(case.reference))
    with pytest.raises(
        ValueError, match=r"data\.slices foreground leaves no slice to train on: set data\.slices to all"
    ):
        training_items([empty], replace(RESIZE, slices="foreground"), 2)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"batch_size": 4}, [4, 2]),
        ({"batch_size": 4, "local_epochs": 2}, [4, 2, 4, 2]),
        ({"batch_size": 4, "local_steps": 1}, [4]),
        ({"batch_size": 4, "local_steps": 5}, [4, 2, 4, 2, 4]),
        ({"batch_size": 5, "sampling": replace(PATCHES, patches_per_case=2)}, [5, 5, 2]),
    ],
)
def test_the_number_of_local_steps(changes: dict[str, object], expected: list[int]) -> None:
    """Site a has six cases."""
    plan, cases = small_plan(**changes), small_sites()["a"].train  # type: ignore[arg-type]
    batches = [len(images) for images, *_ in local_batches(cases, plan, draws())]
    assert batches == expected
    assert num_local_steps(cases, plan) == len(expected)


def test_an_epoch_sees_every_case_once_in_another_order_each_time() -> None:
    plan, cases = small_plan(local_epochs=2, batch_size=1), small_sites()["a"].train
    seen = [next(i for i, case in enumerate(cases) if torch.equal(case.image, images[0]))
            for images, *_ in local_batches(cases, plan, draws())]  # fmt: skip
    assert sorted(seen[:6]) == sorted(seen[6:]) == list(range(6))
    assert seen[:6] != seen[6:]


# Sizes


@pytest.mark.parametrize(
    ("space", "spacing", "wanted", "dims", "expected"),
    [
        ((100, 80), None, None, 2, (100, 80)),
        ((100, 80), None, (2.0, 4.0), 2, (50, 20)),  # photographs: in original pixels
        ((100, 80), (0.5, 0.25), (1.0, 1.0), 2, (50, 20)),
        ((10, 100, 80), (3.0, 0.5, 0.25), (1.5, 1.0, 0.5), 3, (20, 50, 40)),
        ((10, 100, 80), (3.0, 0.5, 0.25), (1.5, 1.0, 0.5), 2, (10, 50, 40)),  # slices stay in number
        ((10, 100, 80), (3.0, 0.5, 0.25), (1.0, 0.5), 2, (10, 50, 40)),
        ((3, 5, 5), (1.0, 1.0, 1.0), (100.0, 100.0, 2.0), 3, (1, 1, 2)),  # 2.5 to even, never 0
    ],
)
def test_the_size_of_a_resampled_image(
    space: tuple[int, ...],
    spacing: tuple[float, ...] | None,
    wanted: tuple[float, ...] | None,
    dims: int,
    expected: tuple[int, ...],
) -> None:
    assert network_space(space, spacing, replace(PATCHES, spacing=wanted), dims) == expected


def test_a_spacing_without_depth_is_refused_for_3d_networks_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"data\.spacing \[1\.0, 0\.5\] has no depth.*give depth, height and width"):
        network_space((10, 100, 80), (3.0, 0.5, 0.25), replace(PATCHES, spacing=(1.0, 0.5)), 3)


@pytest.mark.parametrize(
    ("space", "dims", "expected"),
    [((100, 80), 2, (32, 32)), ((10, 99, 80), 2, (10, 32, 32)), ((9, 9, 9), 3, (8, 32, 32))],
)
def test_the_size_of_a_resized_image(space: tuple[int, ...], dims: int, expected: tuple[int, ...]) -> None:
    assert network_space(space, None, RESIZE, dims) == expected


def test_a_case_held_for_patches_keeps_its_own_size_or_is_resampled() -> None:
    def case(sampling: Sampling, spacing: tuple[float, float] | None) -> Case:
        pixels, mask = np.zeros((40, 60, 3), np.uint8), np.ones((40, 60), np.int32)
        return make_case("x", "x", pixels, structures_of(mask), spacing, sampling, UNIT, 2)

    assert case(PATCHES, None).image.shape == (3, 40, 60)
    halved = case(replace(PATCHES, spacing=(1.0, 1.0)), (0.5, 0.5))
    assert halved.image.shape == (3, 20, 30)
    assert halved.reference.shape == (2, 20, 30)
    assert halved.reference_original.shape == (2, 40, 60)


# Participation


@pytest.mark.parametrize(("participation", "expected"), [(0.01, 1), (0.3, 3), (0.67, 7), (1.0, 10)])
def test_the_share_of_sites_that_train(participation: float, expected: int) -> None:
    sites = tuple("abcdefghij")
    plan = small_plan(sites, participation=participation)
    for round_ in range(1, 6):
        chosen = FedAvg(Mean()).round_participants(plan, round_)
        assert len(chosen) == len(set(chosen)) == expected
        assert list(chosen) == sorted(chosen), "in site order"


def test_sites_are_drawn_anew_in_each_round_from_the_seed() -> None:
    def drawn(seed: int) -> list[tuple[str, ...]]:
        plan = small_plan(tuple("abcdefghij"), participation=0.5, seed=seed)
        return [FedAvg(Mean()).round_participants(plan, round_) for round_ in range(1, 41)]

    first = drawn(0)
    assert drawn(0) == first
    assert drawn(1) != first
    assert len(set(first)) > 30
    counts = Counter(site for chosen in first for site in chosen)
    assert min(counts.values()) >= 10  # of 20 expected
    assert len(counts) == 10


def test_the_pooled_participant_always_trains() -> None:
    assert Centralized("full").round_participants(small_plan(participation=0.1), 1) == (POOLED,)


def test_the_generator_of_participation_is_the_rounds_own() -> None:
    """It shares no draw with a site's training."""
    values = {
        torch.rand(1, generator=generator(0, 1, site, what)).item()
        for site in ("", "a")
        for what in ("participation", "global")
    }
    assert len(values) == 4
