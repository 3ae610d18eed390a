"""Dry runs by real workers: every method is tried, and what is estimated is what a run then needs."""

from pathlib import Path

import numpy as np
import pytest
import torch

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.one_global import ScaffoldConfig
from backend.contracts.methods.personalized import (
    DittoConfig,
    FedALAConfig,
    FedBNConfig,
    FedPerConfig,
    FedRepConfig,
    FineTuningConfig,
    PFedMeConfig,
)
from backend.contracts.methods.references import CentralizedConfig, FedAvgConfig, LocalOnlyConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.status import TaskStatus
from backend.dry_runs.schemas import DryRunRecord
from backend.federations.schemas import FederationRecord
from tests.conftest import wait_until
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import NUM_CASES, SITES, TASK, tiny_config
from worker.process.peak_memory import PeakMemory

FEDSM = FedSMConfig(selector=LdaSelector(minimum_cases=2))
STRATEGIES = (
    FEDSM,
    FedAvgConfig(),
    LocalOnlyConfig(),
    CentralizedConfig(),
    DittoConfig(),
    FedPerConfig(),
    FedRepConfig(),
    FineTuningConfig(fine_tuning_rounds=1),
    PFedMeConfig(),
    FedALAConfig(),
)


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, sites: dict[str, Path]) -> FederationRecord:
    return platform.add_federation("Dry runs", TASK, sites)


def tried(platform: LivePlatform, federation: FederationRecord, config: ExperimentConfig) -> DryRunRecord:
    started = platform.client.start_dry_run(federation.id, config)
    wait_until(lambda: platform.client.dry_run(started.id).status != "running", 120, "the dry run")
    return platform.client.dry_run(started.id)


def test_what_is_estimated_is_what_the_runs_then_send(platform: LivePlatform, federation: FederationRecord) -> None:
    """In 8 bits; local-only and centralized models are sent as they are in any format."""
    config = tiny_config(*STRATEGIES, schedule={"rounds": 2, "batch_size": 2, "update_format": "int8"})
    done = tried(platform, federation, config)
    assert done.status == "completed", [site.error for site in done.sites]
    assert [site.site_slug for site in done.sites] == list(SITES)
    for site in done.sites:
        assert site.result is not None
        assert sum(site.result.num_cases.values()) == NUM_CASES[site.site_slug]
        assert site.result.peak_memory_mib > 50
        assert site.result.seconds_to_predict > 0
        assert all(cost.seconds_per_step > 0 for cost in site.result.strategies)
    assert done.estimate is not None
    assert done.estimate.num_processes == 2
    experiment = await_experiment(platform, platform.start_experiment(federation, "As estimated", config))
    for run, estimated in zip(experiment.runs, done.estimate.strategies, strict=True):
        assert run.failure is None
        trainings = [t for t in platform.client.run_tasks(run.id) if t.kind == "train_site" and t.round == 1]
        assert estimated.strategy_label == run.strategy_label
        assert estimated.bytes_up_per_round == sum(task.bytes_up or 0 for task in trainings), run.strategy_label
        assert estimated.bytes_down_per_round == sum(task.bytes_down or 0 for task in trainings), run.strategy_label
    kept = platform.client.experiment_storage(experiment.id)
    # Masks of a hardly trained network are ragged, and pack worse than the references by which they are estimated.
    assert done.estimate.bytes_kept == pytest.approx(kept.num_bytes, rel=0.15), kept.by_kind
    assert done.estimate.bytes_peak >= kept.by_kind["states"]


def test_methods_with_settings_of_their_own_are_tried(platform: LivePlatform, federation: FederationRecord) -> None:
    network = {"channels": (4, 8), "num_residual_units": 1, "norm": "batch"}
    sgd = {"rounds": 2, "batch_size": 2, "optimizer": "sgd", "momentum": 0.0}
    config = tiny_config(ScaffoldConfig(), FedBNConfig(), network=network, schedule=sgd)
    done = tried(platform, federation, config)
    assert done.status == "completed", [site.error for site in done.sites]


def test_a_site_whose_files_changed_says_so(platform: LivePlatform, tmp_path: Path, sites: dict[str, Path]) -> None:
    folders = {slug: tmp_path / slug for slug in ("site-a", "site-b")}
    for slug, folder in folders.items():
        for kind in ("images", "masks"):
            (folder / kind).mkdir(parents=True)
            for file in (sites[slug] / kind).iterdir():
                (folder / kind / file.name).write_bytes(file.read_bytes())
    federation = platform.add_federation("Changed files", TASK, folders)
    for file in (folders["site-b"] / "images").iterdir():
        file.unlink()
    done = tried(platform, federation, tiny_config(FedAvgConfig()))
    assert (done.status, done.estimate) == ("failed", None)
    first, second = done.sites
    assert first.status == TaskStatus.COMPLETED
    assert second.status == TaskStatus.FAILED
    assert second.error is not None
    assert "case-" in second.error


def test_the_peak_is_of_the_context_alone() -> None:
    """64 MiB are written before the context and let go, 192 MiB within it."""
    before = np.ones(8 * 2**20)
    resident_before = before.nbytes / 2**20
    del before
    with PeakMemory(torch.device("cpu")) as small:
        pass
    with PeakMemory(torch.device("cpu")) as large:
        np.ones(24 * 2**20)
    assert resident_before == 64
    assert large.mib - small.mib == pytest.approx(192, abs=24)
    assert large.gpu_mib is None
