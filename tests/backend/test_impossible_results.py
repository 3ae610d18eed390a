"""What a worker states and cannot be is refused in words, and the run goes on as if it had not been said."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from backend.artifacts import quota
from backend.contracts.artifacts import JPEG, SAFETENSORS
from backend.worker_api import service as workers
from tests.backend.conftest import FEDSM, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

Change = Callable[[dict[str, Any]], None]
NO_STRUCTURE = "no structure of the task"
QUEUES = ("coordinator", "simulated")


def _change(*path: Any, value: Any) -> Change:
    def change(result: dict[str, Any]) -> None:
        node: Any = result
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value

    return change


def _twice(name: str) -> Change:
    def change(result: dict[str, Any]) -> None:
        result[name] = [*result[name], result[name][0]]

    return change


def _point(**fields: Any) -> dict[str, Any]:
    return {"round": 1, "model": "global", "split": "val", "name": "dice", "value": 0.5, "num_cases": 1} | fields


IMPOSSIBLE: tuple[tuple[str, str, Change, str], ...] = (
    ("initialize_run", "equal participants", _twice("participants"), "is named twice"),
    ("initialize_run", "a site that may not train", _change("participants", value=["a", "b"]), "are not who trains"),
    ("initialize_run", "the sites' data in one", _change("participants", value=["pooled"]), "are not who trains"),
    (
        "initialize_run",
        "another method's criterion",
        _change("criterion", value="global"),
        "is not the model whose",
    ),
    ("initialize_run", "the selector as criterion", _change("criterion", value="selector"), "answer super"),
    ("initialize_run", "no global model", lambda result: result["parts"].pop("global"), "lack the global model"),
    ("initialize_run", "equal evaluators", _twice("evaluators"), "is named twice"),
    ("initialize_run", "a stranger's downloads", _change("downloads", "zzz", value=[]), "take no part in this run"),
    ("initialize_run", "nobody tests", _change("evaluators", value=[]), "are not all sites of the run"),
    ("initialize_run", "a site that tests nothing", _change("evaluators", value=["a", "b"]), "are not all sites"),
    ("initialize_run", "nobody trains", _change("downloads", value={}), "lets nobody train"),
    ("initialize_run", "a stranger's part", _change("parts", "personalized/zzz", value="0" * 64), "part of no site"),
    ("train_site", "Dice of 999", _change("metrics", value=[_point(value=999)]), "cannot be a dice"),
    ("train_site", "negative Dice", _change("metrics", value=[_point(value=-0.1)]), "cannot be a dice"),
    (
        "train_site",
        "a later round",
        _change("metrics", value=[_point(round=2)]),
        "round that the task does not measure",
    ),
    (
        "train_site",
        "more validation cases than there are",
        _change("metrics", value=[_point(num_cases=2)]),
        "is more than the 1 validation case(s) of",
    ),
    (
        "train_site",
        "more training cases than there are",
        _change("metrics", value=[_point(split="train", name="loss", num_cases=3)]),
        "is more than the 2 training case(s) of",
    ),
    ("validate_site", "an earlier round", _change("metrics", value=[_point(round=0)]), "does not measure"),
    (
        "validate_site",
        "the weight of all",
        _change("metrics", value=[_point(round=2, num_cases=2147483647)]),
        "is more than the 1 validation case(s) of",
    ),
    ("train_site", "round 10^9", _change("metrics", value=[_point(round=10**9)]), "from 0 to 1000"),
    ("train_site", "2^62 cases", _change("metrics", value=[_point(num_cases=2**62)]), "from 0 to 2147483647"),
    (
        "train_site",
        "unknown structure",
        _change("metrics", value=[_point(structure="zzz")]),
        NO_STRUCTURE,
    ),
    ("train_site", "endless structure", _change("metrics", value=[_point(structure="z" * 10**5)]), "characters"),
    ("train_site", "20,001 metrics", _change("metrics", value=[_point()] * 20_001), "give at most 20000"),
    ("train_site", "infinite seconds", _change("seconds", value=float("inf")), "from 0 to"),
    ("train_site", "2^60 bytes", _change("bytes_up", value=2**60), "from 0 to"),
    ("train_site", "a stranger's part", _change("parts", "personalized/zzz", value="0" * 64), "part of no site"),
    ("aggregate_round", "a stranger refused", _change("refused", "zzz", value="bad"), "take no part in this run"),
    ("aggregate_round", "a stranger's downloads", _change("downloads", "zzz", value=[]), "take no part in this run"),
    (
        "aggregate_round",
        "a stranger out of line",
        _change("outliers", value={"zzz": {"norm": 9, "usual": 1}}),
        "take no part in this run",
    ),
    (
        "evaluate_site",
        "a validation case as a test",
        lambda result: result["scores"][0].update(case_id=result["validation"][0]["case_id"]),
        "are no test cases of",
    ),
    (
        "evaluate_site",
        "more cases behind a threshold than there are",
        _change("thresholds", value=[{"gamma": 0.5, "dice": 1, "num_cases": 2}]),
        "is more than the 1 validation case(s) of",
    ),
    ("evaluate_site", "Dice of 1.5", _change("scores", 0, "values", "dice", value=1.5), "from 0 to 1"),
    (
        "evaluate_site",
        "a share that is no number",
        _change("scores", 0, "values", "iou", value=float("nan")),
        "from -1e+30",
    ),
    ("evaluate_site", "endless distance", _change("scores", 0, "values", "hd95", value=float("inf")), "to 1e+30"),
    ("evaluate_site", "negative distance", _change("scores", 0, "values", "hd95", value=-1), "from 0 to 1e+30"),
    ("evaluate_site", "an unknown score", _change("scores", 0, "values", "luck", value=1), "luck"),
    ("evaluate_site", "a score less", lambda result: result["scores"][0]["values"].pop("nsd"), "report every score"),
    ("evaluate_site", "a case scored twice", _twice("scores"), "is scored twice"),
    ("evaluate_site", "a case routed twice", _twice("routing"), "is named twice"),
    ("evaluate_site", "a case with two files", _twice("files"), "is named twice"),
    ("evaluate_site", "unknown model", _change("scores", 0, "model", value="best"), "no model of the run"),
    ("evaluate_site", "unknown structure", _change("scores", 0, "structure", value="cup"), NO_STRUCTURE),
    (
        "evaluate_site",
        "a stranger's probability",
        _change("routing", 0, "probabilities", value={"zzz": 1.0}),
        "no part",
    ),
    ("evaluate_site", "unknown choice", _change("routing", 0, "chosen_model", value="best"), "no model of the run"),
)


def test_a_runs_results_are_of_its_plan(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> None:
    """Every impossible result is tried on the first task of its kind; then the run is done as if nothing had been."""
    run_id = start_run(backend, federation, strategies=[FEDSM])
    tried: set[str] = set()
    while (task_id := _next(worker)) is not None:
        claimed = worker.must_claim(task_id)
        kind = claimed["payload"]["kind"]
        for case_kind, what, change, words in IMPOSSIBLE:
            if case_kind == kind and what not in tried:
                tried.add(what)
                result = copy.deepcopy(worker.work(claimed["payload"]))
                change(result)
                answer = worker.client.post(
                    f"/worker-api/v1/tasks/{task_id}/complete",
                    content=_json({"attempt": claimed["attempt"], "result": result}),
                    headers={"Content-Type": "application/json"},
                )
                assert (answer.status_code, words in answer.text) == (422, True), (what, answer.text[:400])
        if kind == "train_site":
            answer = worker.progress(claimed, metrics=[_point(round=3)])
            assert answer.status_code == 422, answer.text
        assert worker.complete(claimed).status_code == 204
    assert tried == {what for _, what, _, _ in IMPOSSIBLE}
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["best_dice"]) == ("completed", pytest.approx(run["best_dice"]))
    assert 0 <= run["best_dice"] <= 1
    assert {task["status"] for task in backend.get(f"/runs/{run_id}/tasks")} == {"completed"}


def test_a_site_speaks_of_its_own_cases_alone(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """What one hospital said of its test cases is not replaced by what another says of them, in no list of a result."""
    run_id = start_run(backend, federation, strategies=[FEDSM])
    worker.with_history = True
    of_others: dict[str, Any] = {}
    num_refused = 0
    while (task_id := _next(worker)) is not None:
        claimed = worker.must_claim(task_id)
        if claimed["payload"]["kind"] == "evaluate_site":
            own = worker.work(claimed["payload"])
            for field in ("scores", "routing", "files", "history", "validation"):
                if of_others.get(field):
                    answer = worker.complete(claimed, own | {field: of_others[field]})
                    assert (answer.status_code, "cases of" in answer.text) == (422, True), (field, answer.text)
                    assert answer.json()["fields"][0]["field"] == f"result.{field}"
                    num_refused += 1
            of_others = own
        assert worker.complete(claimed).status_code == 204
    assert num_refused >= 2 * 4
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_twice("cases"), "is named twice"),
        (_change("cases", 0, "structure_shares", value={"cup": 0.5}), NO_STRUCTURE),
        (_change("cases", 0, "structure_shares", value={"disc": float("nan")}), "from 0 to"),
        (_change("cases", 0, "mean_intensity", value=[float("inf")]), "from -1e+30"),
        (_change("cases", 0, "width", value=10**30), "from 1 to"),
        (_change("cases", 0, "name", value="a\x00b"), "U+0000"),
        (_change("cases", 0, "name", value="a\ud800"), "U+D800"),
        (_change("statistics", value={"train": {"num_cases": 100}}), "is more than are used"),
    ],
)
def test_a_check_finds_what_there_can_be(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], change: Change, words: str
) -> None:
    dataset = backend.get(f"/federations/{federation['id']}/datasets")[0]
    backend.post(f"/datasets/{dataset['id']}/check")
    claimed = worker.must_claim(str(_next(worker)))
    result = worker.work(claimed["payload"])
    change(result)
    answer = worker.client.post(
        f"/worker-api/v1/tasks/{claimed['task_id']}/complete",
        content=_json({"attempt": claimed["attempt"], "result": result}),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, words in answer.text) == (422, True), answer.text[:400]
    assert worker.complete(claimed).status_code == 204


def test_a_workers_words_have_a_measure(backend: LiveBackend, worker: PlayedWorker) -> None:
    heartbeat = {"worker": "w", "queues": ["simulated"], "hardware": "2 cores", "num_processes": 1}
    post = worker.client.post
    for change in (
        {"worker": "w" * 10**6},
        {"worker": ""},
        {"worker": "w\x00"},
        {"queues": ["q" * 101]},
        {"queues": ["q"] * 1001},
        {"hardware": "h" * 201},
        {"num_processes": 0},
        {"num_processes": 10**6},
        {"disk_free": -1},
    ):
        assert post("/worker-api/v1/heartbeat", json=heartbeat | change).status_code == 422, change
    assert post("/worker-api/v1/tasks/x/claim", json={"worker": "w" * 101}).status_code == 422
    lines = [{"level": "info", "message": "m"}] * 1001
    body = {"attempt": 1, "fraction": 0.5, "logs": lines}
    assert post("/worker-api/v1/tasks/x/progress", json=body).status_code == 422
    assert post("/worker-api/v1/heartbeat", json=heartbeat | {"hardware": "a\x1b[31m"}).status_code == 204
    assert backend.get("/system")["workers"][0]["hardware"] == "a\\x1b[31m"


def test_made_up_workers_are_refused_and_known_ones_are_not(
    backend: LiveBackend, worker: PlayedWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "MAX_WORKERS", 2)
    heartbeat = {"queues": ["simulated"], "hardware": "", "num_processes": 1}
    answers = [
        worker.client.post("/worker-api/v1/heartbeat", json=heartbeat | {"worker": name})
        for name in ("a", "b", "c", "a")
    ]
    assert [answer.status_code for answer in answers] == [204, 204, 409, 204]
    assert "FEDSM_WORKER_NAME" in answers[2].json()["detail"]


def test_an_artifact_is_not_larger_than_its_task_can_need(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "STATE_SLACK", 100)
    monkeypatch.setitem(quota.MAX_PER_KIND, JPEG, 1000)
    start_run(backend, federation)
    assert worker.work_one("coordinator")  # the first state: some 20 bytes
    claimed = worker.must_claim(str(_next(worker)))

    def put(content: bytes, kind: str, task_id: str | None) -> int:
        headers = {"Content-Type": kind} | ({"X-FedSM-Task": task_id} if task_id else {})
        answer = worker.client.put(f"/worker-api/v1/artifacts/{'0' * 64}", content=content, headers=headers)
        return answer.status_code

    assert put(b"a" * 150, SAFETENSORS, claimed["task_id"]) == 422, "small enough, but of another hash"
    assert put(b"a" * 10_000, SAFETENSORS, claimed["task_id"]) == 413
    assert put(b"a" * 2000, JPEG, claimed["task_id"]) == 413
    monkeypatch.setattr(quota, "MAX_PER_TASK", 0)
    assert put(b"a", SAFETENSORS, claimed["task_id"]) == 413
    monkeypatch.setattr(quota, "MAX_UNOWNED", 10)
    assert put(b"a" * 100, SAFETENSORS, None) == 413


def _next(worker: PlayedWorker) -> str | None:
    return next((task_id for queue in QUEUES if (task_id := worker.next_task_id(queue)) is not None), None)


def _json(value: Any) -> str:
    """With infinity and halves of characters, which the client would not send."""
    return json.dumps(value)
