"""The project's own compose files, built and run on a real Docker engine: a FedSM run from empty to finished over REST.

Not part of `make test`: run it with `make test-compose` on a machine with Docker and Compose v2.
"""

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from worker.datasets.synthetic import FUNDUS_TASK, write_fundus_sites

ROOT = Path(__file__).resolve().parent.parent.parent
PORT = 18080
PROJECT = "fedsm-compose-test"
NUM_ROUNDS = 4


class Stack:
    """The running services, and a REST client that is signed in."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.rest = httpx.Client(
            base_url=f"http://127.0.0.1:{PORT}/api/v1",
            headers={"Authorization": f"Bearer {environment['FEDSM_ADMIN_TOKEN']}"},
            timeout=30,
        )

    def compose(self, *arguments: str, check: bool = True) -> str:
        command = ["docker", "compose", "--project-name", PROJECT, *arguments]
        result = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert not check or result.returncode == 0, f"{' '.join(command)}:\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def get(self, path: str) -> object:
        answer = self.rest.get(path)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: object = None) -> dict[str, object]:
        answer = self.rest.post(path, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.fail("no Docker engine answers `docker info`: start one, then repeat make test-compose")
    data = tmp_path_factory.mktemp("compose-data")
    write_fundus_sites(data, seed=1, image_side=64, num_cases=(14, 12, 10))
    subprocess.run(["chmod", "-R", "a+rX", str(data), *map(str, data.parents[:3])], check=True)
    names = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "FEDSM_ADMIN_TOKEN", "FEDSM_WORKER_TOKEN")
    environment = os.environ | {name: secrets.token_hex(24) for name in names}
    stack = Stack(environment | {"FEDSM_PORT": str(PORT), "FEDSM_DATA_DIR": str(data)})
    try:
        stack.compose("build", "--quiet")
        stack.compose("up", "--detach", "--wait", "--wait-timeout", "120")
        yield stack
    finally:
        print(stack.compose("logs", "--no-color", "--tail", "40", check=False))
        stack.compose("down", "--volumes", "--remove-orphans", check=False)


def test_every_service_becomes_healthy(stack: Stack) -> None:
    lines = stack.compose("ps", "--format", "json").strip().splitlines()
    health = {row["Service"]: row["Health"] for row in map(json.loads, lines)}
    assert health == dict.fromkeys(
        ("postgres", "redis", "backend", "worker-coordinator", "worker-simulated"), "healthy"
    )


def test_the_backend_serves_the_built_frontend(stack: Stack) -> None:
    page = httpx.get(f"http://127.0.0.1:{PORT}/")
    assert page.status_code == 200
    assert '<div id="root">' in page.text


@pytest.mark.parametrize("service", ["backend", "worker-coordinator", "worker-simulated"])
def test_services_do_not_run_as_root(stack: Stack, service: str) -> None:
    assert stack.compose("exec", "-T", service, "id", "-u").strip() == "10001"


def test_the_backend_has_no_torch_and_the_worker_no_database_driver(stack: Stack) -> None:
    find = "import importlib.util, sys; print(importlib.util.find_spec(sys.argv[1]) is not None)"
    assert stack.compose("exec", "-T", "backend", "python3", "-c", find, "torch").strip() == "False"
    assert stack.compose("exec", "-T", "worker-simulated", "python3", "-c", find, "torch").strip() == "True"
    assert stack.compose("exec", "-T", "worker-simulated", "python3", "-c", find, "sqlalchemy").strip() == "False"


def test_compose_without_secrets_says_what_to_do() -> None:
    environment = {key: value for key, value in os.environ.items() if not key.endswith(("_TOKEN", "_PASSWORD"))}
    command = ["docker", "compose", "--env-file", os.devnull, "config"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "make env" in result.stderr


def test_a_fedsm_run_finishes_though_its_worker_restarts(stack: Stack) -> None:
    federation = stack.post("/federations", {"name": "Compose", "task": FUNDUS_TASK.model_dump(mode="json")})
    for folder in sorted(Path(stack.environment["FEDSM_DATA_DIR"]).iterdir()):
        site = stack.post(f"/federations/{federation['id']}/sites", {"name": folder.name, "slug": folder.name})
        dataset = stack.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{folder.name}"})
        path = f"/datasets/{dataset['id']}"
        wait(lambda path=path: stack.get(path)["status"] == "ready", 60, "the data set is checked")  # type: ignore[index]
    config = {
        "data": {"image_size": 64},
        "network": {"channels": [8, 16, 32]},
        "schedule": {"rounds": NUM_ROUNDS, "batch_size": 4},
        "strategies": [{"name": "fedsm"}],
    }
    experiment = stack.post(f"/federations/{federation['id']}/experiments", {"name": "FedSM", "config": config})
    stack.post(f"/experiments/{experiment['id']}/start")
    run_id = experiment["runs"][0]["id"]  # type: ignore[index]

    def run() -> dict[str, object]:
        return dict(stack.get(f"/runs/{run_id}"))  # type: ignore[call-overload]

    wait(lambda: int(str(run()["round"])) >= 2, 120, "the second round is open")
    stack.compose("restart", "worker-simulated")
    wait(lambda: run()["status"] in ("completed", "failed"), 240, "the run ends")
    assert run()["status"] == "completed", run()["failure"]
    cases = dict(stack.get(f"/runs/{run_id}/cases"))  # type: ignore[call-overload]
    assert {case["site_slug"] for case in cases["cases"]} == {
        folder.name for folder in Path(stack.environment["FEDSM_DATA_DIR"]).iterdir()
    }
    mask = httpx.get(f"http://127.0.0.1:{PORT}{cases['cases'][0]['predictions']['super']}", headers=stack.rest.headers)
    assert mask.status_code == 200
    assert mask.content[:2] == b"\x1f\x8b"  # gzip


def wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.5)
