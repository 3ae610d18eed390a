from pathlib import Path

import pytest

from worker.process.settings import WorkerSettings, num_usable_cores


def test_queues_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDSM_QUEUES", "coordinator, site.charite")
    assert WorkerSettings().queues == ("coordinator", "site.charite")


def test_no_queue_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDSM_QUEUES", " , ")
    with pytest.raises(ValueError, match="name at least one queue"):
        WorkerSettings()


def test_one_process_a_gpu_else_a_core() -> None:
    assert WorkerSettings(concurrency=3).num_processes(num_gpus=8) == 3
    assert WorkerSettings().num_processes(num_gpus=8) == 8
    assert WorkerSettings().num_processes(num_gpus=0) == num_usable_cores()


def test_the_token_comes_from_the_environment_else_from_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEDSM_HOME", str(tmp_path))
    monkeypatch.delenv("FEDSM_WORKER_TOKEN", raising=False)
    with pytest.raises(ValueError, match="set FEDSM_WORKER_TOKEN"):
        _ = WorkerSettings().token
    (tmp_path / "worker-token").write_text("from-file\n")
    assert WorkerSettings().token == "from-file"
    monkeypatch.setenv("FEDSM_WORKER_TOKEN", "from-environment")
    assert WorkerSettings().token == "from-environment"


def test_a_secret_is_not_printed() -> None:
    assert "hush" not in repr(WorkerSettings(worker_token="hush"))
