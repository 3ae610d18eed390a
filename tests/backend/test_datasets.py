"""Registering and checking data sets over REST: what is refused before the check, and the fingerprint after it."""

import hashlib
import json
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from backend.datasets.service import manifest_of
from backend.db.models import Dataset, Site
from backend.db.session import unit_of_work
from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

DISC = {"modality": "fundus photography", "structures": [{"name": "disc", "label_values": [1]}]}


_NUMBERS = count(1)


def case(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name, "image": f"images/{name}.png", "mask": f"masks/{name}.png", "split": "train", "width": 8,
        "height": 8, "image_sha256": "0" * 64, "mask_sha256": "1" * 64, "structure_shares": {"disc": 0.1}, **changes,
    }  # fmt: skip


@pytest.fixture
def site(backend: LiveBackend) -> str:
    federation = backend.post("/federations", {"name": "Eyes", "task": DISC})
    return str(backend.post(f"/federations/{federation['id']}/sites", {"name": "A"})["id"])


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"folder": "data/a"}, "folder", "give the absolute path"),
        ({"folder": "/data/list.json", "layout": "bids"}, "layout", "does not fit the file /data/list.json"),
        ({"fractions": {"train": 0.8, "val": 0.2}}, "fractions", "make their sum less than 1"),
        ({"label_map": {"structures": {"cup": {"values": [1]}}}}, "label_map", "say what stands for it"),
        (
            {"label_map": {"structures": {"disc": {"values": [1]}, "cup": {"values": [2]}}}},
            "label_map",
            "is no structure of the federation",
        ),
        ({"label_map": {"structures": {"disc": {}}}}, "label_map.structures.disc", "list at least one integer or name"),
        ({"patient_pattern": "P[0-9]+"}, "patient_pattern", "put parentheses around the patient's part"),
        ({"patient_pattern": "(P"}, "patient_pattern", "is no regular expression as RE2 knows them"),
        ({"patient_pattern": r"(P[0-9])_\1"}, "patient_pattern", "references back"),
        ({"patient_pattern": "(?=P)(.)"}, "patient_pattern", "looking ahead or behind"),
        ({"patient_pattern": "((a{1000}){1000})"}, "patient_pattern", "invalid repetition size"),
        ({"layout": "zip"}, "layout", "zip"),
    ],
)
def test_a_wrong_registration_is_refused_at_once(
    backend: LiveBackend, site: str, change: dict[str, Any], field: str, words: str
) -> None:
    body = {"name": "One", "folder": "/data/a", **change}
    response = backend.admin.post(f"/api/v1/sites/{site}/datasets", json=body)
    assert response.status_code == 422
    (problem,) = response.json()["fields"]
    assert problem["field"] == field
    assert words in str(problem)


def test_a_windows_path_is_absolute(backend: LiveBackend, site: str) -> None:
    assert backend.post(f"/sites/{site}/datasets", {"name": "One", "folder": r"D:\data\a"})["status"] == "checking"


def fingerprint(
    backend: LiveBackend, worker: PlayedWorker, site: str, cases: list[dict[str, Any]], **result: Any
) -> str:
    number = next(_NUMBERS)
    dataset = backend.post(f"/sites/{site}/datasets", {"name": f"Set {number}", "folder": f"/data/{number}"})
    task_id = worker.next_task_id("simulated")
    assert task_id is not None
    done = worker.complete(worker.must_claim(task_id), {"kind": "describe_dataset", "cases": cases, **result})
    assert done.status_code == 204, done.text
    return str(backend.get(f"/datasets/{dataset['id']}")["fingerprint"])


def test_the_fingerprint_is_of_content_alone(backend: LiveBackend, worker: PlayedWorker, site: str) -> None:
    """Not of the order of cases, nor of skipped ones; a changed file, mask, split or label map gives another."""
    cases = [case("a"), case("b", image_sha256="2" * 64)]
    skipped = {
        "name": "x",
        "image": "images/x.png",
        "mask": None,
        "reason_code": "no_mask",
        "reason": "no mask: add it",
    }
    first = fingerprint(backend, worker, site, cases)
    assert len(first) == 64
    assert fingerprint(backend, worker, site, cases[::-1]) == first
    assert fingerprint(backend, worker, site, [*cases, skipped]) == first
    label_map = {"label_map": {"structures": {"disc": {"values": [2]}}}}
    others = {
        fingerprint(backend, worker, site, [case("a"), case("b", image_sha256="3" * 64)]),
        fingerprint(backend, worker, site, [case("a", mask_sha256="4" * 64), cases[1]]),
        fingerprint(backend, worker, site, [case("a", split="test"), cases[1]]),
        fingerprint(backend, worker, site, cases[:1]),
        fingerprint(backend, worker, site, cases, reading=label_map),
    }
    assert len(others - {first}) == 5


def test_a_data_set_of_before_keeps_its_fingerprint(backend: LiveBackend, worker: PlayedWorker, site: str) -> None:
    """Worked out by hand from the rule: settings that came later count where they are used, and only there."""
    told = {"label_map": None, "channel": None}
    lines = [["a", "train", "0" * 64, "1" * 64]]

    def expected(**later: Any) -> str:
        content = {"cases": lines, "reading": told | later}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    assert fingerprint(backend, worker, site, [case("a")]) == expected()
    assert fingerprint(backend, worker, site, [case("a")], reading={}) == expected()
    empty = fingerprint(backend, worker, site, [case("a")], reading={"empty_means_nothing_there": True})
    assert empty == expected(empty_means_nothing_there=True)


def test_cases_with_nothing_there_are_counted_and_warned_of(
    backend: LiveBackend, worker: PlayedWorker, site: str
) -> None:
    """Overlap losses learn nothing from them; the option goes to the worker, and back as what was applied."""
    body = {"name": "Screening", "folder": "/data/s", "empty_means_nothing_there": True}
    dataset = backend.post(f"/sites/{site}/datasets", body)
    task_id = worker.next_task_id("simulated")
    assert task_id is not None
    claimed = worker.must_claim(task_id)
    assert claimed["payload"]["reading"]["empty_means_nothing_there"] is True
    cases = [
        case("ill"),
        case("well", structure_shares={"disc": 0}),
        case("tested", split="test", structure_shares={"disc": 0}),
    ]
    result = {"kind": "describe_dataset", "cases": cases, "reading": claimed["payload"]["reading"]}
    assert worker.complete(claimed, result).status_code == 204
    record = backend.get(f"/datasets/{dataset['id']}")
    assert (record["num_empty"], record["reading"]["empty_means_nothing_there"]) == (2, True)
    path = f"/federations/{backend.get('/federations')[0]['id']}/experiments/check"
    for loss, expected in (("dice", ["learns nothing from the 1 training cases in which nothing is there, at A"]),
                           ("dice_bce", [])):  # fmt: skip
        config = {"strategies": [{"name": "fedavg"}], "schedule": {"loss": loss}}
        found = backend.post(path, {"config": config})["warnings"]
        assert [entry["message"] for entry in found if entry["field"] == "schedule.loss"] == expected


def check(backend: LiveBackend, worker: PlayedWorker, dataset: str, cases: list[dict[str, Any]]) -> None:
    backend.post(f"/datasets/{dataset}/check")
    task_id = worker.next_task_id("simulated")
    assert task_id is not None
    done = worker.complete(worker.must_claim(task_id), {"kind": "describe_dataset", "cases": cases})
    assert done.status_code == 204, done.text


def test_cases_are_downloaded_without_formulas(backend: LiveBackend, worker: PlayedWorker, site: str) -> None:
    fingerprint(backend, worker, site, [case("a"), case("=b", reason_code="empty_mask", reason="no disc", split=None)])
    (dataset,) = backend.get(f"/federations/{backend.get('/federations')[0]['id']}/datasets")
    answer = backend.admin.get(f"/api/v1/datasets/{dataset['id']}/cases.csv", params={"used": False})
    assert answer.headers["content-disposition"].endswith('-skipped.csv"')
    header, row = answer.text.splitlines()
    assert header.startswith("name,used,reason_code,reason,split")
    assert row.startswith("'=b,False,empty_mask,no disc,,")
    used = backend.admin.get(f"/api/v1/datasets/{dataset['id']}/cases.csv", params={"used": True}).text
    assert [line.split(",")[0] for line in used.splitlines()] == ["name", "a"]
    none = backend.admin.get(f"/api/v1/datasets/{dataset['id']}/cases.csv", params={"used": False, "reason": "no_mask"})
    assert len(none.text.splitlines()) == 1


def test_every_check_is_kept_with_its_fingerprint(backend: LiveBackend, worker: PlayedWorker, site: str) -> None:
    first = fingerprint(backend, worker, site, [case("a")])
    (dataset,) = backend.get(f"/federations/{backend.get('/federations')[0]['id']}/datasets")
    check(backend, worker, dataset["id"], [case("a"), case("b")])
    second = backend.get(f"/datasets/{dataset['id']}")["fingerprint"]
    kept = [(entry["fingerprint"], entry["num_used"]) for entry in backend.get(f"/datasets/{dataset['id']}/checks")]
    assert kept == [(second, 2), (first, 1)]


def test_a_check_is_cancelled(backend: LiveBackend, worker: PlayedWorker, site: str) -> None:
    """The first leaves nothing; later ones leave what was found before. A worker that goes on is told to stop."""
    dataset = backend.post(f"/sites/{site}/datasets", {"name": "One", "folder": "/data/a"})["id"]
    task_id = worker.next_task_id("simulated")
    assert task_id is not None
    claimed = worker.must_claim(task_id)
    cancelled = backend.post(f"/datasets/{dataset}/check/cancel")
    assert (cancelled["status"], "was cancelled" in cancelled["error"]) == ("failed", True)
    assert worker.progress(claimed).json()["action"] == "stop"
    check(backend, worker, dataset, [case("a")])
    backend.post(f"/datasets/{dataset}/check")
    again = backend.post(f"/datasets/{dataset}/check/cancel")
    assert (again["status"], again["error"], again["num_used"], again["check_fraction"]) == ("ready", None, 1, None)


def test_a_data_set_is_renamed(backend: LiveBackend, site: str) -> None:
    one = backend.post(f"/sites/{site}/datasets", {"name": "One", "folder": "/data/a"})["id"]
    backend.post(f"/sites/{site}/datasets", {"name": "Two", "folder": "/data/b"})
    taken = backend.admin.patch(f"/api/v1/datasets/{one}", json={"name": "Two"})
    assert taken.json()["error"] == "name_taken"
    assert backend.admin.patch(f"/api/v1/datasets/{one}", json={"name": "Three"}).json()["name"] == "Three"


def test_a_wrong_folder_is_changed_and_checked_until_a_run_uses_it(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    worker.fail = lambda kind, _site, _round: "there is no folder /data/typo" if kind == "describe_dataset" else None
    site = backend.get(f"/federations/{federation['id']}")["sites"][0]["id"]
    path = f"/api/v1/datasets/{backend.post(f'/sites/{site}/datasets', {'name': 'New', 'folder': '/data/typo'})['id']}"
    refused = backend.admin.patch(path, json={"folder": "/data/a2"})
    assert (refused.status_code, "cancel the check" in refused.json()["detail"]) == (409, True)
    worker.work_until_idle()
    assert backend.admin.get(path).json()["status"] == "failed"
    relative = backend.admin.patch(path, json={"folder": "data/a2"})
    assert (relative.status_code, relative.json()["fields"][0]["field"]) == (422, "folder")
    worker.fail = lambda _kind, _site, _round: None
    moved = backend.admin.patch(path, json={"folder": "/data/a2"}).json()
    assert (moved["folder"], moved["status"], moved["name"]) == ("/data/a2", "checking", "New")
    said = [event["message"] for event in backend.get("/events", kind="dataset")]
    assert 'admin changed the folder of the data set New from "/data/typo" to "/data/a2".' in said
    task_id = worker.next_task_id("simulated")
    assert task_id is not None
    claimed = worker.must_claim(task_id)
    assert claimed["payload"]["folder"] == "/data/a2"
    worker.complete(claimed)
    assert backend.admin.get(path).json()["status"] == "ready"
    start_run(backend, federation)
    used = backend.admin.patch(path, json={"folder": "/data/a3"})
    assert (used.status_code, used.json()["error"]) == (409, "dataset_in_use")


def test_runs_on_a_data_set_are_named(backend: LiveBackend, federation: dict[str, Any]) -> None:
    run = start_run(backend, federation)
    (dataset, *_) = backend.get(f"/federations/{federation['id']}/datasets")
    (found,) = backend.get(f"/datasets/{dataset['id']}/runs")
    assert (found["run_id"], found["experiment_name"], found["run_label"]) == (run, "Try", "FedAvg, seed 0")
    assert found["fingerprint"] == dataset["fingerprint"]
    refused = backend.admin.delete(f"/api/v1/datasets/{dataset['id']}")
    assert (refused.status_code, "1 run(s) of Try" in refused.json()["detail"]) == (409, True)


def test_a_mask_of_one_file_for_each_structure_reaches_the_worker_that_reads_it(
    backend: LiveBackend, worker: PlayedWorker, site: str
) -> None:
    parts = {"disc": "masks/a/disc.png", "cup": "masks/a/cup.png"}
    with_parts = [case("a", mask="masks/a", mask_parts=parts), case("b", split="test")]
    fingerprint(backend, worker, site, with_parts)
    with unit_of_work(backend.platform.database) as session:
        dataset = session.scalars(select(Dataset)).one()
        manifest = manifest_of(session, dataset, session.get_one(Site, dataset.site_id))
    assert [file.mask_parts for file in manifest.cases] == [parts, {}]
