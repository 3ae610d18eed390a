"""The shares of its task that a site reports: while it loads, validates, trains and tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.task_progress import PREPARED_SHARE
from backend.contracts.tasks import (
    ClaimedTask,
    DatasetManifest,
    EvaluateSitePayload,
    RunSpec,
    TaskPayload,
    TrainSitePayload,
    ValidateSitePayload,
)
from tests.integration.in_process import manifest_of
from tests.integration.tiny_data import SITES, TASK, tiny_config, write_sites
from tests.worker.test_jobs import Artifacts
from tests.worker.worker_api_server import serve_worker_api
from worker.engine.checkpoint import to_bytes
from worker.jobs.build import build_plan, build_strategy
from worker.jobs.kinds import execute
from worker.process.lease import Lease
from worker.process.settings import WorkerSettings
from worker.process.shutdown import is_shutting_down
from worker.process.toolbox import Toolbox
from worker.stores.api_client import ApiClient
from worker.stores.artifact_cache import ArtifactCache
from worker.stores.data_cache import DataCache
from worker.stores.local_state import LocalStateStore

STRATEGY = FedAvgConfig()
RUN = RunSpec(run_id="run", config=tiny_config(STRATEGY), strategy=STRATEGY, seed=0, task=TASK, sites=SITES)
SITE = SITES[0]


class TellingLease(Lease):
    """Remembers every share, of which a lease sends the newest each second."""

    def report(self, fraction: float, step: None = None) -> None:
        told.append(fraction)
        super().report(fraction, step)


told: list[float] = []


@pytest.fixture
def toolbox(tmp_path: Path) -> Iterator[Toolbox]:
    with serve_worker_api() as server:
        Artifacts(server)
        yield Toolbox(
            settings=WorkerSettings(token="token"),
            api=ApiClient(server.url, "token", ArtifactCache(tmp_path / "artifacts", 10**8), is_shutting_down),
            data=DataCache(10**8),
            local_states=LocalStateStore(tmp_path / "local_state"),
            device=torch.device("cpu"),
        )


@pytest.fixture
def manifest(tmp_path: Path) -> DatasetManifest:
    return manifest_of(SITE, write_sites(tmp_path / "data")[SITE], TASK)


def shares_of(payload: TaskPayload, toolbox: Toolbox) -> list[float]:
    told.clear()
    claimed = ClaimedTask(task_id="t", attempt=1, lease_seconds=30, payload=payload)
    execute(payload, toolbox, TellingLease(toolbox.api, claimed, is_shutting_down))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    return list(told)


def first_state(toolbox: Toolbox) -> dict[str, str]:
    state = build_strategy(STRATEGY).initial_state(build_plan(RUN, torch.device("cpu")))
    return {name: toolbox.api.upload(to_bytes(tensors)) for name, tensors in state.items()}


def test_a_training_tells_of_loading_and_of_validation_before_it_has_a_speed(
    toolbox: Toolbox, manifest: DatasetManifest
) -> None:
    state = first_state(toolbox)
    payload = TrainSitePayload(
        run=RUN, round=1, participant=SITE, data=(manifest,), state=state, parts={"global": state["global"]}
    )
    shares = shares_of(payload, toolbox)
    num_cases, num_val = len(manifest.cases), sum(case.split == "val" for case in manifest.cases)
    before = [share for share in shares if share <= PREPARED_SHARE]
    assert len(before) == num_cases + num_val
    assert before[num_cases - 1] == pytest.approx(PREPARED_SHARE / 2)
    assert before[-1] == PREPARED_SHARE
    again = shares_of(payload, toolbox)
    assert again == shares[num_cases:], "cases that are still in memory are not loaded"


def test_a_validation_and_a_test_tell_of_loading_and_of_each_case(toolbox: Toolbox, manifest: DatasetManifest) -> None:
    state = first_state(toolbox)
    splits = [case.split for case in manifest.cases]
    payload = ValidateSitePayload(run=RUN, round=2, participant=SITE, data=(manifest,), state=state)
    shares = shares_of(payload, toolbox)
    assert len(shares) == len(splits) + splits.count("val")
    assert shares[len(splits) - 1] == pytest.approx(PREPARED_SHARE)
    tested = shares_of(EvaluateSitePayload(run=RUN, round=2, participant=SITE, data=(manifest,), state=state), toolbox)
    assert len(tested) == splits.count("test") + splits.count("val")
