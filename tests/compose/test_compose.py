"""The project's own compose files, built and run on a real Docker engine: a FedSM run from empty to finished over REST.

Not part of `make test`: run it with `make test-compose` on a machine with Docker and Compose v2.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from fedsm.synthetic_fundus import FUNDUS_TASK, write_fundus_sites

ROOT = Path(__file__).resolve().parent.parent.parent
PORT = 18080
PROJECT = "fedsm-compose-test"
NUM_ROUNDS = 4


class Stack:
    """The running services, and a REST client that is signed in once `sign_in` was called."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.rest = httpx.Client(
            base_url=f"http://127.0.0.1:{PORT}/api/v1",
            timeout=30,
        )

    def sign_in(self, address: str = rf"http://127\.0\.0\.1:{PORT}") -> None:
        """As a person does: with the address in the log."""
        (token,) = set(re.findall(rf"{address}/\?token=(\w+)", self.compose("logs", "backend")))
        self.rest.headers["Authorization"] = f"Bearer {token}"

    def compose(self, *arguments: str, check: bool = True) -> str:
        return self.run("docker", "compose", *arguments, check=check)

    def run(self, *command: str, cwd: Path = ROOT, check: bool = True) -> str:
        result = subprocess.run(command, cwd=cwd, env=self.environment, capture_output=True, text=True, check=False)
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
    subprocess.run(["chmod", "-R", "a+rX", str(data)], check=True)
    subprocess.run(["chmod", "a+rX", *map(str, data.parents[:3])], check=True)
    environment = {name: text for name, text in os.environ.items() if not name.endswith(("_TOKEN", "_PASSWORD"))}
    environment |= {"COMPOSE_ENV_FILES": os.devnull}  # as in a fresh clone
    environment |= {"COMPOSE_PROJECT_NAME": PROJECT, "COMPOSE_FILE": str(ROOT / "docker-compose.yml")}
    environment |= {"FEDSM_PORT": str(PORT), "FEDSM_DATA_DIR": str(data), "FEDSM_CONCURRENCY": "1"}
    stack = Stack(environment)
    try:
        stack.compose("build", "--quiet")
        stack.compose("up", "--detach", "--wait", "--wait-timeout", "180")
        stack.sign_in()
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


def test_secrets_are_private_apart_and_stay(stack: Stack) -> None:
    """No service is given a secret that it does not need, and none stands in an environment or a command line."""
    look = ("sh", "-c", "cd /run/fedsm-secrets && stat -c '%a %u %n' */* | sort")
    has = {
        "backend": [
            "admin/token",
            "broker/password",
            "broker/url",
            "database/password",
            "database/url",
            "worker/token",
        ],
        "worker-simulated": ["broker/password", "broker/url", "worker/token"],
        "postgres": ["database/password", "database/url"],
        "redis": ["broker/password", "broker/url"],
    }
    for service, names in has.items():
        assert stack.compose("exec", "-T", service, *look).splitlines() == [f"600 10001 {name}" for name in names]
    token = stack.rest.headers["Authorization"].removeprefix("Bearer ")
    assert token not in stack.compose("config")
    assert "every secret is there" in stack.compose("run", "--rm", "-T", "secrets")
    assert stack.compose("exec", "-T", "backend", "cat", "/run/fedsm-secrets/admin/token") == token


def test_the_queue_asks_for_its_password(stack: Stack) -> None:
    ping = stack.compose("exec", "-T", "redis", "valkey-cli", "ping", check=False)
    assert "NOAUTH" in ping


def test_the_gpu_override_gives_the_training_workers_gpus(stack: Stack) -> None:
    files = ("--file", "docker-compose.yml", "--file", "docker-compose.gpu.yml")
    services = json.loads(stack.compose(*files, "config", "--format", "json"))["services"]
    (device,) = services["worker-simulated"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert services["worker-simulated"]["environment"]["FEDSM_DEVICE"] == "cuda"
    assert "deploy" not in services["backend"]


@pytest.fixture(scope="module")
def finished_run(stack: Stack) -> str:
    """The id of a FedSM run, shared by two worker containers that are restarted in mid-run."""
    stack.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "worker-simulated=2")
    wait(lambda: num_online(stack, "simulated") == 2, 60, "both workers for simulated sites are online")
    federation = stack.post("/federations", {"name": "Compose", "task": FUNDUS_TASK.model_dump(mode="json")})
    for folder in site_folders(stack):
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
    run_id = str(experiment["runs"][0]["id"])  # type: ignore[index]

    def run() -> dict[str, object]:
        return dict(stack.get(f"/runs/{run_id}"))  # type: ignore[call-overload]

    wait(lambda: int(str(run()["round"])) >= 2, 120, "the second round is open")
    assert run()["status"] == "running", "the run ended before its workers were restarted: give it more rounds"
    stack.compose("restart", "worker-simulated")
    wait(lambda: run()["status"] in ("completed", "failed"), 240, "the run ends")
    assert run()["status"] == "completed", run()["failure"]
    return run_id


def test_a_run_shared_by_two_workers_finishes_though_they_restart(stack: Stack, finished_run: str) -> None:
    tasks = list(stack.get(f"/runs/{finished_run}/tasks"))  # type: ignore[call-overload]
    trained = [task for task in tasks if task["kind"] == "train_site"]
    assert len(trained) == NUM_ROUNDS * len(site_folders(stack))
    assert all(task["status"] == "completed" for task in trained)
    assert len({task["worker"] for task in trained}) == 2


def test_every_site_has_test_cases_with_masks(stack: Stack, finished_run: str) -> None:
    cases = list(dict(stack.get(f"/runs/{finished_run}/cases"))["cases"])  # type: ignore[call-overload]
    assert {case["site_slug"] for case in cases} == {folder.name for folder in site_folders(stack)}
    assert download(stack, cases[0]["predictions"]["super"])[:2] == b"\x1f\x8b"  # gzip


def test_the_deployment_guides_backup_brings_everything_back(stack: Stack, finished_run: str, tmp_path: Path) -> None:
    backup, restore = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "deployment.md").read_text(), flags=re.DOTALL)
    before = dict(stack.get(f"/runs/{finished_run}/cases"))  # type: ignore[call-overload]
    mask = download(stack, before["cases"][0]["predictions"]["super"])
    stack.run("bash", "-euc", backup, cwd=tmp_path)
    stack.compose("down", "--volumes")
    stack.run("bash", "-euc", restore, cwd=tmp_path)
    stack.sign_in()  # the new installation's tokens are its own
    assert stack.get(f"/runs/{finished_run}/cases") == before
    assert download(stack, before["cases"][0]["predictions"]["super"]) == mask


def site_folders(stack: Stack) -> list[Path]:
    return sorted(Path(stack.environment["FEDSM_DATA_DIR"]).iterdir())


def num_online(stack: Stack, queue: str) -> int:
    workers = dict(stack.get("/system"))["workers"]  # type: ignore[call-overload]
    return sum(worker["online"] and queue in worker["queues"] for worker in workers)


def download(stack: Stack, path: str) -> bytes:
    answer = httpx.get(f"http://127.0.0.1:{PORT}{path}", headers=stack.rest.headers)
    assert answer.is_success, answer.text
    return answer.content


def wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.5)
