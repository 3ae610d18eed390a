"""The backend's idea of a compressed file and the engine's are one."""

from pathlib import Path
from typing import get_args

import pytest
import torch

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import CentralizedConfig, FedAvgConfig, LocalOnlyConfig
from backend.contracts.safetensors_header import TensorInfo, read_header
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import RunSpec
from backend.contracts.update_format import UpdateFormat, header_of_update
from tests.integration.tiny_data import SITES, TASK, tiny_config
from worker.engine.checkpoint import to_bytes
from worker.engine.exchange import apply_update_transforms
from worker.engine.state import GLOBAL, Tensors
from worker.jobs.build import build_plan

#: Of every shape and type that a state dict may have, without numbers, and with one number alone.
RECEIVED: Tensors = {
    "conv.weight": torch.randn(6, 3, 3, 3),
    "linear.weight": torch.randn(1, 9),
    "bias": torch.randn(6),
    "scalar": torch.tensor(0.5),
    "empty": torch.zeros(0, 3),
    "alpha": torch.zeros(2, 2, dtype=torch.float64),
    "index": torch.zeros(4, 4, dtype=torch.int64),
}


def run_of(strategy: StrategyConfig, form: UpdateFormat) -> RunSpec:
    config = tiny_config(strategy, schedule={"rounds": 2, "batch_size": 2, "update_format": form})
    return RunSpec(run_id="run", config=config, strategy=strategy, seed=0, task=TASK, sites=SITES)


def header(tensors: Tensors, folder: Path) -> dict[str, TensorInfo]:
    path = folder / "part.safetensors"
    path.write_bytes(to_bytes(tensors))
    return read_header(path)


@pytest.mark.parametrize("form", get_args(UpdateFormat))
def test_a_part_that_is_sent_has_the_header_that_the_backend_expects(form: UpdateFormat, tmp_path: Path) -> None:
    plan = build_plan(run_of(FedAvgConfig(), form), torch.device("cpu"))
    trained = {key: x + 1 for key, x in RECEIVED.items()}
    transforms = plan.update_transforms
    parts, _ = apply_update_transforms(transforms, {GLOBAL: trained}, {GLOBAL: RECEIVED}, 0, 1, "a", (GLOBAL,))
    assert header(parts[GLOBAL], tmp_path) == header_of_update(header(RECEIVED, tmp_path), form)
    assert bool(plan.gather_transforms) == (form != "float32")


@pytest.mark.parametrize("strategy", [LocalOnlyConfig(), CentralizedConfig()])
def test_models_of_one_place_are_sent_as_they_are(strategy: StrategyConfig) -> None:
    assert run_of(strategy, "int8").update_format == "float32"
    assert build_plan(run_of(strategy, "int8"), torch.device("cpu")).update_transforms == ()
    assert run_of(FedSMConfig(), "int8").update_format == "int8"


def test_a_run_says_its_format_only_where_it_is_not_the_usual_one() -> None:
    """Agents of the protocol before know no such setting."""
    assert "update_format" not in run_of(FedAvgConfig(), "float32").model_dump(mode="json")["config"]["schedule"]
    run = run_of(FedAvgConfig(), "bfloat16")
    assert RunSpec.model_validate_json(run.model_dump_json()) == run
