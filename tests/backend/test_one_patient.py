"""Pairs that are possibly one patient's: found inside and between data sets, decided once, and kept across checks."""

import json
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from tests.backend.conftest import DISC
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.backend.test_data_statistics import part
from tests.conftest import wait_until
from tests.forked import fedsm_in_fork

#: Far from each other's: 64 bits and more.
HASHES = {"a": "0" * 64, "b": "f" * 12 + "0" * 52, "c": "0" * 32 + "f" * 32, "d": "f" * 64, "e": "0f" * 32}


def case(name: str, split: str, patient: str | None = None, hash_: str | None = None) -> dict[str, Any]:
    number = format(ord(name[-1]), "x")
    return {
        "name": name, "image": f"images/{name}.png", "mask": f"masks/{name}.png", "split": split, "width": 8,
        "height": 8, "image_sha256": number * 32, "mask_sha256": "1" * 64, "structure_shares": {"disc": 0.1},
        "pixel_sha256": number * 32, "perceptual_hash": hash_ or HASHES[name[-1]], "patient": patient,
    }  # fmt: skip


ALIKE = {"pairs": [{"first": "a", "second": "b", "bits": 48}], "limit_bits": 50}


class Sites:
    def __init__(self, backend: LiveBackend, worker: PlayedWorker) -> None:
        self.backend, self.worker = backend, worker
        self.federation = str(backend.post("/federations", {"name": "Eyes", "task": DISC})["id"])

    def site(self, name: str, **policy: Any) -> str:
        body = {"name": name, "policy": policy}
        return str(self.backend.post(f"/federations/{self.federation}/sites", body)["id"])

    def register(self, site: str, name: str, *cases: dict[str, Any], alike: Any = None) -> str:
        dataset = self.backend.post(f"/sites/{site}/datasets", {"name": name, "folder": f"/data/{name}"})["id"]
        self.found(*cases, alike=alike)
        return str(dataset)

    def check(self, dataset: str, *cases: dict[str, Any], alike: Any = None) -> list[dict[str, Any]]:
        self.backend.post(f"/datasets/{dataset}/check")
        return self.found(*cases, alike=alike)

    def found(self, *cases: dict[str, Any], alike: Any) -> list[dict[str, Any]]:
        """What the worker was told to keep together."""
        task_id = self.worker.next_task_id("simulated")
        assert task_id is not None
        claimed = self.worker.must_claim(task_id)
        statistics = {split: part(number) for split, number in Counter(case["split"] for case in cases).items()}
        result = {"kind": "describe_dataset", "cases": cases, "statistics": statistics}
        done = self.worker.complete(claimed, result | ({"alike": alike} if alike else {}))
        assert done.status_code == 204, done.text
        joined: list[dict[str, Any]] = claimed["payload"]["joined"]
        return joined

    def pairs(self, **query: str) -> list[dict[str, Any]]:
        answer = self.backend.admin.get(f"/api/v1/federations/{self.federation}/alike", params=query)
        assert answer.status_code == 200, answer.text
        pairs: list[dict[str, Any]] = answer.json()["pairs"]
        return pairs

    def names(self) -> list[tuple[str, str, int, str, str | None]]:
        return [(*(c["name"] for c in pair["cases"]), pair["bits"], pair["scope"], pair["decision"])
                for pair in self.pairs()]  # type: ignore[misc]  # fmt: skip

    def decide(self, pair: dict[str, Any], decision: str) -> Any:
        first, second = (entry["case_id"] for entry in pair["cases"])
        body = {"first_case_id": first, "second_case_id": second, "decision": decision}
        return self.backend.admin.post("/api/v1/alike/decisions", json=body)

    def cases(self, dataset: str) -> dict[str, tuple[str, str | None]]:
        rows = self.backend.get(f"/datasets/{dataset}/cases")
        return {row["name"]: (row["split"], row["patient"]) for row in rows}

    def record(self, dataset: str) -> dict[str, Any]:
        record: dict[str, Any] = self.backend.get(f"/datasets/{dataset}")
        return record


@pytest.fixture
def sites(backend: LiveBackend, worker: PlayedWorker) -> Sites:
    return Sites(backend, worker)


def test_a_confirmed_pair_shares_patient_and_split_now_and_after_checks(sites: Sites) -> None:
    """a trains with its patient's other case c, b is tested: all three are tested. d stays where it is."""
    own = (case("a", "train", "p"), case("b", "test"), case("c", "train", "p"), case("d", "train"))
    dataset = sites.register(sites.site("A"), "One", *own, alike=ALIKE)
    assert sites.names() == [("a", "b", 48, "data_set", None)]
    before = sites.record(dataset)["fingerprint"]
    decided = sites.decide(sites.pairs()[0], "same_patient")
    assert decided.json()["decided_by"] == "admin"
    together = {"a": ("test", "p"), "b": ("test", "p"), "c": ("test", "p"), "d": ("train", None)}
    assert sites.cases(dataset) == together
    record = sites.record(dataset)
    assert (record["num_patients"], record["num_without_patient"]) == (1, 1)
    after = sites.record(dataset)["fingerprint"]
    assert after != before
    events = [entry["message"] for entry in sites.backend.get("/events")]
    assert "admin decided that a of A and b of A are of one patient." in events
    moved = (case("a", "test", "p"), case("b", "test"), case("c", "test", "p"), case("d", "train"))
    assert sites.check(dataset, *moved, alike=ALIKE) == [{"names": ["a", "b", "c"], "elsewhere": []}]
    assert sites.cases(dataset) == together
    assert sites.record(dataset)["fingerprint"] == after
    assert sites.names() == [("a", "b", 48, "data_set", "same_patient")]


def test_statistics_of_moved_cases_are_withheld_until_the_next_check(sites: Sites) -> None:
    dataset = sites.register(sites.site("A", minimum_count=1), "One", case("a", "train"), case("b", "val"), alike=ALIKE)

    def told() -> int:
        (site,) = sites.backend.get(f"/federations/{sites.federation}/statistics")["sites"]
        return int(site["num_cases"])

    assert told() == 2
    sites.decide(sites.pairs()[0], "same_patient")
    assert told() == 0
    sites.check(dataset, case("a", "val"), case("b", "val"), alike=ALIKE)
    assert told() == 2


def test_a_dismissed_pair_is_not_asked_about_again_and_can_be_decided_anew(sites: Sites) -> None:
    dataset = sites.register(sites.site("A"), "One", case("a", "train"), case("b", "test"), alike=ALIKE)
    (pair,) = sites.pairs()
    sites.decide(pair, "different_patients")
    assert sites.cases(dataset) == {"a": ("train", None), "b": ("test", None)}
    answer = sites.backend.get(f"/federations/{sites.federation}/alike")
    assert (answer["num_pairs"], answer["num_undecided"]) == (1, 0)
    assert sites.check(dataset, case("a", "train"), case("b", "test"), alike=ALIKE) == []
    sites.decide(pair, "same_patient")
    (split, other) = sites.cases(dataset).values()
    assert split == other
    assert split[0] == "test"
    assert split[1] is not None


def test_a_run_that_was_started_keeps_its_splits(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """The played sites have two training cases, one that validates and one that is tested."""
    config = {"schedule": {"rounds": 1}, "strategies": [{"name": "fedavg"}]}
    body = {"name": "Try", "config": config}
    experiment = backend.post(f"/federations/{federation['id']}/experiments", body)["id"]
    run = backend.post(f"/experiments/{experiment}/start")["runs"][0]["id"]
    (dataset, *_) = backend.get(f"/federations/{federation['id']}/datasets")
    rows = {row["name"]: row["id"] for row in backend.get(f"/datasets/{dataset['id']}/cases")}
    decision = {"first_case_id": rows["case-0"], "second_case_id": rows["case-3"], "decision": "same_patient"}
    backend.post("/alike/decisions", decision)
    splits = {row["name"]: row["split"] for row in backend.get(f"/datasets/{dataset['id']}/cases")}
    assert (splits["case-0"], splits["case-3"]) == ("test", "test")
    (used,) = [entry for entry in backend.get(f"/datasets/{dataset['id']}/runs") if entry["run_id"] == run]
    assert used["fingerprint"] == dataset["fingerprint"] != backend.get(f"/datasets/{dataset['id']}")["fingerprint"]
    worker.work_until_idle()
    tested = [entry["name"] for entry in backend.get(f"/runs/{run}/cases")["cases"] if entry["site_slug"] == "a"]
    assert tested == ["case-3"]


def test_data_sets_of_a_site_are_compared_and_joined(sites: Sites) -> None:
    """48 bits apart, within the smaller limit; the other data set's splits follow, and the next check knows."""
    site = sites.site("A")
    one = sites.register(site, "One", case("a", "train"), case("c", "test"), alike={"limit_bits": 50})
    two = sites.register(site, "Two", case("b", "val"), case("d", "train"), alike={"limit_bits": 60})
    assert sites.names() == [("a", "b", 48, "site", None)]
    assert [len(sites.pairs(dataset_id=dataset)) for dataset in (one, two)] == [1, 1]
    sites.decide(sites.pairs()[0], "same_patient")
    assert sites.cases(one)["a"][0] == sites.cases(two)["b"][0] == "val"
    assert sites.cases(one)["a"][1] == sites.cases(two)["b"][1] is not None
    assert sites.check(one, case("a", "val"), case("c", "test")) == [{"names": ["a"], "elsewhere": ["val"]}]


def test_files_in_two_data_sets_are_asked_about_once(sites: Sites) -> None:
    site = sites.site("A")
    own = (case("a", "train"), case("b", "test"))
    for name in ("One", "The same again"):
        sites.register(site, name, *own, alike=ALIKE)
    assert sites.names() == [("a", "b", 48, "data_set", None)]
    assert sites.decide(sites.pairs()[0], "different_patients").status_code == 200
    assert sites.names() == [("a", "b", 48, "data_set", "different_patients")]


def test_between_sites_a_confirmed_pair_is_leakage(sites: Sites) -> None:
    """Nothing can be joined there."""
    one = sites.register(sites.site("A"), "One", case("a", "train"), alike={"limit_bits": 50})
    two = sites.register(sites.site("B"), "Two", case("b", "test"), alike={"limit_bits": 60})
    assert sites.names() == [("a", "b", 48, "sites", None)]
    path = f"/federations/{sites.federation}/leakage"
    assert sites.backend.get(path)["pairs"] == []
    sites.decide(sites.pairs()[0], "same_patient")
    (pair,) = sites.backend.get(path)["pairs"]
    assert (pair["kind"], pair["is_serious"]) == ("confirmed", True)
    assert "Nothing joins splits of two sites" in pair["remedy"]
    assert (sites.cases(one)["a"], sites.cases(two)["b"]) == (("train", None), ("test", None))


def test_hashes_that_may_not_leave_are_not_compared(sites: Sites) -> None:
    """Inside the data set the worker itself has compared."""
    site = sites.site("A", may_send_hashes=False)
    hidden = [case(name, "train") | {"perceptual_hash": None, "pixel_sha256": None} for name in ("a", "b")]
    sites.register(site, "One", *hidden, alike=ALIKE)
    sites.register(sites.site("B"), "Two", case("xb", "test"), alike={"limit_bits": 60})
    assert sites.names() == [("a", "b", 48, "data_set", None)]


def test_another_image_under_the_same_name_is_asked_about_again(sites: Sites) -> None:
    dataset = sites.register(sites.site("A"), "One", case("a", "train"), case("b", "test"), alike=ALIKE)
    sites.decide(sites.pairs()[0], "different_patients")
    other = case("b", "test") | {"image_sha256": "9" * 64}
    sites.check(dataset, case("a", "train"), other, alike=ALIKE)
    assert sites.names() == [("a", "b", 48, "data_set", None)]


def test_what_cannot_be_decided_is_refused(sites: Sites) -> None:
    dataset = sites.register(sites.site("A"), "One", case("a", "train"), case("b", "test"), alike=ALIKE)
    rows = {row["name"]: row["id"] for row in sites.backend.get(f"/datasets/{dataset}/cases")}
    same = {"cases": [{"case_id": rows["a"]}, {"case_id": rows["a"]}]}
    assert sites.decide(same, "same_patient").status_code == 422
    absent = {"cases": [{"case_id": rows["a"]}, {"case_id": "absent"}]}
    assert sites.decide(absent, "same_patient").status_code == 404


def test_the_shell_confirms_checks_again_and_decides(sites: Sites) -> None:
    environment = {**os.environ, "FEDSM_SERVER": sites.backend.url, "FEDSM_TOKEN": ADMIN_TOKEN, "COLUMNS": "200"}

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "fedsm", *arguments]
        return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def said(*arguments: str, code: int = 0) -> str:
        done = fedsm_in_fork(arguments, environment)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def ended(process: "subprocess.Popen[str]", code: int = 0) -> str:
        output = process.communicate(timeout=60)[0]
        assert process.returncode == code, output
        return output

    mended = case("a", "train") | {"repairs": ["resize_masks"]}
    dataset = sites.register(sites.site("A"), "One", mended, case("b", "test"), alike=ALIKE)
    assert sites.record(dataset)["status"] == "review"
    assert "1 case" in said("dataset", "confirm", dataset)
    assert sites.record(dataset)["status"] == "ready"
    assert "resize_masks" in said("dataset", "recheck", dataset, "--repair", "resize", code=2)
    both = ("--repair", "resize_masks", "--no-repair")
    assert "keep one of them" in said("dataset", "recheck", dataset, *both, code=2)
    checking = start("dataset", "recheck", dataset, "--repair", "resize_masks")
    # The message follows the commit which shows the new status.
    wait_until(lambda: sites.worker.broker.llen("simulated"), 30, "the check's message")
    assert sites.record(dataset)["status"] == "checking"
    other = mended | {"mask_sha256": "2" * 64}
    sites.found(other, case("b", "test"), alike=ALIKE)
    output = ended(checking)
    assert "repaired: --repair resize_masks (1 case)" in output
    assert f"look at the repaired cases in the browser, then run fedsm dataset confirm {dataset}" in output
    assert "No run uses it yet" not in said("dataset", "confirm", dataset)

    listed = said("federation", "alike")
    assert "1 pair is possibly one patient's, 1 of them undecided" in listed
    (pair,) = json.loads(said("federation", "alike", "--dataset", dataset, "--json"))["pairs"]
    ids = [entry["case_id"] for entry in pair["cases"]]
    assert all(case_id in listed for case_id in ids)
    assert "same_patient or different_patients" in said("federation", "decide", *ids, "--decision", "same", code=2)
    said("federation", "decide", ids[0], ids[0], "--decision", "same_patient", code=2)
    assert "same_patient, by admin" in said("federation", "decide", *ids, "--decision", "same_patient")
    assert "0 of them undecided" in said("federation", "alike")
    assert {split for split, _ in sites.cases(dataset).values()} == {"test"}
