"""What a run's artifacts must hash to, by the engine alone: no platform in between."""

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.local_work import local_work, mean_work
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import DatasetManifest, ManifestCase, RunSpec, SplitFractions
from worker.datasets.folder import check_folder
from worker.engine.checkpoint import to_bytes
from worker.engine.federation import run_rounds
from worker.in_process.best_round import best_round
from worker.in_process.early_stopping import early_stopping
from worker.jobs.build import build_plan, build_strategy
from worker.jobs.case_loading import load_participant_data
from worker.stores.data_cache import DataCache

#: Round to part name to SHA-256.
Hashes = dict[int, dict[str, str]]


@dataclass(frozen=True)
class ExpectedRun:
    hashes: Hashes
    best_round: int


def run_in_process(
    config: ExperimentConfig, strategy: StrategyConfig, task: SegmentationTask, sites: Mapping[str, Path]
) -> ExpectedRun:
    """run_rounds() on the sites' folders, with one thread as workers compute."""
    torch.set_num_threads(1)
    manifests = tuple(manifest_of(site, folder, task) for site, folder in sites.items())
    works = [local_work(config, [manifest], {}, is_volume=False) for manifest in manifests]
    run = RunSpec(
        run_id="run",
        config=config,
        strategy=strategy,
        seed=config.seeds[0],
        task=task,
        sites=tuple(sites),
        site_steps=mean_work(works).least_steps,
    )
    data = load_participant_data(run, manifests, DataCache(sys.maxsize))
    engine = build_strategy(strategy)
    ends = early_stopping(config.schedule, engine.criterion)
    records = list(run_rounds(engine, {site.site: site for site in data}, build_plan(run, torch.device("cpu")), ends))
    metrics = {record.round: record.metrics for record in records}
    return ExpectedRun(
        hashes={
            record.round: {name: hashlib.sha256(to_bytes(part)).hexdigest() for name, part in record.state.items()}
            for record in records
        },
        best_round=best_round(metrics, engine.criterion).round,
    )


def manifest_of(site: str, folder: Path, task: SegmentationTask) -> DatasetManifest:
    """As the backend makes it of the same folder, with the default split."""
    checked = check_folder(folder, task, SplitFractions(), 0).cases
    files = tuple(
        ManifestCase(
            case_id=f"{site}-{case.name}",
            name=case.name,
            split=case.split,
            image=case.image,
            mask=case.mask,
            image_sha256=case.image_sha256,
            mask_sha256=case.mask_sha256,
        )
        for case in checked
        if case.reason_code is None
    )
    return DatasetManifest(dataset_id=site, site=site, folder=str(folder), cases=files)
