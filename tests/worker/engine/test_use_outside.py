"""A downloaded model used as its card says, in plain PyTorch and MONAI, gives the masks that the platform gives."""

import re

import monai
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from backend.contracts.data_config import DataConfig
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.task_definition import SegmentationTask
from backend.trained_models.usage import how_to_use
from tests.worker.engine.small_sites import small_plan
from worker.engine.inference import predict_masks
from worker.engine.input_normalization import with_numbers
from worker.engine.networks import make_network
from worker.engine.plan_network import load_weights
from worker.engine.transforms import make_case
from worker.jobs.build import build_intensity, build_network_settings, build_sampling

TASK = SegmentationTask.model_validate(
    {
        "modality": "fundus photography",
        "num_channels": 3,
        "structures": [{"name": "disc", "label_values": [1, 2]}, {"name": "cup", "label_values": [2]}],
    }
)


def config_of(**changes: object) -> ExperimentConfig:
    fields: dict[str, object] = {
        "network": NetworkConfig(channels=(4, 8, 16), num_residual_units=1),
        "data": DataConfig(image_size=32),
        "strategies": (FedAvgConfig(),),
    }
    return ExperimentConfig.model_validate(fields | changes)


def network_of(step: str) -> torch.nn.Module:
    """What the card's first step makes, taken from its own words."""
    made = re.search(r"`(monai\.networks\.nets\.UNet\(.*?\))`", step)
    assert made is not None, step
    network: torch.nn.Module = eval(made[1], {"monai": monai})
    return network


@pytest.mark.parametrize(
    ("norm", "intensity", "normalizes_input"),
    [
        ("instance", "unit", False),
        ("batch", "unit", False),
        ("instance", "standardized", False),
        ("batch", "standardized", False),
        ("instance", "unit", True),
    ],
)
def test_the_steps_of_the_card_give_the_platforms_masks(norm: str, intensity: str, normalizes_input: bool) -> None:
    config = config_of(
        network=NetworkConfig(channels=(4, 8, 16), num_residual_units=1, norm=norm),  # type: ignore[arg-type]
        data=DataConfig(image_size=32, intensity=intensity),  # type: ignore[arg-type]
    )
    steps = how_to_use(config, TASK, has_selector=False, normalizes_input=normalizes_input)
    torch.manual_seed(0)
    settings = build_network_settings(config.network)
    ours = make_network(settings, 2, TASK.num_channels, len(TASK.structures)).eval()
    theirs = network_of(steps[0])
    part = ours.state_dict()
    mean, std = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.1])
    if normalizes_input:
        part = with_numbers(part, mean, std)
    ours = load_weights(ours, part)
    mean, std = (part.pop(key, neutral) for key, neutral in (("input_mean", 0 * mean), ("input_std", 1 + 0 * std)))
    theirs.load_state_dict(part, strict=True)
    theirs.eval()

    pixels = np.random.default_rng(0).integers(0, 256, (70, 51, 3)).astype(np.uint8)
    empty = np.zeros((2, 70, 51), dtype=bool)
    sampling, plan_of = build_sampling(config.data), build_intensity(config.data)
    case = make_case("x", "x", pixels, empty, None, sampling, plan_of, 2)
    plan = small_plan(sampling=sampling, network=settings)
    (expected,) = predict_masks(ours, [case], plan)

    x = torch.from_numpy(pixels.transpose(2, 0, 1).astype(np.float32)) / 255
    x = interpolate(x[None], (32, 32), mode="bilinear", align_corners=False, antialias=True)[0]
    if intensity == "standardized":
        x = (x - x.mean((1, 2), keepdim=True)) / x.std((1, 2), keepdim=True).clamp_min(1e-6)
    x = (x - mean.reshape(3, 1, 1)) / std.reshape(3, 1, 1)
    with torch.inference_mode():
        probabilities = torch.sigmoid(theirs(x[None]))[0]
    mask = interpolate(probabilities[None], (70, 51), mode="bilinear", align_corners=False, antialias=True)[0] > 0.5
    assert 0 < expected.sum() < expected.size
    assert np.array_equal(mask.numpy(), expected)
    assert any("32 x 32 **with antialiasing**" in step for step in steps)
    assert any("input_mean" in step for step in steps) == normalizes_input
    assert any("> 0.5" in step and "0: disc, 1: cup" in step for step in steps)


def test_a_card_says_what_cannot_be_used_outside_and_where_other_networks_are_made() -> None:
    steps = how_to_use(config_of(network={"name": "dynunet", "filters": [8, 16, 32]}), TASK, has_selector=True)
    assert "`dynunet`" in steps[0]
    assert "config.network" in steps[0]
    assert "fedsm predict model.zip" in steps[-1]
    assert not any("cannot be used" in step for step in how_to_use(config_of(), TASK, has_selector=False))


def test_patches_and_windows_are_named_with_their_numbers() -> None:
    data = {
        "sampling": "patches",
        "image_size": 64,
        "spacing": [1.0, 0.5],
        "intensity": "window",
        "window": [-160, 240],
    }
    text = "\n".join(how_to_use(config_of(data=data), TASK, has_selector=False))
    for words in ("-160 to 240", "spacing of 1 x 0.5", "sliding_window_inference(images, (64, 64), 8", "overlap=0.5"):
        assert words in text
