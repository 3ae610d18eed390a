"""Graphs of every architecture, and of methods whose sites keep something of their own: each model's graph holds its
own weights and statistics, and computes what the engine's network does. All forms are made of these graphs."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from backend.contracts.data_config import DataConfig
from backend.contracts.methods.personalized import DittoConfig, FedBNConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.network_configs import (
    AttentionUnetConfig,
    DynUNetConfig,
    NetworkConfig,
    SegResNetConfig,
    SwinUNETRConfig,
)
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import RunSpec
from tests.integration.tiny_data import TASK, tiny_config
from tests.worker.predicting.conftest import VOLUME_TASK
from worker.engine.plan_network import blank_network, load_network
from worker.engine.state import Tensors
from worker.exports.onnx_form import write_onnx
from worker.exports.torch_form import network_programs
from worker.predicting.predict import Predictor, make_predictor

OF_SITES = ("global", "personalized/a", "personalized/b")
#: The method, its models, the network, and the size that it is tried on: another than the settings',
#: but of Swin UNETR, whose graph has one size.
SETS: dict[str, tuple[StrategyConfig, tuple[str, ...], Any, tuple[int, ...]]] = {
    "FedBN": (FedBNConfig(), OF_SITES[1:], NetworkConfig(channels=(4, 8), norm="batch"), (48, 64)),
    "Ditto, group norm": (DittoConfig(), OF_SITES, NetworkConfig(channels=(4, 8), norm="group"), (48, 64)),
    "DynUNet of volumes": (
        FedAvgConfig(),
        OF_SITES[:1],
        DynUNetConfig(spatial_dims=3, filters=(4, 8, 8), deep_supervision=True),
        (16, 48, 40),
    ),
    "SegResNet of volumes": (
        FedAvgConfig(),
        OF_SITES[:1],
        SegResNetConfig(spatial_dims=3, init_filters=8, blocks_down=(1, 1)),
        (16, 48, 40),
    ),
    "attention U-Net": (FedAvgConfig(), OF_SITES[:1], AttentionUnetConfig(channels=(4, 8)), (48, 64)),
    "Swin UNETR": (FedAvgConfig(), OF_SITES[:1], SwinUNETRConfig(depths=(1, 1, 1, 1)), (64, 64)),
}


def predictor_of(strategy: StrategyConfig, models: tuple[str, ...], network: Any) -> Predictor:
    """Of models with weights and running statistics that are drawn, all others' unlike."""
    is_volume = network.spatial_dims == 3
    data = DataConfig(image_size=64, depth=8, intensity="percentile") if is_volume else DataConfig(image_size=64)
    config = tiny_config(strategy, network=network, data=data)
    task = VOLUME_TASK if is_volume else TASK
    run = RunSpec(run_id="run", config=config, strategy=strategy, seed=0, task=task, sites=("a", "b"))
    parts: dict[str, Tensors] = {}
    made = make_predictor(run, models, parts.__getitem__, torch.device("cpu"))
    draws = torch.Generator().manual_seed(0)
    for name in models:
        weights = blank_network(made.plan).state_dict()
        parts[name] = {key: drawn(key, value, draws) for key, value in weights.items()}
    return made


def drawn(key: str, value: torch.Tensor, draws: torch.Generator) -> torch.Tensor:
    """Near the value that it begins with; variances stay positive, and counters and indices as they are."""
    if not value.is_floating_point():
        return value
    moved = 0.2 * torch.randn(value.shape, generator=draws)
    return value + (moved.abs() if key.endswith("running_var") else moved)


@pytest.mark.parametrize("name", SETS)
def test_each_models_graph_computes_what_its_network_does(name: str) -> None:
    torch.set_num_threads(1)
    strategy, models, network, space = SETS[name]
    predictor = predictor_of(strategy, models, network)
    image = torch.rand((2, predictor.plan.num_channels, *space), generator=torch.Generator().manual_seed(1))
    answers = []
    for model, program in network_programs(predictor, lambda number, of: None):
        with torch.inference_mode():
            found = program.module()(image)
            expected = torch.sigmoid(load_network(predictor.plan, predictor.load_part(model)).eval()(image))
        torch.testing.assert_close(found, expected, atol=2e-5, rtol=0)
        assert found.std() > 1e-3, "a constant would say nothing"
        answers.append((model, found))
    assert [model for model, _ in answers] == list(models)
    assert not any(torch.allclose(answers[0][1], other, atol=1e-3) for _, other in answers[1:])


def test_3d_convolutions_without_bias_run_in_onnx_runtime(tmp_path: Path) -> None:
    """As SegResNet and DynUNet have them: PyTorch writes them with a bias that ONNX Runtime refuses."""
    torch.set_num_threads(1)
    strategy, models, network, space = SETS["SegResNet of volumes"]
    predictor = predictor_of(strategy, models, network)
    write_onnx(predictor, tmp_path, lambda number, of: None)
    image = torch.rand((2, predictor.plan.num_channels, *space), generator=torch.Generator().manual_seed(1))
    (found,) = onnxruntime.InferenceSession(tmp_path / "global.onnx").run(None, {"image": image.numpy()})
    with torch.inference_mode():
        expected = torch.sigmoid(load_network(predictor.plan, predictor.load_part("global")).eval()(image))
    np.testing.assert_allclose(found, expected.numpy(), atol=2e-5)
