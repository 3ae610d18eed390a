"""What Prometheus reads: real requests, queues, rounds, sites and workers; and the dashboard asks for nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.ports import held_port

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"\bfedsm_[a-z_]+")


@pytest.fixture
def metrics_port() -> int:
    return held_port()


@pytest.fixture
def backend(
    tmp_path: Path, database_url: str, saved_answers: dict[str, Any], valkey_url: str, metrics_port: int
) -> Iterator[LiveBackend]:
    backend = LiveBackend(tmp_path, database_url, valkey_url, metrics_port=metrics_port)
    yield backend
    backend.stop()


Samples = dict[str, dict[tuple[str, ...], float]]


def scrape(port: int) -> Samples:
    """Name of each sample to its values by the values of its labels, in order of the labels' names."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    assert answer.is_success, answer.text
    found: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in sorted(sample.labels))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_what_prometheus_reads(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], metrics_port: int
) -> None:
    start_run(backend, federation)
    before = scrape(metrics_port)
    assert before["fedsm_tasks"] == {("initialize_run", "queued"): 1}
    assert before["fedsm_queue_messages"] == {("coordinator",): 1, ("simulated",): 0}
    assert list(before["fedsm_run_planned_rounds"].values()) == [2]
    assert before["fedsm_site_online"].keys() == {("Eyes", "simulated", slug) for slug in "abc"}
    worker.work_until_idle()
    backend.admin.get("/api/v1/runs/0123456789abcdef")
    backend.admin.get("/no-such-page/of-a-stranger")
    after = scrape(metrics_port)
    assert after["fedsm_runs"] == {("completed",): 1}
    assert after["fedsm_rounds"] == {(): 2}
    assert after["fedsm_queue_messages"] == {("coordinator",): 0, ("simulated",): 0}
    assert after["fedsm_broker_connected"] == {(): 1}
    assert "fedsm_tasks" not in after
    requests = after["fedsm_requests_total"]
    assert requests[("GET", "/api/v1/runs/{run_id}", "404")] == 1
    assert requests[("POST", "/worker-api/v1/tasks/{task_id}/claim", "200")] >= 6
    assert not any("stranger" in route or "0123456789abcdef" in route for _, route, _ in requests)
    assert after["fedsm_request_seconds_count"][("GET", "/api/v1/runs/{run_id}")] == 1


def test_the_dashboard_and_the_guide_name_what_there_is(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], metrics_port: int
) -> None:
    beat = {"worker": "w", "queues": ["simulated"], "hardware": "2 CPU cores", "num_gpus": 1, "num_processes": 2}
    room = {"disk_free": 10, "disk_total": 20, "num_hung": 1}
    assert backend.worker.post("/worker-api/v1/heartbeat", json=beat | room).is_success
    start_run(backend, federation)
    found = scrape(metrics_port)
    assert found["fedsm_worker_hung_processes"] == {("w",): 1}
    assert found["fedsm_worker_disk_free_bytes"] == {("w",): 10}
    assert found["fedsm_site_online"][("Eyes", "simulated", "a")] == 1
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "fedsm.json").read_text())
    asked = {
        name for panel in dashboard["panels"] for target in panel["targets"] for name in NAME.findall(target["expr"])
    }
    assert asked - found.keys() == set()
    rows = [line for line in (ROOT / "docs" / "deployment.md").read_text().splitlines() if line.startswith("| `fedsm_")]
    guide = {name.removesuffix("_total") for row in rows for name in NAME.findall(row.split("|")[1])}
    parts = re.compile(r"_(count|sum|bucket|created|total)$")
    assert guide == {parts.sub("", name) for name in found if name.startswith("fedsm_")}


def test_the_metrics_are_no_route_of_the_api(backend: LiveBackend, metrics_port: int) -> None:
    """Nobody comes to them over the published address."""
    assert "fedsm_runs" not in backend.admin.get("/metrics").text
    assert "fedsm_runs" in httpx.get(f"http://127.0.0.1:{metrics_port}/metrics", trust_env=False).text


def test_without_a_port_nothing_is_served(tmp_path: Path, valkey_url: str, metrics_port: int) -> None:
    quiet = LiveBackend(tmp_path, "", valkey_url)
    try:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{metrics_port}/metrics", trust_env=False)
    finally:
        quiet.stop()
