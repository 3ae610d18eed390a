"""Every network, at its smallest sizes: shapes, bits, what is sent, and the parts that methods treat apart."""

import copy
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
import torch
from pydantic import TypeAdapter
from torch import nn

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.network_configs import AnyNetworkConfig
from tests.worker.engine.small_sites import RESIZE, small_plan
from worker.engine.aggregation import weighted_average
from worker.engine.checkpoint import cpu_state, from_bytes, sha256_of, to_bytes
from worker.engine.losses import DiceBce, segmentation_loss
from worker.engine.networks import (
    PRESETS,
    SETTINGS,
    AttentionUnetSettings,
    BasicUNetSettings,
    DynUNetSettings,
    NetworkSettings,
    SegResNetSettings,
    SwinUNETRSettings,
    UNetSettings,
    batch_norm_keys,
    batch_norm_statistic_keys,
    bottleneck,
    check_size,
    head_keys,
    make_network,
    minimum_size,
    num_bottleneck_features,
    preset,
    size_multiple,
)
from worker.engine.networks.conv3d import PairedConv3d
from worker.engine.networks.presets import Size
from worker.engine.networks.sizes import strides
from worker.engine.plan_network import initial_network
from worker.engine.state import Tensors
from worker.jobs.build import build_network_settings

ROOT = Path(__file__).resolve().parents[3]

#: Small networks of every kind; the presets' own sizes are tried once, in `test_small_presets_...`.
TINY: tuple[NetworkSettings, ...] = (
    UNetSettings((4, 8, 8), 1, "instance"),
    UNetSettings((4, 8), 0, "group"),
    BasicUNetSettings((4, 4, 8, 8, 8, 4), "batch"),
    DynUNetSettings((4, 8, 8, 8, 8), deep_supervision=True, norm="instance"),
    DynUNetSettings((4, 8, 8), deep_supervision=True, norm="batch"),
    DynUNetSettings((4, 8, 8), deep_supervision=False, norm="group"),
    SegResNetSettings(8, (1, 1, 1), (1, 1), "group"),
    SegResNetSettings(4, (1, 1), (1,), "batch"),
    AttentionUnetSettings((4, 8, 8)),
    SwinUNETRSettings(12, (2, 1, 1, 1), (1, 2, 4, 8)),
)
#: Pictures; volumes of slices enough; volumes of 6 slices (never halved) and 8 (halved once).
SPACES = [(2, None), (3, None), (3, 6), (3, 8)]
EVERY = [
    (settings, dims, depth)
    for settings in TINY
    for dims, depth in SPACES
    if not (isinstance(settings, SwinUNETRSettings) and dims == 3)  # 2 s each: tried once, as a preset
]


def built(settings: NetworkSettings, dims: int, depth: int | None, out_channels: int = 2) -> nn.Module:
    torch.manual_seed(0)
    return make_network(settings, dims, 1, out_channels, depth)  # type: ignore[arg-type]


def space_of(settings: NetworkSettings, dims: int, depth: int | None) -> tuple[int, ...]:
    smallest = minimum_size(settings, dims, depth)  # type: ignore[arg-type]
    return smallest if depth is None else (depth, *smallest[1:])


def image_of(settings: NetworkSettings, dims: int, depth: int | None, count: int = 2) -> torch.Tensor:
    shape = (count, 1, *space_of(settings, dims, depth))
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


def trained(settings: NetworkSettings, dims: int, depth: int | None, num_steps: int = 2) -> tuple[nn.Module, Tensors]:
    """The network after a few steps, and its weights before them."""
    network = built(settings, dims, depth).train()
    before = cpu_state(network)
    images = image_of(settings, dims, depth)
    reference = (images > 0.5).float().expand(-1, 2, *images.shape[2:])
    optimizer, loss_of = torch.optim.Adam(network.parameters(), lr=1e-2), segmentation_loss(DiceBce())
    for _ in range(num_steps):
        optimizer.zero_grad()
        torch.autograd.backward(loss_of(network(images), reference))
        optimizer.step()
    return network, before


def test_the_u_nets_initial_weights_are_what_they_have_been() -> None:
    """Hashes of the weights before there were other networks: another value would break old runs' repeatability."""
    hashes = {
        ((4, 8), 1): "69d3d730d597baec31d740ff33ff0dc369fd63eb03da19aadd34ae366a5409a6",
        ((16, 32, 64, 128, 256), 2): "fc09ea8de6fd13cf411c2efaf24d103a426c5dc72fdeeee58eb2f005b07c8377",
        ((4, 8, 16), 0): "09f475379b5f886699323b330e0f93e6b1831850eb047f39e6c856a3df99cbaf",
    }
    for (channels, num_units), expected in hashes.items():
        plan = small_plan(network=UNetSettings(channels, num_units, "instance"))
        assert sha256_of(cpu_state(initial_network(plan))) == expected


@pytest.mark.parametrize(("settings", "dims", "depth"), EVERY, ids=str)
def test_logits_have_the_images_space(settings: NetworkSettings, dims: int, depth: int | None) -> None:
    network, images = built(settings, dims, depth), image_of(settings, dims, depth)
    with torch.inference_mode():
        logits = network.eval()(images)
    assert isinstance(logits, torch.Tensor)
    assert logits.shape == (2, 2, *images.shape[2:])


@pytest.mark.parametrize(("settings", "dims", "depth"), EVERY, ids=str)
def test_training_twice_gives_the_same_bits_and_changes_every_parameter(
    settings: NetworkSettings, dims: int, depth: int | None
) -> None:
    """The smallest size is large enough for every norm, and no parameter is idle.

    Biases before a norm have a gradient of rounding errors at most, so only weights must have moved.
    """
    network, before = trained(settings, dims, depth)
    assert sha256_of(cpu_state(network)) == sha256_of(cpu_state(trained(settings, dims, depth)[0]))
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        if name.endswith("weight"):
            assert not torch.equal(parameter, before[name]), name


@pytest.mark.parametrize("settings", TINY, ids=str)
def test_every_network_learns(settings: NetworkSettings) -> None:
    """Which pixels are bright, in 20 steps: the loss, 0.5 + ln 2 or so before, falls by a quarter at least."""
    images = image_of(settings, 2, None)
    reference = (images > 0.5).float().expand(-1, 2, *images.shape[2:])
    losses = []
    for num_steps in (0, 20):
        network, _ = trained(settings, 2, None, num_steps)
        with torch.no_grad():
            losses.append(float(segmentation_loss(DiceBce())(network(images), reference)))
    assert losses[1] < 0.75 * losses[0]


@pytest.mark.parametrize("settings", TINY, ids=str)
def test_the_state_can_be_stored_averaged_and_copied(settings: NetworkSettings) -> None:
    network, before = trained(settings, 2, None)
    state = network.state_dict()
    assert len({tensor.data_ptr() for tensor in state.values()}) == len(state)  # nothing is sent twice
    assert {tensor.dtype for tensor in state.values()} <= {torch.float32, torch.int64}
    stored = from_bytes(to_bytes(state))
    average = weighted_average([stored, stored], [1, 3])
    for key, tensor in state.items():
        assert torch.equal(stored[key], tensor)
        assert torch.equal(average[key], tensor)
    copy.deepcopy(network).load_state_dict(weighted_average([stored, before], [1, 1]))


@pytest.mark.parametrize("name", PRESETS)
def test_small_presets_take_pictures_and_volumes(name: str) -> None:
    for dims, depth in ((2, None), (3, None)):
        settings = preset(name, "small", dims)  # type: ignore[arg-type]
        network, images = built(settings, dims, depth), image_of(settings, dims, depth, count=1)
        with torch.inference_mode():
            assert network.eval()(images).shape == (1, 2, *images.shape[2:])


def test_deep_supervision_gives_coarser_logits_in_training_only() -> None:
    """Five levels of 32 x 32: outputs at 32, 16 and 8; the two coarsest levels, 4 and 2, have none."""
    settings = DynUNetSettings((4, 8, 8, 8, 8), deep_supervision=True, norm="instance")
    network = built(settings, 2, None)
    sides = [tuple(output.shape[1:]) for output in network.train()(torch.rand(1, 1, 32, 32))]
    assert sides == [(2, 32, 32), (2, 16, 16), (2, 8, 8)]
    assert settings.num_outputs == 3
    assert built(DynUNetSettings((4, 8, 8), False, "instance"), 2, None).train()(torch.rand(1, 1, 8, 8)).ndim == 4
    three_levels = built(DynUNetSettings((4, 8, 8), True, "instance"), 3, 6).train()(torch.rand(1, 1, 6, 8, 8))
    assert [tuple(output.shape[2:]) for output in three_levels] == [(6, 8, 8), (6, 4, 4)]


def test_few_slices_are_halved_by_the_deepest_levels() -> None:
    """16 -> 8 -> 4 (stop: 2 is below 4); 12 -> 6 (stop: 3); 6 (stop: 3); 7 is odd; 64 is halved by all three."""
    settings = UNetSettings((4, 8, 8, 8), 1, "instance")
    flat, full = (1, 2, 2), (2, 2, 2)
    expected = {16: (flat, full, full), 12: (flat, flat, full), 6: (flat,) * 3, 7: (flat,) * 3, 64: (full,) * 3}
    assert {depth: strides(settings, 3, depth) for depth in expected} == expected
    assert strides(settings, 3, None) == (full,) * 3
    assert size_multiple(settings, 3, 12) == (2, 8, 8)
    assert size_multiple(settings, 2) == (8, 8)
    assert minimum_size(settings, 3, 12) == (2, 16, 16)
    swin = SwinUNETRSettings(12, (2, 2, 2, 2), (1, 2, 4, 8))
    assert size_multiple(swin, 3, 12) == (32, 32, 32)
    with pytest.raises(ValueError, match="depth 0 must be the number of slices"):
        strides(settings, 3, 0)


@pytest.mark.parametrize("depth", [None, 8])
@pytest.mark.parametrize("settings", TINY[:-1], ids=str)
def test_half_of_a_multiple_does_not_fit_and_is_refused_with_the_remedy(
    settings: NetworkSettings, depth: int | None
) -> None:
    multiple = size_multiple(settings, 3, depth)
    check_size(settings, tuple(2 * side for side in multiple), depth)
    for axis, name in enumerate(("depth", "height", "width")):
        size = [4 * side for side in multiple]
        size[axis] += multiple[axis] // 2
        if multiple[axis] > 1:
            with pytest.raises(ValueError, match=rf"^{name} {size[axis]} .* multiple of {multiple[axis]}, .* choose "):
                check_size(settings, tuple(size), depth)
    with pytest.raises(ValueError, match=rf"^width {multiple[2]} .* choose {2 * multiple[2]}"):
        check_size(settings, (4 * multiple[0], 4 * multiple[1], multiple[2]), depth)


SIDES, DEPTHS = (32, 48, 64, 96, 128), (6, 8, 32, 40, 64)


@pytest.mark.parametrize("name", PRESETS)
def test_the_engine_and_the_experiment_take_the_same_sizes(name: str) -> None:
    """Each has the rule, for neither may import the other: what a configuration takes, the engine's networks take."""
    for dims, size in product((2, 3), get_args(Size)):
        settings = preset(name, size, dims)  # type: ignore[arg-type]
        given = {"name": name, "spatial_dims": dims, **PRESETS[name][size][dims]}  # type: ignore[index]
        given.pop("blocks_up", None)
        taken = 0
        for side, depth in product(SIDES, DEPTHS if dims == 3 else (8,)):
            space, slices = ((side, side), None) if dims == 2 else ((depth, side, side), depth)
            data, strategies = {"image_size": side, "depth": depth}, ({"name": "fedavg"},)
            allowed = accepts(ExperimentConfig, network=given, data=data, strategies=strategies)
            assert allowed == accepts(check_size, settings=settings, size=space, depth=slices), (size, dims, space)
            taken += allowed
        assert taken


def accepts(rule: Callable[..., object], **given: object) -> bool:
    try:
        rule(**given)
    except ValueError:
        return False
    return True


def test_a_plan_whose_images_do_not_fit_its_network_is_refused_before_anything_is_built() -> None:
    """Three levels halve twice: 30 is no multiple of 4."""
    plan = small_plan(network=UNetSettings((4, 8, 8), 1, "instance"), sampling=replace(RESIZE, size=30))
    with pytest.raises(ValueError, match=r"^height 30 does not fit the network: .* multiple of 4, .* choose "):
        initial_network(plan)


@pytest.mark.parametrize("settings", TINY, ids=str)
def test_head_keys_are_those_that_depend_on_the_number_of_structures(settings: NetworkSettings) -> None:
    """All tensors whose shape changes with it are in the head, and the head is the smaller part of the network."""
    two, three = built(settings, 2, None), built(settings, 2, None, out_channels=3)
    other = three.state_dict()
    changed = {key for key, tensor in two.state_dict().items() if tensor.shape != other[key].shape}
    head = head_keys(settings, two)
    assert changed <= head
    assert changed
    assert head == head_keys(settings, three)
    size = sum(two.state_dict()[key].numel() for key in head)
    assert size < 0.5 * sum(tensor.numel() for tensor in two.state_dict().values())


@pytest.mark.parametrize("settings", TINY, ids=str)
def test_batch_norm_keys(settings: NetworkSettings) -> None:
    """A training step moves the statistics of every batch norm layer, without any optimizer."""
    network = built(settings, 2, None).train()
    before = cpu_state(network)
    with torch.no_grad():
        network(image_of(settings, 2, None))
    moved = {key for key, tensor in network.state_dict().items() if not torch.equal(tensor, before[key])}
    assert batch_norm_statistic_keys(network) == moved
    has_batch_norm = isinstance(settings, AttentionUnetSettings) or getattr(settings, "norm", None) == "batch"
    assert bool(moved) == has_batch_norm
    learned = batch_norm_keys(network) - moved
    assert len(moved) == 3 * len(learned) / 2  # running mean and variance and a counter to a weight and a bias
    assert learned <= {name for name, _ in network.named_parameters()}


@pytest.mark.parametrize(("settings", "dims", "depth"), [e for e in EVERY if e[2] in (None, 8)], ids=str)
def test_the_bottleneck_gives_the_deepest_features(settings: NetworkSettings, dims: int, depth: int | None) -> None:
    """Its output has the space of the input divided by the multiple, and the number of features that is promised."""
    network, images = built(settings, dims, depth).eval(), image_of(settings, dims, depth)
    seen: list[torch.Size] = []
    handle = bottleneck(settings, network).register_forward_hook(lambda _, __, output: seen.append(output.shape))
    with torch.inference_mode():
        network(images)
    handle.remove()
    multiple = size_multiple(settings, dims, depth)  # type: ignore[arg-type]
    space = tuple(side // factor for side, factor in zip(images.shape[2:], multiple, strict=True))
    assert seen == [(2, num_bottleneck_features(settings), *space)]


def test_group_norm_takes_the_most_groups_that_divide_a_layers_channels() -> None:
    """Of the U-Net's layers of 12, 6 and (the last, one channel a structure) 3 channels: 6, 6 and 3 groups of 8."""
    network = built(UNetSettings((6, 12), 1, "group"), 2, None, out_channels=3)
    norms = [module for module in network.modules() if isinstance(module, nn.GroupNorm)]
    assert {(norm.num_channels, norm.num_groups) for norm in norms} == {(12, 6), (6, 6), (3, 3)}
    assert not batch_norm_keys(network)


def test_a_lone_volume_is_convolved_as_one_of_two_is() -> None:
    """The network's 3D convolutions give PyTorch's own results, gradients too, whatever way it computes them."""
    network = built(UNetSettings((4, 8), 1, "instance"), 3, 8)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv3d)]
    assert convolutions
    assert all(isinstance(module, PairedConv3d) for module in convolutions)
    for stride in (1, (1, 2, 2)):
        plain, paired = nn.Conv3d(2, 3, 3, stride, padding=1), PairedConv3d(2, 3, 3, stride, padding=1)
        paired.load_state_dict(plain.state_dict())
        volume = torch.rand(1, 2, 6, 8, 8, generator=torch.Generator().manual_seed(0))
        for convolution in (plain, paired):
            torch.autograd.backward(convolution(volume).square().sum())
        assert torch.allclose(plain(volume), paired(volume), atol=1e-5)
        for ours, theirs in zip(paired.parameters(), plain.parameters(), strict=True):
            assert torch.allclose(ours.grad, theirs.grad, rtol=1e-4, atol=1e-4)


REFUSED = [
    (lambda: UNetSettings((16,), 1, "instance"), r"channels \(16,\) has 1 numbers: give 2 or more"),
    (lambda: UNetSettings((16, 0), 1, "instance"), r"channels \(16, 0\): every number must be 1 or more"),
    (lambda: UNetSettings((16, 32), -1, "instance"), "num_residual_units -1 is negative: choose 0"),
    (lambda: BasicUNetSettings((4,) * 7, "batch"), "has 7 numbers: give six"),
    (lambda: DynUNetSettings((4, 8), True, "batch"), "has 2 numbers: give 3 or more"),
    (lambda: SegResNetSettings(8, (1, 2), (1, 1), "group"), r"blocks_up \(1, 1\) has 2 numbers: give 1"),
    (lambda: AttentionUnetSettings((5, 8)), "need even numbers"),
    (lambda: SwinUNETRSettings(20, (2,) * 4, (1,) * 4), "feature_size 20 must be a multiple of 12"),
    (lambda: SwinUNETRSettings(12, (2,) * 3, (1,) * 4), r"depths \(2, 2, 2\) has 3 numbers"),
    (lambda: SwinUNETRSettings(12, (2,) * 4, (1, 1, 5, 1)), "5 does not divide the 48 features of stage 3"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_settings_that_make_no_network_are_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_what_a_configuration_can_hold(name: str) -> None:
    """blocks_up is not in the configuration: it is one block a level there, and in the presets."""
    for size in get_args(Size):
        for dims, fields in PRESETS[name][size].items():  # type: ignore[index]
            given = {"name": name, "spatial_dims": dims, **fields}
            given.pop("blocks_up", None)
            config = TypeAdapter[AnyNetworkConfig](AnyNetworkConfig).validate_python(given)
            assert build_network_settings(config) == preset(name, size, dims)  # type: ignore[arg-type]


def test_presets_grow_and_the_documentation_has_their_parameter_counts() -> None:
    """Counted as scripts/network_table.py counts: two structures, pictures in colour, volumes of one channel."""
    table = (ROOT / "docs" / "networks.md").read_text()
    assert set(PRESETS) == set(SETTINGS)
    for name in PRESETS:
        counts: dict[int, list[int]] = {2: [], 3: []}
        for size in get_args(Size):
            (row,) = [line for line in table.splitlines() if line.startswith(f"| `{name}` | {size} |")]
            for dims, numbers in counts.items():
                settings = preset(name, size, dims)  # type: ignore[arg-type]
                assert isinstance(settings, SETTINGS[name])
                # The meta device allocates nothing; MONAI's Swin UNETR cannot be built there.
                with torch.device("cpu" if name == "swin-unetr" else "meta"):
                    network = make_network(settings, dims, {2: 3, 3: 1}[dims], 2)  # type: ignore[arg-type]
                numbers.append(sum(parameter.numel() for parameter in network.parameters()))
                assert f"| {numbers[-1]:,} |" in row
        assert all(numbers == sorted(set(numbers)) for numbers in counts.values())
