"""Which rounds' states stay on the disk; results do not depend on it."""

from typing import Any

import pytest
from sqlalchemy import select

from backend.db.models import RunRound
from backend.db.session import read_only
from backend.ledger.history_rounds import history_rounds
from backend.storage.sweep import sweep
from tests.backend.conftest import make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import QUEUES, PlayedWorker
from tests.backend.test_sweep import files, owned, rows

ROUNDS = 12
BEST = 5


def kept(backend: LiveBackend, run_id: str) -> list[int]:
    with read_only(backend.platform.database) as session:
        query = select(RunRound.round).where(RunRound.run_id == run_id, RunRound.removed_at.is_(None))
        return list(session.scalars(query.order_by(RunRound.round)))


def states_on_disk(backend: LiveBackend, run_id: str) -> set[str]:
    """Of all rounds' states."""
    states = {part["sha256"] for state in backend.get(f"/runs/{run_id}/rounds") for part in state["parts"]}
    return states & files(backend)


def cancel(backend: LiveBackend, worker: PlayedWorker, run_id: str) -> None:
    """With the messages of its tasks, of which the worker would otherwise hear."""
    backend.post(f"/runs/{run_id}/cancel")
    for queue in QUEUES:
        worker.task_ids(queue)


@pytest.fixture
def worker(worker: PlayedWorker) -> PlayedWorker:
    worker.dice = lambda _site, number: 0.9 if number == BEST else 0.5 + number / 100
    worker.with_history = True
    return worker


def test_a_completed_run_keeps_the_best_the_last_and_what_is_shown(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    run_id = start_run(backend, federation, schedule={"rounds": ROUNDS}, evaluation={"history_rounds": 3})
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["best_round"]) == ("completed", BEST)
    assert kept(backend, run_id) == [1, BEST, ROUNDS] == history_rounds(ROUNDS, BEST, 3)
    sweep(backend.platform)
    assert files(backend) == rows(backend) == owned(backend)
    assert len(states_on_disk(backend, run_id)) == 3
    storage = backend.get(f"/runs/{run_id}/storage")
    assert storage["kept_rounds"] == [1, BEST, ROUNDS]
    assert storage["removed_rounds"] == [number for number in range(ROUNDS + 1) if number not in (1, BEST, ROUNDS)]
    assert "updates" not in storage["by_kind"], "uploads go once their round is aggregated"
    removed = backend.get(f"/runs/{run_id}/rounds/2")
    assert removed["removed_at"] is not None
    assert (removed["parts"][0]["url"], removed["parts"][0]["num_bytes"]) == (None, None)
    answer = backend.admin.get(f"/api/v1/artifacts/{removed['parts'][0]['sha256']}")
    assert answer.status_code == 410
    assert "the state after round 2 was removed" in answer.json()["detail"]


def test_with_retention_all_every_round_stays_and_the_results_are_the_same(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """SHA-256 of best, last and history masks, and the whole record of rounds."""
    found = {}
    for retention in ("needed", "all"):
        run_id = start_run(
            backend, federation, schedule={"rounds": ROUNDS}, evaluation={"history_rounds": 4}, retention=retention
        )
        worker.work_until_idle()
        sweep(backend.platform)
        run = backend.get(f"/runs/{run_id}")
        masks = [
            (past["round"], model, entry["mask_url"])
            for case in backend.get(f"/runs/{run_id}/history")["cases"]
            for past in case["rounds"]
            for model, entry in past["models"].items()
        ]
        assert masks
        assert all(backend.admin.get(url).status_code == 200 for _, _, url in masks)
        hashes = {
            state["round"]: {part["name"]: part["sha256"] for part in state["parts"]}
            for state in backend.get(f"/runs/{run_id}/rounds")
        }
        model = backend.get(f"/runs/{run_id}/model")["parts"]
        found[retention] = (run["best_round"], run["best_dice"], sorted(masks), hashes, model)
        num_kept = len(kept(backend, run_id))
        assert num_kept == (ROUNDS + 1 if retention == "all" else 4)
    assert found["needed"] == found["all"]


def test_while_it_trains_a_run_keeps_what_resuming_and_choosing_need(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    run_id = start_run(backend, federation, schedule={"rounds": ROUNDS}, evaluation={"history_rounds": 0})
    while backend.get(f"/runs/{run_id}")["round"] < 9:
        worker.work_one("coordinator")
        worker.work_one("simulated")
    assert kept(backend, run_id) == [BEST, 7, 8, 9]  # 9 is open
    cancel(backend, worker, run_id)
    sweep(backend.platform)
    backend.post(f"/runs/{run_id}/resume")
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["best_round"]) == ("completed", BEST)


def test_a_damaged_state_is_done_again_from_the_last_whole_round(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """Rounds 4 and then 5 of 6 are lost in turn; the run ends with the same states as one that lost nothing."""
    undisturbed = start_run(backend, federation, schedule={"rounds": 6}, retention="all")
    worker.work_until_idle()
    wanted = [state["parts"] for state in backend.get(f"/runs/{undisturbed}/rounds")]
    run_id = start_run(backend, federation, schedule={"rounds": 6}, seeds=[0], evaluation={"history_rounds": 0})
    folder = backend.settings.artifacts_folder
    for number, damage in ((5, "damaged"), (6, "lost")):
        while backend.get(f"/runs/{run_id}")["round"] < number:
            worker.work_one("coordinator")
            worker.work_one("simulated")
        cancel(backend, worker, run_id)
        sha256 = backend.get(f"/runs/{run_id}/rounds/{number - 1}")["parts"][0]["sha256"]
        path = folder / sha256[:2] / sha256
        path.write_bytes(b"x") if damage == "damaged" else path.unlink()
        answer = backend.worker.get(f"/worker-api/v1/artifacts/{sha256}")
        assert answer.status_code == (410 if damage == "damaged" else 404)
        assert damage in answer.json()["detail"]
        resumed = backend.post(f"/runs/{run_id}/resume")
        assert resumed["round"] == number - 1, "the damaged round is open again"
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    again = [state["parts"] for state in backend.get(f"/runs/{run_id}/rounds")]
    assert [[part["sha256"] for part in parts] for parts in again] == [
        [part["sha256"] for part in parts] for parts in wanted
    ]
    said = [event["message"] for event in backend.get(f"/runs/{run_id}/events", limit=1000)]
    assert sum("damaged or lost" in message for message in said) == 2


def test_a_run_without_any_whole_state_begins_anew(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    run_id = start_run(backend, federation, schedule={"rounds": 2})
    worker.work_one("coordinator")
    cancel(backend, worker, run_id)
    sha256 = backend.get(f"/runs/{run_id}/rounds/0")["parts"][0]["sha256"]
    (backend.settings.artifacts_folder / sha256[:2] / sha256).unlink()
    assert backend.post(f"/runs/{run_id}/resume")["status"] == "queued"
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


def test_a_damaged_upload_of_the_open_round_is_trained_again(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    run_id = start_run(backend, federation, schedule={"rounds": 2})
    worker.work_one("coordinator")
    for _ in range(3):
        worker.work_one("simulated")
    claimed = worker.must_claim(worker.next_task_id("coordinator") or "")
    sha256 = claimed["payload"]["updates"][0]["parts"]["global"]
    (backend.settings.artifacts_folder / sha256[:2] / sha256).write_bytes(b"x")
    worker.fail_task(claimed, "the file is damaged")
    backend.post(f"/runs/{run_id}/resume")
    worker.done.clear()
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    retrained = [site for kind, site, number in worker.done if (kind, number) == ("train_site", 1)]
    assert retrained == [claimed["payload"]["updates"][0]["participant"]]


def test_a_draft_holds_nothing(backend: LiveBackend, federation: dict[str, Any]) -> None:
    experiment = make_experiment(backend, federation)
    found = backend.get(f"/experiments/{experiment['id']}/storage")
    assert (found["num_files"], found["num_bytes"], found["by_kind"]) == (0, 0, {})


def test_a_run_that_stops_early_shows_the_same_rounds_whatever_is_kept(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """Nobody knows the end beforehand: of 100 rounds, training stops soon after the best one."""
    worker.dice = lambda _site, number: 0.9 if number == BEST else 0.5
    found = {}
    for retention in ("needed", "all"):
        run_id = start_run(
            backend,
            federation,
            schedule={"rounds": 100, "patience": 8},
            evaluation={"history_rounds": 3},
            retention=retention,
        )
        worker.work_until_idle()
        run = backend.get(f"/runs/{run_id}")
        assert (run["status"], run["best_round"]) == ("completed", BEST)
        found[retention] = backend.get(f"/runs/{run_id}/history")["rounds"]
        if retention == "needed":
            assert kept(backend, run_id) == found["needed"]
    assert found["needed"] == found["all"]
    assert len(found["all"]) == 3
