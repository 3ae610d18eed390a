"""`fedsm model fine-tune --watch`: it ends once the result is registered, or says why it is not."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from backend.experiments.schemas import ExperimentRecord
from fedsm.cli.app import app
from fedsm.cli.made_from import await_version
from fedsm.client import Client
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.backend.test_model_tests import add_data


def test_a_command_that_watches_ends_with_the_version(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    backend.post(f"/runs/{completed_run}/versions", {"name": "fundus"})
    dataset, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    over = threading.Event()

    def work_and_register() -> bool:
        """Registers a while after the work is done, as the recovery loop does. True: the command waited for it."""
        while not any(kind == "evaluate_site" for kind, *_ in worker.done):
            worker.work_until_idle()
            time.sleep(0.02)
        waited = not over.wait(1.2)
        backend.recover()
        return waited

    worker.done.clear()
    command = ["model", "fine-tune", "fundus:1", "--dataset", dataset, "--epochs", "1", "--watch"]
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work_and_register)
        done = CliRunner().invoke(app, [*command, "--server", backend.url, "--token", ADMIN_TOKEN])
        over.set()
        assert working.result(), done.output
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "registered as fundus-d:1"), done.output


def test_what_could_not_be_registered_ends_the_command_with_the_reason(
    backend: LiveBackend,
    federation: dict[str, Any],
    worker: PlayedWorker,
    completed_run: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    version = backend.post(f"/runs/{completed_run}/versions", {"name": "fundus"})
    dataset, _ = add_data(backend, worker, federation["id"], "d", "/data/d")
    made = backend.post(f"/model-versions/{version['id']}/fine-tunings", {"datasets": [dataset], "epochs": 1})
    worker.work_until_idle()
    by_hand = backend.post(f"/runs/{made['runs'][0]['id']}/versions", {"name": "fundus-d"})
    backend.recover()
    assert backend.admin.delete(f"/api/v1/model-versions/{by_hand['id']}").is_success
    with Client(backend.url, ADMIN_TOKEN) as client, pytest.raises(typer.Exit) as ended:
        await_version(client, ExperimentRecord.model_validate(made))
    assert ended.value.exit_code == 1
    assert "could not be registered as fundus-d" in capsys.readouterr().err
