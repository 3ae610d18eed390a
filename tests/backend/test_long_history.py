"""What lists and pages ask of the database does not grow with what is in it."""

from typing import Any

import pytest

from benchmarks.load.fill import Size, fill
from benchmarks.load.lists import counted
from benchmarks.load.pages import requests_of
from benchmarks.load.template import Template
from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

pytestmark = pytest.mark.every_database

NUM_EXPERIMENTS = 6


def template_of(backend: LiveBackend, federation: dict[str, Any], run_id: str) -> Template:
    run = backend.get(f"/runs/{run_id}")
    dataset = backend.get(f"/federations/{federation['id']}/datasets")[0]
    site = federation_sites(backend, federation)[0]
    return Template(federation["id"], run["experiment_id"], [run_id], dataset["id"], site["id"])


def federation_sites(backend: LiveBackend, federation: dict[str, Any]) -> list[dict[str, Any]]:
    sites: list[dict[str, Any]] = backend.get(f"/federations/{federation['id']}")["sites"]
    return sites


def num_statements(backend: LiveBackend, template: Template) -> dict[str, int]:
    """By page and path, each a request of a browser. Two runs are compared where there are two."""
    found = {}
    for request in requests_of(template):
        with counted(backend.platform.database.engine) as statements:
            answer = backend.admin.get(f"/api/v1{request.path}")
        assert answer.status_code == 200, f"{request.path}: {answer.text}"
        found[request.path] = len(statements)
    return found


def test_six_times_the_history_takes_no_more_statements(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], completed_run: str
) -> None:
    other = start_run(backend, federation)
    worker.work_until_idle()
    template = template_of(backend, federation, completed_run)
    template.run_ids.append(other)
    before = num_statements(backend, template)
    engine = backend.platform.database.engine
    rows = fill(engine, template, Size(NUM_EXPERIMENTS, metric_points=500, case_scores=100))
    assert rows["run"] == 1 + NUM_EXPERIMENTS, "each copy has the run of the copied experiment"
    assert len(backend.get(f"/federations/{federation['id']}/experiments")) == NUM_EXPERIMENTS + 1
    after = num_statements(backend, template)
    grown = {path: (before[path], number) for path, number in after.items() if number > before[path]}
    assert not grown


def test_copies_are_read_like_what_was_copied(
    backend: LiveBackend, federation: dict[str, Any], completed_run: str
) -> None:
    """A benchmark of rows that the backend reads otherwise would measure nothing."""
    template = template_of(backend, federation, completed_run)
    fill(backend.platform.database.engine, template, Size(2, metric_points=10, case_scores=5))
    newest, copy = backend.get(f"/federations/{federation['id']}/experiments")
    assert (newest["id"], copy["name"]) == (template.experiment_id, "Experiment 0001")
    (run,) = copy["runs"]
    original = newest["runs"][0]
    same = ("status", "strategy", "best_round", "best_dice", "notes", "gamma", "num_rounds", "failures")
    assert {name: run[name] for name in same} == {name: original[name] for name in same}
    assert len(backend.get(f"/runs/{run['id']}/metrics")) == 10
    cases, copied = (backend.get(f"/runs/{each['id']}/cases")["cases"] for each in (original, run))
    assert [(case["case_id"], case["dice"]) for case in copied] == [(case["case_id"], case["dice"]) for case in cases]
    assert len(cases) == 3
