"""Results that their types allow, in which something is left out, empty, or as large as it may be.

Each is refused in words, or taken; and whatever was taken, no page that shows it and no start of a run is a fault.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from backend.datasets.service import manifest_of
from backend.db.models import Dataset, Site
from tests.backend.conftest import FEDSM, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.backend.test_data_statistics import part
from tests.backend.test_dry_runs import CONFIG

#: Within the bounds of one field or another.
EXTREMES: tuple[Any, ...] = (0, 1e30, [], "left out")


def hostile(result: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The result with one value replaced by another, or left out. Of a list its first element stands for all."""
    for path in _paths(result):
        for value in EXTREMES:
            changed = copy.deepcopy(result)
            node: Any = changed
            for step in path[:-1]:
                node = node[step]
            if value == "left out":
                node.pop(path[-1])
            else:
                node[path[-1]] = value
            if changed != result:
                yield f"{'.'.join(map(str, path))} = {value!r}", changed


def _paths(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    children = node.items() if isinstance(node, dict) else list(enumerate(node))[:1] if isinstance(node, list) else ()
    for key, child in children:
        if key != "kind":
            yield (*path, key)
            yield from _paths(child, (*path, key))


def test_no_result_of_a_check_breaks_a_page_or_a_start(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """One site's check is answered with each in turn, next to two sites that say what they should."""
    worker.num_test_cases = 10
    sums = {"statistics": {"test": part(10)}}
    datasets = backend.get(f"/federations/{federation['id']}/datasets")
    for dataset in datasets:
        assert worker.complete(*_checked(backend, worker, dataset["id"], sums)).status_code == 204
    claimed, result = _checked(backend, worker, datasets[0]["id"], sums)
    problems, num_taken = [], 0
    for what, changed in hostile(result):
        status = worker.complete(claimed, changed).status_code
        if status == 204:
            num_taken += 1
            problems += [f"{what}: {fault}" for fault in _faults(backend, federation["id"], datasets[0]["id"])]
            claimed, _ = _checked(backend, worker, datasets[0]["id"], sums)
        elif status != 422:
            problems.append(f"{what}: answered {status}")
    assert num_taken > 10
    assert problems == []


def _checked(
    backend: LiveBackend, worker: PlayedWorker, dataset_id: str, more: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The claimed check, and what the site should answer."""
    backend.post(f"/datasets/{dataset_id}/check")
    claimed = worker.must_claim(worker.next_task_id("simulated") or "")
    return claimed, worker.work(claimed["payload"]) | more


def _faults(backend: LiveBackend, federation_id: str, dataset_id: str) -> Iterator[str]:
    of_federation = ("statistics", "datasets")
    paths = [f"/federations/{federation_id}/{page}" for page in of_federation]
    for path in (*paths, f"/datasets/{dataset_id}/cases"):
        status = backend.admin.get(f"/api/v1{path}").status_code
        if status >= 500:
            yield f"{path} answers {status}"
    with backend.platform.database.sessions() as session:
        dataset = session.get_one(Dataset, dataset_id)
        if dataset.status == "ready":
            manifest_of(session, dataset, session.get_one(Site, dataset.site_id))


def test_no_result_of_a_dry_run_breaks_its_estimate(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    def start() -> tuple[str, dict[str, Any]]:
        """One site's task is left for a hostile answer."""
        run = backend.post(f"/federations/{federation['id']}/dry-runs", {"config": CONFIG})
        worker.work_one("simulated")
        worker.work_one("simulated")
        return run["id"], worker.must_claim(worker.next_task_id("simulated") or "")

    dry_run, claimed = start()
    problems, num_taken = [], 0
    for what, changed in hostile(worker.work(claimed["payload"])):
        status = worker.complete(claimed, changed).status_code
        if status == 204:
            num_taken += 1
            answer = backend.admin.get(f"/api/v1/dry-runs/{dry_run}")
            problems += [f"{what}: {answer.text}"] if answer.status_code != 200 else []
            dry_run, claimed = start()
        elif status != 422:
            problems.append(f"{what}: answered {status}")
    assert num_taken > 5
    assert problems == []


def _answered(
    worker: PlayedWorker, start: Callable[[], tuple[str, dict[str, Any]]], faults: Callable[[str], Iterator[str]]
) -> int:
    """How many hostile results of a task were taken. start: opens one anew, and claims it. faults: of what it made."""
    made, claimed = start()
    problems, num_taken = [], 0
    for what, changed in hostile(worker.work(claimed["payload"])):
        status = worker.complete(claimed, changed).status_code
        if status == 204:
            num_taken += 1
            problems += [f"{what}: {fault}" for fault in faults(made)]
            made, claimed = start()
        elif status != 422:
            problems.append(f"{what}: answered {status}")
    assert problems == []
    return num_taken


def _unanswered(backend: LiveBackend, *paths: str) -> Iterator[str]:
    for path in paths:
        if (answer := backend.admin.get(f"/api/v1{path}")).status_code != 200:
            yield f"{path}: {answer.text}"


def test_no_result_of_an_initialization_breaks_its_run(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    def start() -> tuple[str, dict[str, Any]]:
        run_id = start_run(backend, federation, strategies=[FEDSM])
        return run_id, worker.must_claim(worker.next_task_id("coordinator") or "")

    def faults(run_id: str) -> Iterator[str]:
        yield from _unanswered(backend, f"/runs/{run_id}", f"/runs/{run_id}/tasks", f"/runs/{run_id}/rounds/0")
        opened = worker.task_ids("simulated")
        yield from [] if opened else ["nobody trains"]
        yield from (f"{task_id} cannot be claimed" for task_id in opened if worker.claim(task_id).status_code != 200)

    assert _answered(worker, start, faults) >= 2, "a site that does not train in round 1, or that receives nothing"


def test_no_result_of_a_prediction_breaks_its_page(
    backend: LiveBackend, worker: PlayedWorker, completed_run: str
) -> None:
    worker.unlike = lambda _name: {
        "unlikeness": 4.2,
        "of_no_site": True,
        "probabilities": {"a": 0.9, "b": 0.1, "c": 0.0},
        "warnings": [{"code": "constant_image", "message": "all pixels are 0"}],
    }

    def start() -> tuple[str, dict[str, Any]]:
        path = f"/api/v1/runs/{completed_run}/predictions"
        made = backend.admin.post(path, params={"name": "eye.png"}, content=b"a photograph").json()["id"]
        return made, worker.must_claim(worker.next_task_id("coordinator") or "")

    def faults(prediction: str) -> Iterator[str]:
        yield from _unanswered(backend, f"/predictions/{prediction}", f"/runs/{completed_run}/predictions")

    assert _answered(worker, start, faults) > 5


def test_no_result_of_an_export_breaks_its_page(backend: LiveBackend, worker: PlayedWorker, completed_run: str) -> None:
    def start() -> tuple[str, dict[str, Any]]:
        made = backend.post(f"/runs/{completed_run}/exports", {"form": "onnx"})["id"]
        return made, worker.must_claim(worker.next_task_id("coordinator") or "")

    def faults(export: str) -> Iterator[str]:
        yield from _unanswered(backend, f"/exports/{export}", f"/runs/{completed_run}/exports")

    assert _answered(worker, start, faults) >= 1, "0 seconds"
