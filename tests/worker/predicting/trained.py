"""A trained set of models as a ZIP, and the masks of its own test cases as the evaluation of a run gives them."""

import json
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.model_parts import PREDICTING
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import RunSpec
from tests.integration.in_process import manifest_of
from worker.engine.checkpoint import to_bytes
from worker.engine.evaluation import EvaluatedCase, evaluate
from worker.engine.federation import run_rounds
from worker.engine.state import State
from worker.jobs.build import build_plan, build_strategy
from worker.jobs.case_loading import load_participant_data
from worker.stores.data_cache import DataCache


@dataclass(frozen=True)
class TrainedSet:
    """archive: as `model.zip` exports it. tested: by the raw file of each test case, what its evaluation says."""

    run: RunSpec
    state: State
    archive: Path
    tested: Mapping[Path, EvaluatedCase]

    def mask(self, image: Path) -> np.ndarray:
        """[S, *space] of the super model."""
        case = self.tested[image]
        chosen = case.route.chosen_model if case.route is not None else "global"
        return case.masks[chosen]


def train_set(
    config: ExperimentConfig,
    strategy: StrategyConfig,
    task: SegmentationTask,
    sites: Mapping[str, Path],
    folder: Path,
) -> TrainedSet:
    """By the engine alone, on the sites' raw files."""
    manifests = tuple(manifest_of(site, path, task) for site, path in sites.items())
    run = RunSpec(run_id="run", config=config, strategy=strategy, seed=0, task=task, sites=tuple(sites))
    data = load_participant_data(run, manifests, DataCache(sys.maxsize))
    plan, engine = build_plan(run, torch.device("cpu")), build_strategy(strategy)
    *_, last = run_rounds(engine, {site.site: site for site in data}, plan)
    evaluated = {case.case_id: case for case in evaluate(engine, last.state.keys(), last.state.__getitem__, data, plan)}
    images = {case.case_id: Path(m.folder) / case.image for m in manifests for case in m.cases}
    archive = folder / "model.zip"
    write_model(archive, run, {name: to_bytes(part) for name, part in last.state.items() if is_predicting(name)})
    return TrainedSet(run, last.state, archive, {images[case_id]: case for case_id, case in evaluated.items()})


def is_predicting(name: str) -> bool:
    return name.partition("/")[0] in PREDICTING


def write_model(path: Path, run: RunSpec, parts: Mapping[str, bytes]) -> None:
    description = {
        "task": run.task.model_dump(mode="json"),
        "config": run.config.model_dump(mode="json"),
        "strategy": run.strategy.model_dump(mode="json"),
        "sites": list(run.sites),
        "seed": run.seed,
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", json.dumps(description))
        for name, content in parts.items():
            archive.writestr(f"{name}.safetensors", content)
