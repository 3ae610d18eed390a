"""Which sets of models have no form, each with its reason and what to take in its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from backend.contracts.exports import FORMS, ExportForm
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.personalized import ConsensusConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.selector_configs import CnnSelector, LdaSelector, Vgg11Selector
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import RunSpec
from tests.integration.tiny_data import TASK, tiny_config
from tests.worker.predicting.conftest import VOLUME_TASK
from worker.engine.state import Tensors
from worker.exports.graphs import CannotExport
from worker.exports.make import make_export
from worker.predicting.predict import Predictor, make_predictor

ALL: tuple[ExportForm, ...] = FORMS
#: What is refused in which forms, and words of the reason.
REFUSED: dict[str, tuple[StrategyConfig, dict[str, Any], SegmentationTask, tuple[ExportForm, ...], str]] = {
    "soft": (FedSMConfig(routing="soft"), {}, TASK, ALL, "mixes models"),
    "quality": (FedSMConfig(routing="quality"), {}, TASK, ALL, "expects their quality"),
    "consensus": (ConsensusConfig(), {}, TASK, ALL, "fuses the masks of all sites' models"),
    "cnn": (FedSMConfig(selector=CnnSelector()), {}, TASK, ALL, "with a network of its own"),
    "vgg11": (FedSMConfig(selector=Vgg11Selector()), {}, TASK, ALL, "with a network of its own"),
    "encoder": (FedSMConfig(selector=LdaSelector(features="encoder")), {}, TASK, ALL, "with a network of its own"),
    "slices": (FedSMConfig(), {"network": NetworkConfig(channels=(4, 8))}, VOLUME_TASK, ("monai",), "slice by slice"),
}


def _nothing(name: str) -> Tensors:
    raise AssertionError(f"{name} is not asked for before the refusal")


def predictor_of(strategy: StrategyConfig, changes: dict[str, Any], task: SegmentationTask) -> Predictor:
    run = RunSpec(
        run_id="run", config=tiny_config(strategy, **changes), strategy=strategy, seed=0, task=task, sites=("a", "b")
    )
    names = ("global", "personalized/a", "personalized/b", "selector")
    return make_predictor(run, names, _nothing, torch.device("cpu"))


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_form_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    strategy, changes, task, forms, words = REFUSED[name]
    report: Callable[[object], None] = lambda step: None  # noqa: E731
    for form in forms:
        with pytest.raises(CannotExport, match=rf"{words}.*(take model\.zip|take the form onnx)"):
            make_export(predictor_of(strategy, changes, task), form, [], tmp_path / "model.zip", report)
    assert not (tmp_path / "model.zip").exists()
