"""Who asks a backend for work and pages during the load: played workers, agents that poll, and a browser."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.load.pages import requests_of
from benchmarks.load.served import Served
from benchmarks.load.template import STRATEGIES, TASK, Template
from tests.backend.link.played_site import PlayedSite, add_site
from tests.backend.played_results import Result
from tests.backend.played_worker import QUEUES, PlayedWorker

POLL_WAIT_SECONDS = 25.0
IDLE_SECONDS = 0.05
#: The backend takes 30 requests to join a minute.
JOIN_EVERY_SECONDS = 2.1
#: Of a run at work these pages are asked for; the others say 404 or 409 until it ends.
OF_WORK = ("Experiments", "Experiment", "Run", "Federation", "Activity")


class TalkingWorker(PlayedWorker):
    """Says a line and a loss within each task, as real workers do every second."""

    def complete(self, claimed: dict[str, Any], result: Result | None = None) -> httpx.Response:
        payload = claimed["payload"]
        if payload["kind"] == "train_site":
            loss = {"round": payload["round"], "model": "global", "split": "train", "name": "loss", "num_cases": 2}
            line = {"level": "info", "message": f"trains in round {payload['round']}"}
            self.progress(claimed, logs=[line], metrics=[loss | {"value": 1 / payload["round"]}])
        return super().complete(claimed, result)


def work(served: Served, tasks_a_second: float, is_over: Callable[[], bool], on_done: Callable[[], None]) -> None:
    """One played worker, which ends at most so many tasks a second. Raises AssertionError where one is refused."""
    with served.worker() as client:
        worker = TalkingWorker(client, served.broker())
        due = time.monotonic()
        while not is_over():
            if not any(worker.work_one(queue, drop_refused=True) for queue in QUEUES):
                time.sleep(IDLE_SECONDS)
                continue
            on_done()
            due = max(due + 1 / tasks_a_second, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def poll(site: PlayedSite, is_over: Callable[[], bool], on_poll: Callable[[], None]) -> None:
    """As an agent that waits for work. Raises httpx.HTTPStatusError where it is refused."""
    while not is_over():
        site.poll(wait_seconds=POLL_WAIT_SECONDS).raise_for_status()
        on_poll()


def hospital(
    served: Served, federation: dict[str, Any], index: int, is_over: Callable[[], bool], on_poll: Callable[[], None]
) -> None:
    """Joins in turn and waits for work from then on. Raises httpx.HTTPStatusError where a poll is refused."""
    begin = time.monotonic() + index * JOIN_EVERY_SECONDS
    while time.monotonic() < begin and not is_over():
        time.sleep(0.1)
    if not is_over():
        site = PlayedSite(served, served.broker(), add_site(served, federation, f"hospital {index:02d}"))
        poll(site.join(), is_over, on_poll)


def add_hospitals(served: Served) -> dict[str, Any]:
    """The federation of the hospitals that wait."""
    federation: dict[str, Any] = served.post("/federations", {"name": "Hospitals that wait", "task": TASK})
    return federation


def add_sites(served: Served, number: int) -> str:
    """The id of a federation of so many simulated sites, each with a data set that was checked."""
    federation = served.post("/federations", {"name": "Many sites", "task": TASK})
    for index in range(number):
        site = served.post(f"/federations/{federation['id']}/sites", {"name": f"site {index:03d}"})
        body = {"name": "Fundus", "folder": f"/data/{index:03d}"}
        served.post(f"/sites/{site['id']}/datasets", body)
    with served.worker() as client:
        PlayedWorker(client, served.broker()).work_until_idle()
    return str(federation["id"])


def experiment_after_experiment(
    served: Served, federation_id: str, rounds: int, is_over: Callable[[], bool]
) -> list[str]:
    """Starts one, waits for its end, and starts the next. Their statuses. Raises RuntimeError where one fails."""
    statuses: list[str] = []
    while not is_over():
        body = {"name": f"Load {len(statuses)}", "config": {"schedule": {"rounds": rounds}, "strategies": STRATEGIES}}
        made = served.post(f"/federations/{federation_id}/experiments", body)
        served.post(f"/experiments/{made['id']}/start")
        while (status := served.get(f"/experiments/{made['id']}")["status"]) not in ("completed", "failed"):
            if is_over():
                return [*statuses, status]
            time.sleep(1)
        if status == "failed":
            raise RuntimeError(f"experiment {made['id']} failed under the load")
        statuses.append(status)
    return statuses


@dataclass(frozen=True)
class Asked:
    """One request of a browser. ok: it was answered with what it asked for."""

    path: str
    status: int
    milliseconds: float

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def is_error(self) -> bool:
        return self.status >= 500 or self.status == 0


def ask_pages(
    served: Served,
    history: Template,
    federation_id: str,
    every_seconds: float,
    is_over: threading.Event,
    on_asked: Callable[[Asked], None],
) -> None:
    """One request after the other, of the finished experiment and of the one at work in turn."""
    with served.admin as client:
        due = time.monotonic()
        while not is_over.is_set():
            paths = [request.path for request in requests_of(history)]
            if (at_work := newest(served, history, federation_id)) is not None:
                paths += [request.path for request in requests_of(at_work) if request.page in OF_WORK]
            for path in paths:
                if is_over.wait(max(0.0, due - time.monotonic())):
                    return
                due = max(due + every_seconds, time.monotonic())
                on_asked(asked(client, path))


def newest(served: Served, history: Template, federation_id: str) -> Template | None:
    """The experiment at work; the data set and the site are of the history."""
    for experiment in served.get(f"/federations/{federation_id}/experiments", limit=1):
        runs = [run["id"] for run in experiment["runs"]]
        return Template(federation_id, experiment["id"], runs, history.dataset_id, history.site_id)
    return None


def asked(client: httpx.Client, path: str) -> Asked:
    started = time.perf_counter()
    try:
        status = client.get(f"/api/v1{path}").status_code
    except httpx.TransportError:
        status = 0
    return Asked(path, status, 1000 * (time.perf_counter() - started))
