"""Real photographs of three sites: registering them and training on them works."""

from pathlib import Path

import pytest

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.status import RunStatus
from backend.contracts.task_definition import SegmentationTask, Structure
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import tiny_config

VESSELS = Path(__file__).resolve().parents[3] / "shared" / "data" / "vessels"
NUM_CASES = {"chase_db1": 28, "hrf": 20, "fives": 20}
TASK = SegmentationTask(num_channels=3, structures=(Structure(name="vessels", label_values=(1,)),))


@pytest.mark.skipif(not VESSELS.is_dir(), reason=f"no real photographs at {VESSELS}")
def test_fedsm_trains_on_three_real_sites(platform: LivePlatform) -> None:
    folders = {name.replace("_", "-"): VESSELS / name for name in NUM_CASES}
    federation = platform.add_federation("Vessels", TASK, folders)
    used = {site.slug.replace("-", "_"): sum(site.num_cases.values()) for site in federation.sites}
    assert used == NUM_CASES
    config = tiny_config(
        FedSMConfig(), data={"image_size": 128}, schedule={"rounds": 2, "batch_size": 4, "loss": "dice_bce"}
    )
    run = await_experiment(platform, platform.start_experiment(federation, "Vessels", config)).runs[0]
    assert run.status == RunStatus.COMPLETED, run.failure
    losses = [m for m in platform.client.run_metrics(run.id) if m.name == "loss" and m.model == "global"]
    mean = {r: sum(m.value for m in losses if m.round == r) / 3 for r in (1, 2)}
    assert mean[2] < mean[1]
    cases = platform.client.run_cases(run.id).cases
    assert all(case.predictions.keys() >= {"global", "super"} for case in cases)
    assert all(case.probabilities is not None for case in cases)
