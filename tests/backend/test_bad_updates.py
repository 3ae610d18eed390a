"""A bad update is refused, and only that: the others go on, and a resumed run asks the site again."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

Result = dict[str, Any]


def weights(dtype: str = "U8", shape: tuple[int, ...] = (32,), name: str = "w", num_bytes: int = 32) -> bytes:
    header = json.dumps({name: {"dtype": dtype, "shape": shape, "data_offsets": [0, num_bytes]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(num_bytes)


def spoil(worker: PlayedWorker, change: Callable[[Result], Result]) -> None:
    """What site b hands in is changed."""
    original = worker.work

    def work(payload: dict[str, Any]) -> Result:
        result = original(payload)
        return change(result) if payload.get("participant") == "b" and payload["kind"] == "train_site" else result

    worker.work = work  # type: ignore[method-assign]


def work_until_idle(worker: PlayedWorker) -> list[int]:
    """Answers of completions that were refused."""
    refused: list[int] = []
    busy = True
    while busy:
        busy = False
        for queue in ("coordinator", "simulated"):
            while (task_id := worker.next_task_id(queue)) is not None:
                busy = True
                response = worker.complete(worker.must_claim(task_id))
                if response.status_code != 204:
                    refused.append(response.status_code)
    return refused


@pytest.mark.parametrize(
    "content",
    [
        b"garbage that is no weights",
        pickle.dumps({"w": [1.0]}),
        weights()[:-7],
        weights(shape=(31,), num_bytes=31),
        weights(dtype="I8"),
        weights(name="other"),
    ],
    ids=["garbage", "pickle", "truncated", "shape", "type", "key"],
)
def test_bytes_that_are_no_fitting_weights_fail_that_site_alone(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, content: bytes
) -> None:
    spoil(worker, lambda result: result | {"parts": {"global": worker.upload_bytes(content)}})
    run_id = start_run(backend, federation, minimum_sites=2, schedule={"rounds": 1})
    assert work_until_idle(worker) == [422, 422, 422], "a damaged copy may pass: tried three times"
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    tasks = backend.get(f"/runs/{run_id}/tasks")
    [failed] = [task for task in tasks if task["status"] == "failed"]
    assert (failed["participant"], failed["kind"], failed["attempt"]) == ("b", "train_site", 3)
    assert "the update was refused: part global" in failed["error"]


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"num_steps": 2_000_000_000}, "it states 2000000000 local steps, and the schedule asks for 1"),
        ({"num_cases": 100_000}, "it states 100000 training cases, and the site has 2"),
    ],
)
def test_steps_and_cases_are_not_the_sites_word(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, stated: dict[str, int], words: str
) -> None:
    spoil(worker, lambda result: result | stated)
    run_id = start_run(backend, federation, minimum_sites=2, schedule={"rounds": 1, "batch_size": 2})
    work_until_idle(worker)
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    [failed] = [task for task in backend.get(f"/runs/{run_id}/tasks") if task["status"] == "failed"]
    assert words in failed["error"]


def test_below_the_quorum_the_run_fails_and_resuming_asks_the_site_again(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    original = worker.work
    spoil(worker, lambda result: result | {"parts": {"global": worker.upload_bytes(b"garbage")}})
    run_id = start_run(backend, federation, minimum_sites=3, schedule={"rounds": 1})
    work_until_idle(worker)
    run = backend.get(f"/runs/{run_id}")
    assert run["status"] == "failed"
    assert run["failures"][0]["kind"] == "update_refused"
    worker.work = original  # type: ignore[method-assign]
    backend.post(f"/runs/{run_id}/resume")
    assert work_until_idle(worker) == []
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


def test_when_the_coordinator_refuses_every_update_resuming_asks_all_sites_again(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.refuse = dict.fromkeys("abc", "holds NaN")
    run_id = start_run(backend, federation, minimum_sites=1, schedule={"rounds": 1})
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "failed"
    worker.refuse = {}
    worker.done.clear()
    backend.post(f"/runs/{run_id}/resume")
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    assert [key for key in worker.done if key[0] == "train_site"] == [("train_site", site, 1) for site in "abc"]


def test_an_update_out_of_line_is_a_warning(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    original = worker.work

    def work(payload: dict[str, Any]) -> Result:
        outliers = {"c": {"norm": 1e6, "usual": 2.5}}
        more = {"outliers": outliers} if payload["kind"] == "aggregate_round" else {}
        return original(payload) | more

    worker.work = work  # type: ignore[method-assign]
    run_id = start_run(backend, federation, schedule={"rounds": 1})
    worker.work_until_idle()
    warnings = backend.get(f"/runs/{run_id}/events", level="warning")
    said = [event for event in warnings if "is out of the others' line" in event["message"]]
    assert [event["site_slug"] for event in said] == ["c"]
    assert "1e+06, the others by 2.5 (median)" in said[0]["message"]


def test_an_update_out_of_line_is_dropped_where_that_is_chosen(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """The coordinator's worker learns of the choice by its payload, and what it refused is used by nobody."""
    original = worker.work

    def work(payload: dict[str, Any]) -> Result:
        if payload["kind"] == "aggregate_round":
            chosen = payload["run"]["config"]["refuse_outliers"]
            worker.refuse = {"c": "site c: it changes the weights by 1e+06"} if chosen else {}
        more = {"outliers": {"c": {"norm": 1e6, "usual": 2.5}}} if payload["kind"] == "aggregate_round" else {}
        return original(payload) | more

    worker.work = work  # type: ignore[method-assign]
    for refuse in (False, True):
        run_id = start_run(backend, federation, minimum_sites=2, schedule={"rounds": 1}, refuse_outliers=refuse)
        worker.work_until_idle()
        assert backend.get(f"/runs/{run_id}")["status"] == "completed"
        failed = [task for task in backend.get(f"/runs/{run_id}/tasks") if task["status"] == "failed"]
        assert [(task["kind"], task["participant"]) for task in failed] == ([("train_site", "c")] if refuse else [])
        if refuse:
            assert failed[0]["error"] == "the update was refused: site c: it changes the weights by 1e+06"
            assert backend.get(f"/runs/{run_id}/tasks/{failed[0]['id']}")["failure"]["kind"] == "update_refused"


def test_the_third_hang_of_a_task_fails_it_in_plain_words(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation, minimum_sites=2, schedule={"rounds": 1})
    worker.work_one("coordinator")
    cause = "it hung: its process gave no sign of life for 20 s and was ended"
    first = worker.next_task_id("simulated")
    task_id = first
    for _ in range(3):
        while task_id != first:
            assert task_id is not None
            worker.complete(worker.must_claim(task_id))
            task_id = worker.next_task_id("simulated")
        claimed = worker.must_claim(task_id)
        body = {"attempt": claimed["attempt"], "kind": "process_hung", "message": cause, "retryable": True}
        assert backend.worker.post(f"/worker-api/v1/tasks/{first}/fail", json=body).status_code == 204
        task_id = worker.next_task_id("simulated")
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    task = backend.get(f"/runs/{run_id}/tasks/{first}")
    assert (task["status"], task["attempt"]) == ("failed", 3)
    assert (task["failure"]["kind"], task["failure"]["cause"]) == ("process_hung", cause)
    assert "its log says where it stood" in task["failure"]["remedy"]


def test_updates_in_8_bits_are_taken_and_whole_weights_in_their_place_are_not(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Site b sends weights as they are, of the shape and type of the state."""
    original, whole = worker.work, weights("F32", (2, 4))
    tensors = {"w": ("I8", (2, 4), (0, 8)), "w:steps": ("F32", (2,), (8, 16))}
    fields = ("dtype", "shape", "data_offsets")
    header = json.dumps({name: dict(zip(fields, of, strict=True)) for name, of in tensors.items()})
    coded = len(header).to_bytes(8, "little") + header.encode() + bytes(16)

    def work(payload: dict[str, Any]) -> Result:
        result = original(payload)
        if payload["kind"] not in ("initialize_run", "train_site", "aggregate_round"):
            return result
        sends_coded = payload["kind"] == "train_site" and payload["participant"] != "b"
        return result | {"parts": {"global": worker.upload_bytes(coded if sends_coded else whole)}}

    worker.work = work  # type: ignore[method-assign]
    run_id = start_run(backend, federation, minimum_sites=2, schedule={"rounds": 1, "update_format": "int8"})
    work_until_idle(worker)
    run = backend.get(f"/runs/{run_id}")
    assert run["status"] == "completed"
    assert "Sites sent the differences of their models in 8 bits, with error feedback." in run["notes"]
    failed = {task["participant"]: task["error"] for task in backend.get(f"/runs/{run_id}/tasks") if task["error"]}
    assert failed.keys() == {"b"}
    assert "the update was refused: part global: it lacks the tensor w:steps" in failed["b"]
