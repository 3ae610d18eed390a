"""A run from its data to its results, over HTTP alone."""

import csv
import io
from typing import Any

import pytest

from tests.backend.conftest import FEDSM, make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

pytestmark = pytest.mark.every_database


def test_data_set_is_checked_and_its_cases_listed(backend: LiveBackend, federation: dict[str, Any]) -> None:
    dataset = backend.get(f"/federations/{federation['id']}/datasets")[0]
    assert dataset["status"] == "ready"
    assert (dataset["num_used"], dataset["num_skipped"]) == (4, 1)
    assert dataset["num_cases"] == {"train": 2, "val": 1, "test": 1}
    assert dataset["skipped_by_reason"] == {"no_mask": 1}
    assert dataset["structure_shares"] == {"disc": pytest.approx((0 + 0.25 + 0.5 + 0.75) / 4)}
    skipped = backend.get(f"/datasets/{dataset['id']}/cases", used=False)
    assert [(case["name"], case["reason"]) for case in skipped] == [("odd", "no mask")]
    used = backend.get(f"/datasets/{dataset['id']}/cases", used=True)
    picture = backend.admin.get(used[0]["thumbnail_url"])
    assert picture.content == b"thumbnail of /data/a"
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"] == "private, no-cache", "a policy that is withdrawn hides it at once"
    again = backend.admin.get(used[0]["thumbnail_url"], headers={"If-None-Match": picture.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_repeated_check_keeps_case_ids_and_fingerprint(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    before = backend.get(f"/federations/{federation['id']}/datasets")[0]
    cases = backend.get(f"/datasets/{before['id']}/cases")
    assert backend.post(f"/datasets/{before['id']}/check")["status"] == "checking"
    assert backend.post(f"/datasets/{before['id']}/check")["status"] == "checking"
    assert len(worker.task_ids("simulated")) == 1, "a second click starts no second check"
    backend.platform.queue.send([("simulated", _task_of_dataset(backend))])
    worker.work_until_idle()
    after = backend.get(f"/datasets/{before['id']}")
    assert (after["status"], after["fingerprint"]) == ("ready", before["fingerprint"])
    assert [case["id"] for case in backend.get(f"/datasets/{before['id']}/cases")] == [case["id"] for case in cases]


def _task_of_dataset(backend: LiveBackend) -> str:
    """The id in the last `task`-like event of the data set's check."""
    events = backend.get("/events", limit=1000)
    return str(next(event["task_id"] for event in events if event["kind"] == "task"))


def test_fedavg_run_goes_through_its_rounds(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    # Round 2 validates better than 1 and 3 at every site.
    worker.dice = lambda _participant, number: {0: 0.9, 1: 0.4, 2: 0.8, 3: 0.6}[number]
    run_id = start_run(backend, federation, schedule={"rounds": 3})
    worker.work_until_idle()

    run = backend.get(f"/runs/{run_id}")
    assert run["status"] == "completed", run["failure"]
    assert (run["round"], run["best_round"], run["best_dice"]) == (3, 2, pytest.approx(0.8))
    assert run["started_at"] < run["finished_at"]
    trainings = [(participant, number) for kind, participant, number in worker.done if kind == "train_site"]
    assert sorted(trainings) == sorted((site, number) for site in "abc" for number in (1, 2, 3))
    assert worker.done.count(("aggregate_round", "coordinator", 2)) == 1
    assert ("evaluate_site", "a", 2) in worker.done, "the best round is the one that is tested"

    rounds = backend.get(f"/runs/{run_id}/rounds")
    assert [state["round"] for state in rounds] == [0, 1, 2, 3]
    part = backend.get(f"/runs/{run_id}/rounds/3")["parts"][0]
    assert part["name"] == "global"
    assert backend.admin.get(part["url"]).headers["content-type"] == "application/vnd.safetensors"
    statuses = [event["message"] for event in backend.get(f"/runs/{run_id}/events") if event["kind"] == "status"]
    assert statuses[0] == "admin started FedAvg, seed 0."
    assert statuses[-1] == "FedAvg, seed 0 is completed; its best round is 2."


def test_best_round_weighs_sites_by_their_validation_cases(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    # Round 1: (1 * 0.9 + 2 * 0.5 + 1 * 0.5) / 4 = 0.6, though the plain mean would be 0.63; rounds 2 and 3: 0.61.
    dataset = next(d for d in backend.get(f"/federations/{federation['id']}/datasets") if d["folder"] == "/data/b")
    backend.post(f"/sites/{dataset['site_id']}/datasets", {"name": "More", "folder": "/data/more"})
    worker.work_until_idle()
    worker.num_val_cases = lambda participant: 2 if participant == "b" else 1
    worker.dice = lambda participant, number: 0.61 if number != 1 else {"a": 0.9, "b": 0.5, "c": 0.5}[participant]
    run_id = start_run(backend, federation, schedule={"rounds": 3})
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["best_round"], run["best_dice"]) == (2, pytest.approx(0.61)), "of equal rounds the earlier"


def test_round_that_a_site_did_not_validate_is_not_the_best(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    # Site b validates round 1 when it trains round 2, where it fails: 0.9 of the others is not compared with 0.5.
    worker.dice = lambda participant, number: 0.9 if number == 1 and participant != "b" else 0.5
    worker.fail = lambda *key: "out of memory" if key == ("train_site", "b", 2) else None
    run_id = start_run(backend, federation, minimum_sites=2)
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["best_round"], run["best_dice"]) == ("completed", 2, pytest.approx(0.5))
    assert run["compared"]["left_out_rounds"] == [1]


def test_a_site_that_leaves_for_good_does_not_make_an_early_round_the_best(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Site c's last word is of round 1, which it scores best of all; a and b go on and get better."""
    worker.dice = lambda participant, number: 0.99 if participant == "c" else 0.1 * number
    worker.fail = lambda _kind, participant, number: "the folder is gone" if participant == "c" and number > 1 else None
    run_id = start_run(backend, federation, minimum_sites=2, schedule={"rounds": 5})
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["best_round"], run["best_dice"]) == ("completed", 5, pytest.approx(0.5))
    assert run["compared"]["participants"] == ["a", "b"]
    assert run["compared"]["rounds"] == [1, 2, 3, 4, 5]
    warnings = [event["message"] for event in backend.get(f"/runs/{run_id}/events") if event["level"] == "warning"]
    note, tested = run["notes"]
    assert "Tested on 2 of 3 cases, without c" in tested
    assert f"FedAvg, seed 0: {note}" in warnings
    assert "without c, which did not validate every compared round" in note


def test_updates_reach_the_aggregation_in_site_order(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    start_run(backend, federation)
    worker.work_one("coordinator")
    claimed = [worker.must_claim(task_id) for task_id in worker.task_ids("simulated")]
    assert [claim["payload"]["participant"] for claim in claimed] == ["a", "b", "c"]
    for claim in reversed(claimed):
        assert worker.complete(claim).status_code == 204
    aggregation = worker.must_claim(worker.task_ids("coordinator")[0])
    assert [update["participant"] for update in aggregation["payload"]["updates"]] == ["a", "b", "c"]


def test_payload_names_data_parts_and_state(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    start_run(backend, federation, strategies=[FEDSM])
    worker.work_one("coordinator")
    payload = worker.must_claim(worker.task_ids("simulated")[1])["payload"]
    assert payload["participant"] == "b"
    assert list(payload["parts"]) == ["global", "personalized/b"], "a site receives no other's personalized model"
    assert list(payload["state"]) == ["global", "personalized/a", "personalized/b", "personalized/c"]
    assert payload["run"]["sites"] == ["a", "b", "c"]
    manifest = payload["data"][0]
    assert (manifest["site"], manifest["folder"]) == ("b", "/data/b")
    assert [case["name"] for case in manifest["cases"]] == ["case-0", "case-1", "case-2", "case-3"]


def test_four_methods_and_two_seeds_fill_the_results_table(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    strategies = [FEDSM, *({"name": name} for name in ("fedavg", "local-only", "centralized"))]
    experiment = make_experiment(
        backend, federation, strategies=strategies, seeds=[0, 1], schedule={"rounds": 1}, minimum_sites=3
    )
    assert [run["strategy_label"] for run in experiment["runs"][::2]] == [
        "FedSM",
        "FedAvg",
        "Local-only",
        "Centralized",
    ]
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    assert backend.get(f"/experiments/{experiment['id']}")["status"] == "completed"

    results = backend.get(f"/experiments/{experiment['id']}/results")
    assert (results["sites"], results["structures"], results["complete"]) == (["a", "b", "c"], ["disc"], True)
    # 6 reported models (fedsm 3, the others 1 each) x (3 sites + pooled) x (1 structure + mean)
    assert len(results["cells"]) == 6 * 4 * 2
    cells = {
        (cell["strategy_label"], cell["model"], cell["site_slug"], cell["structure"]): cell for cell in results["cells"]
    }
    pooled_super = cells["FedSM", "super", None, "disc"]
    # Every case is routed to its own site's model, which has 0.9 on both seeds; the global model has 0.6.
    assert (pooled_super["mean"], pooled_super["std"]) == (pytest.approx(0.9), pytest.approx(0))
    assert (pooled_super["num_cases"], pooled_super["num_seeds"]) == (3, 2)
    assert cells["FedSM", "global", "a", None]["mean"] == pytest.approx(0.6)
    assert cells["Local-only", "personalized", "b", None]["mean"] == pytest.approx(0.9)
    selector = results["selectors"][0]
    assert (selector["accuracy"], selector["share_global"], selector["num_cases"]) == (1.0, 0.0, 3)
    assert selector["confusion"][0] == {"site_slug": "a", "chosen": {"a": 1, "b": 0, "c": 0}}

    table = backend.admin.get(f"/api/v1/experiments/{experiment['id']}/results.csv")
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert len(rows) == 48 * 8
    assert (rows[0]["strategy_label"], rows[0]["metric"]) == ("FedSM", "dice")

    cases = backend.get(f"/runs/{experiment['runs'][0]['id']}/cases")
    assert cases["models"] == ["super", "global", "personalized/a", "personalized/b", "personalized/c"]
    case = cases["cases"][0]
    assert (case["name"], case["site_slug"], case["chosen_model"]) == ("case-3", "a", "personalized/a")
    assert case["dice"]["super"] == {"disc": 0.9}
    assert case["predictions"]["super"] == case["predictions"]["personalized/a"]
    assert backend.admin.get(case["image_url"]).headers["content-type"] == "application/x-nifti-gz"
    assert case["thumbnail_url"] is not None


def test_progress_brings_metrics_once(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> None:
    run_id = start_run(backend, federation)
    worker.work_one("coordinator")
    claimed = worker.must_claim(worker.task_ids("simulated")[0])
    point = {"round": 1, "model": "global", "split": "train", "name": "loss", "value": 0.7, "num_cases": 2}
    for _ in range(2):
        answer = worker.progress(claimed, metrics=[point], logs=[{"level": "info", "message": "half-way"}]).json()
        assert answer == {"action": "continue", "lease_seconds": 30.0}
    metrics = backend.get(f"/runs/{run_id}/metrics")
    assert [(metric["site_slug"], metric["value"]) for metric in metrics] == [("a", 0.7)]
    worker.progress(claimed, metrics=[point | {"value": 0.6}])
    newer = backend.get(f"/runs/{run_id}/metrics", after=metrics[0]["id"])
    assert [metric["value"] for metric in newer] == [0.6], "a changed value has a later id"
    assert len(backend.get(f"/runs/{run_id}/metrics")) == 1
    assert any(event["message"] == "half-way" for event in backend.get(f"/runs/{run_id}/events"))
    task = next(task for task in backend.get(f"/runs/{run_id}/tasks", after_round=0) if task["participant"] == "a")
    assert (task["status"], task["fraction"], task["worker"]) == ("running", 0.5, "played-worker")


def test_the_site_with_the_most_cases_begins_first_and_its_update_keeps_its_place(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    aggregated: list[list[str]] = []
    aggregate = worker._aggregate_round

    def recorded(payload: dict[str, Any]) -> dict[str, Any]:
        aggregated.append([update["participant"] for update in payload["updates"]])
        return aggregate(payload)

    monkeypatch.setattr(worker, "_aggregate_round", recorded)
    (site,) = (site for site in backend.get(f"/federations/{federation['id']}")["sites"] if site["name"] == "c")
    backend.post(f"/sites/{site['id']}/datasets", {"name": "More", "folder": "/data/more"})
    worker.work_until_idle()
    run_id = start_run(backend, federation, schedule={"rounds": 1})
    worker.work_until_idle()
    for kind in ("train_site", "validate_site", "evaluate_site"):
        assert [participant for done, participant, _ in worker.done if done == kind] == ["c", "a", "b"], kind
    assert aggregated == [["a", "b", "c"]], "sums are in the order of sites"
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
