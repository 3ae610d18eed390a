"""A hospital's credential reaches its own tasks and what they name, and nothing of anybody else's."""

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from backend.contracts.artifacts import SAFETENSORS
from backend.db.models import RunRound, Task
from backend.db.session import read_only
from backend.worker_api import endpoints as worker_api
from fedsm.site_agent.signing import BODY_SHA256
from tests.backend.conftest import FEDSM, start_run
from tests.backend.document import openapi_document
from tests.backend.link.played_site import PlayedSite
from tests.backend.live_backend import LiveBackend
from tests.backend.played_results import played_weights
from tests.backend.played_worker import PlayedWorker
from tests.conftest import wait_until

#: Calls with a task in their path: each is tried on every task of the other hospital and of the coordinator.
CALLS = {"claim_task", "report_progress", "complete_task", "fail_task"}


def attempts(client: httpx.Client, task: dict[str, Any], worker: str) -> dict[str, httpx.Response]:
    """Every call that the worker API has for a task, with a body that its owner could send."""
    path, attempt = f"/worker-api/v1/tasks/{task['id']}", task["attempt"]
    result = {"kind": "validate_site", "metrics": []}
    if task["kind"] == "describe_dataset":
        result = {"kind": "describe_dataset", "cases": []}
    return {
        "claim_task": client.post(f"{path}/claim", json={"worker": worker}),
        "report_progress": client.post(f"{path}/progress", json={"attempt": attempt, "fraction": 0.5}),
        "complete_task": client.post(f"{path}/complete", json={"attempt": attempt, "result": result}),
        "fail_task": client.post(f"{path}/fail", json={"attempt": attempt, "message": "forged"}),
    }


def all_tasks(backend: LiveBackend) -> list[dict[str, Any]]:
    with read_only(backend.platform.database) as session:
        return [
            {
                name: getattr(task, name)
                for name in ("id", "kind", "queue", "status", "attempt", "worker", "error", "num_said")
            }
            for task in session.query(Task).order_by(Task.id)
        ]


@pytest.fixture
def run_of_hospitals(
    backend: LiveBackend, worker: PlayedWorker, hospitals: dict[str, Any], sites: dict[str, PlayedSite]
) -> str:
    """Round 1 waits at both hospitals."""
    run_id = start_run(backend, hospitals, strategies=[FEDSM])
    worker.work_until_idle()
    return run_id


def test_every_call_of_another_ones_task_is_refused(
    backend: LiveBackend, worker: PlayedWorker, sites: dict[str, PlayedSite], run_of_hospitals: str
) -> None:
    """Tasks that wait, that are under way, and that are over; of the other hospital and of the coordinator."""
    north, south = sites["north"], sites["south"]
    of_api = {route.name for route in worker_api.router.routes if "{task_id}" in route.path}  # type: ignore[attr-defined]
    assert of_api == CALLS
    for claims in (False, True):
        if claims:
            south.must_claim(str(south.next_task_id("")))
        before = all_tasks(backend)
        foreign = [task for task in before if task["queue"] != "site.north"]
        assert {task["queue"] for task in foreign} == {"coordinator", "site.south"}
        for task in foreign:
            for call, answer in attempts(north.client, task, "workstation").items():
                assert answer.status_code == 409, f"{call} of {task}: {answer.text}"
                assert task["id"] in answer.json()["detail"]
        assert all_tasks(backend) == before
    one = next(task for task in foreign if task["kind"] == "train_site")
    nothing = one | {"id": "0123456789abcdef"}
    words = []
    for task in (one, nothing):
        answers = attempts(north.client, task, "w")
        words.append({call: answer.json()["detail"].replace(task["id"], "ID") for call, answer in answers.items()})
    assert words[0] == words[1], "another one's task is answered as one that is not there"


def test_the_shared_token_reaches_no_task_of_a_hospital(
    backend: LiveBackend, worker: PlayedWorker, sites: dict[str, PlayedSite], run_of_hospitals: str
) -> None:
    sites["south"].must_claim(str(sites["south"].next_task_id("")))
    before = all_tasks(backend)
    for task in before:
        if task["queue"].startswith("site."):
            for call, answer in attempts(backend.worker, task, "vm").items():
                assert answer.status_code == 409, f"{call} of {task}: {answer.text}"
    assert all_tasks(backend) == before
    assert worker.task_ids("site.north") == [], "the broker never hears of a hospital's task"
    backend.recover()
    assert worker.task_ids("site.north") == []


def test_artifacts_are_those_of_the_own_task(
    backend: LiveBackend, sites: dict[str, PlayedSite], run_of_hospitals: str
) -> None:
    """Before the claim none; then those that the payload names; after the task none but the own."""
    north, south = sites["north"], sites["south"]

    def read(sha256: str) -> int:
        path = f"/worker-api/v1/artifacts/{sha256}"
        return north.client.get(path).status_code

    north_task, south_task = str(north.next_task_id("")), str(south.next_task_id(""))
    of_south = south.must_claim(south_task)
    theirs = set(of_south["payload"]["parts"].values())
    assert {read(sha256) for sha256 in theirs} == {404}
    of_north = north.must_claim(north_task)
    named = set(of_north["payload"]["parts"].values()) | set(of_north["payload"]["state"].values())
    assert {read(sha256) for sha256 in named} == {200}
    south.task_id = south_task
    update = south.upload(b"the update of south")
    assert read(update) == 404
    headers = {"X-FedSM-Task": north_task}
    assert north.client.head(f"/worker-api/v1/artifacts/{update}", headers=headers).status_code == 404
    assert north.client.head(f"/worker-api/v1/artifacts/{min(named)}", headers=headers).status_code == 200
    kept = north.client.post("/worker-api/v1/gone", json={"artifacts": [update, min(named), "0" * 64]}).json()
    assert kept["artifacts"] == [update, "0" * 64], "a hash of others is answered as one that nobody has"
    assert north.complete(of_north).status_code == 204
    assert {read(sha256) for sha256 in named - {min(named)}} == {404}, "but for the one that it held for its result"
    asked = {"artifacts": [update, *sorted(named)]}
    gone = lambda: north.client.post("/worker-api/v1/gone", json=asked).json()["artifacts"]  # noqa: E731
    assert gone() == [update], "the next round may name the same"
    assert backend.admin.post(f"/api/v1/runs/{run_of_hospitals}/cancel").status_code == 200
    assert gone() == asked["artifacts"]


@pytest.mark.parametrize(("method", "withheld"), [("fedsm", set()), ("ditto", {"personalized/south"})])
def test_a_key_reads_no_part_of_the_state_that_its_training_does_not_need(
    backend: LiveBackend,
    worker: PlayedWorker,
    hospitals: dict[str, Any],
    sites: dict[str, PlayedSite],
    method: str,
    withheld: set[str],
) -> None:
    """Sums of another site's images and scores, and another's model where no super model may choose it."""
    worker.with_sums = True
    strategy = FEDSM if method == "fedsm" else {"name": method}
    run_id = start_run(backend, hospitals, strategies=[strategy], schedule={"rounds": 2})
    worker.work_until_idle()
    north = sites["north"]
    for site in sites.values():
        site.work_one("")
    worker.work_until_idle()
    with read_only(backend.platform.database) as session:
        state = session.get_one(RunRound, (run_id, 1)).parts or {}
    assert {"selector_report/north", "selector_report/south", "personalized/south"} <= state.keys()
    claimed = north.must_claim(str(north.next_task_id("")))
    assert (claimed["payload"]["kind"], claimed["payload"]["round"]) == ("train_site", 2)
    refused = {
        name
        for name, sha256 in state.items()
        if north.client.get(f"/worker-api/v1/artifacts/{sha256}").status_code == 404
    }
    assert refused == {"selector_report/south", "selector_moments/south"} | withheld


def test_an_upload_names_a_task_that_the_site_is_at(
    backend: LiveBackend, sites: dict[str, PlayedSite], run_of_hospitals: str
) -> None:
    north, south = sites["north"], sites["south"]
    south_task = str(south.next_task_id(""))
    south.must_claim(south_task)
    content = played_weights(b"forged")
    path = f"/worker-api/v1/artifacts/{hashlib.sha256(content).hexdigest()}"
    for headers, status in (({}, 403), ({"X-FedSM-Task": south_task}, 409), ({"X-FedSM-Task": "nothing"}, 409)):
        answer = north.client.put(
            path, content=content, headers={"Content-Type": "application/vnd.safetensors", **headers}
        )
        assert answer.status_code == status, answer.text


class _Cut(Exception):
    """The connection breaks."""


def test_an_upload_that_broke_off_goes_on_for_its_task_alone(
    backend: LiveBackend, sites: dict[str, PlayedSite], run_of_hospitals: str
) -> None:
    north, south = sites["north"], sites["south"]
    tasks = {}
    for site in (north, south):
        tasks[site.slug] = str(site.next_task_id(""))
        site.must_claim(tasks[site.slug])
    content = bytes(range(256)) * 2_000
    sha256 = hashlib.sha256(content).hexdigest()
    path, size, cut = f"/worker-api/v1/artifacts/{sha256}", len(content), 200_000

    def put(begin: int, end: int) -> int:
        """Content from begin; the connection breaks at end where that is not the content's."""

        def pieces() -> Iterator[bytes]:
            yield content[begin:end]
            if end < size:
                time.sleep(0.2)
                raise _Cut

        headers = {"Content-Type": SAFETENSORS, "X-FedSM-Task": tasks["north"], "Content-Length": str(size - begin)}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{size - 1}/{size}"
        request = north.client.build_request("PUT", path, content=pieces(), headers=headers)
        request.extensions[BODY_SHA256] = bytes.fromhex(sha256)
        return north.client.send(request).status_code

    def received(site: PlayedSite) -> int:
        answer = site.client.get(f"{path}/received", headers={"X-FedSM-Task": tasks[site.slug]})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["num_bytes"])

    with pytest.raises(_Cut):
        put(0, cut)
    wait_until(lambda: received(north) > 0, 10, "the part to be kept")
    kept = received(north)
    assert kept <= cut
    assert received(south) == 0, "another site's task has nothing of it"
    assert put(kept + 1, size) == 409, "it goes on only from where it stands"
    assert received(north) == kept
    with pytest.raises(_Cut):
        put(kept, kept + 50_000)
    wait_until(lambda: received(north) > kept, 10, "the longer part to be kept")
    assert put(received(north), size) == 204
    assert received(north) == 0
    assert north.client.head(path, headers={"X-FedSM-Task": tasks["north"]}).status_code == 200


def test_a_result_names_own_files_only(
    backend: LiveBackend, sites: dict[str, PlayedSite], run_of_hospitals: str
) -> None:
    north, south = sites["north"], sites["south"]
    of_south = south.must_claim(str(south.next_task_id("")))
    south.task_id = of_south["task_id"]
    update = south.work(of_south["payload"])
    of_north = north.must_claim(str(north.next_task_id("")))
    north.task_id = of_north["task_id"]
    forged = north.work(of_north["payload"]) | {"parts": update["parts"]}
    answer = north.complete(of_north, forged)
    assert answer.status_code == 422
    assert "were not uploaded for this task" in answer.json()["detail"]
    assert north.complete(of_north).status_code == 204


def test_a_heartbeat_is_of_the_own_worker(backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
    heartbeat = {"queues": ["site.south", "coordinator"], "hardware": "none", "num_processes": 1}
    name = "south/workstation"
    answer = sites["north"].client.post("/worker-api/v1/heartbeat", json=heartbeat | {"worker": name})
    assert answer.status_code == 204
    workers = {worker["name"]: worker for worker in backend.get("/system")["workers"]}
    assert workers[name]["hardware"] != "none"
    assert workers[f"north/{name}"]["queues"] == ["site.north"]
    answer = backend.worker.post("/worker-api/v1/heartbeat", json=heartbeat | {"worker": name})
    assert answer.status_code == 422, "a central worker does not take a hospital's name"


@pytest.mark.parametrize(
    ("path", "body"),
    [("poll", {"renewal": {"number": 1, "secret": "0" * 32}, "version": "1", "hardware": ""}), ("leave", None)],
)
def test_the_shared_token_is_no_hospital(backend: LiveBackend, path: str, body: Any) -> None:
    answer = backend.worker.post(f"/worker-api/v1/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


def test_the_credential_opens_nothing_but_the_worker_api(backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
    """A signature is no sign-in: of people's API every operation refuses it."""
    document = openapi_document()
    tried = 0
    with httpx.Client(base_url=backend.url, auth=sites["north"].client.auth, trust_env=False) as client:
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if path.startswith("/api/") and operation["x-permission"] != "anybody":
                    answer = client.request(
                        method.upper(), path.replace("{", "").replace("}", ""), json={} if method != "get" else None
                    )
                    assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
                    tried += 1
    assert tried > 80


def test_a_whole_run_of_hospitals(
    backend: LiveBackend, worker: PlayedWorker, sites: dict[str, PlayedSite], run_of_hospitals: str
) -> None:
    """What is refused to others is enough for a run: both rounds, validation, tests, files for the viewer."""
    for _ in range(20):
        for played in (worker, *sites.values()):
            played.work_until_idle()
        if backend.get(f"/runs/{run_of_hospitals}")["status"] == "completed":
            break
    assert backend.get(f"/runs/{run_of_hospitals}")["status"] == "completed"
    kinds = {kind for site in sites.values() for kind, _, _ in site.done}
    assert kinds >= {"describe_dataset", "train_site", "evaluate_site"}
