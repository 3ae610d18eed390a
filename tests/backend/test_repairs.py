"""Repairs over REST: chosen at registration or at a later check, counted, and looked at before any run uses them."""

from typing import Any

import pytest

from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

DISC = {"modality": "ultrasound", "structures": [{"name": "disc", "label_values": [1]}]}


def case(name: str, *repairs: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name, "image": f"images/{name}.png", "mask": f"masks/{name}.png", "split": "train", "width": 8,
        "height": 8, "image_sha256": "0" * 64, "mask_sha256": "1" * 64, "structure_shares": {"disc": 0.1},
        "repairs": repairs, **changes,
    }  # fmt: skip


def refused(name: str, *remedies: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"images/{name}.png",
        "mask": f"masks/{name}.png",
        "reason_code": "size_mismatch",
        "reason": "sizes differ",
        "remedies": remedies,
    }


class Ultrasound:
    """A site with one data set, whose checks find what the test says."""

    def __init__(self, backend: LiveBackend, worker: PlayedWorker) -> None:
        self.backend, self.worker = backend, worker
        self.federation = backend.post("/federations", {"name": "Ultrasound", "task": DISC})["id"]
        self.site = backend.post(f"/federations/{self.federation}/sites", {"name": "A"})["id"]

    def register(self, *cases: dict[str, Any], **body: Any) -> dict[str, Any]:
        registration = {"name": "One", "folder": "/data/a", **body}
        self.id = self.backend.post(f"/sites/{self.site}/datasets", registration)["id"]
        return self.found(*cases)

    def found(self, *cases: dict[str, Any]) -> dict[str, Any]:
        task_id = self.worker.next_task_id("simulated")
        assert task_id is not None
        claimed = self.worker.must_claim(task_id)
        self.asked: dict[str, Any] = claimed["payload"]["reading"]
        result = {"kind": "describe_dataset", "cases": cases, "reading": self.asked}
        done = self.worker.complete(claimed, result)
        assert done.status_code == 204, done.text
        return self.record()

    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = self.backend.get(f"/datasets/{self.id}")
        return record

    def confirm(self, fingerprint: str) -> Any:
        return self.backend.admin.post(f"/api/v1/datasets/{self.id}/confirm", json={"fingerprint": fingerprint})

    def problems(self) -> list[str]:
        config = {"strategies": [{"name": "fedavg"}]}
        path = f"/federations/{self.federation}/experiments/check"
        return [problem["message"] for problem in self.backend.post(path, {"config": config})["problems"]]


@pytest.fixture
def ultrasound(backend: LiveBackend, worker: PlayedWorker) -> Ultrasound:
    return Ultrasound(backend, worker)


def test_nothing_is_repaired_unless_it_is_chosen(ultrasound: Ultrasound) -> None:
    record = ultrasound.register(case("a"), refused("b", "resize_masks", "cut_at_half"), refused("c", "resize_masks"))
    assert ultrasound.asked["repairs"] == []
    assert (record["status"], record["num_repaired"], record["num_repaired_cases"]) == ("ready", {}, 0)
    assert record["num_remediable"] == {"resize_masks": 2, "cut_at_half": 1}
    assert record["num_with_remedy"] == 2
    (b,) = [entry for entry in ultrasound.backend.get(f"/datasets/{ultrasound.id}/cases") if entry["name"] == "b"]
    assert (b["remedies"], b["repairs"]) == (["resize_masks", "cut_at_half"], [])


def test_repaired_cases_wait_until_somebody_has_looked(ultrasound: Ultrasound) -> None:
    """And again after the data changed, but not after a check that found the same."""
    first = ultrasound.register(case("a"), case("b", "resize_masks"), repairs=["resize_masks"])
    assert (first["status"], first["num_repaired"]) == ("review", {"resize_masks": 1})
    assert ultrasound.problems() == ["no site has a checked data set"]
    stale = ultrasound.confirm("f" * 64)
    assert (stale.status_code, "look at it again" in stale.json()["detail"]) == (409, True)
    assert ultrasound.confirm(first["fingerprint"]).json()["status"] == "ready"
    assert ultrasound.confirm(first["fingerprint"]).status_code == 200  # twice is harmless
    assert ultrasound.problems() == []
    (event,) = [e for e in ultrasound.backend.get("/events") if "took it into use" in e["message"]]
    assert (event["actor"], "resize_masks 1" in event["message"]) == ("admin", True)
    ultrasound.backend.post(f"/datasets/{ultrasound.id}/check")
    assert ultrasound.found(case("a"), case("b", "resize_masks"))["status"] == "ready"
    ultrasound.backend.post(f"/datasets/{ultrasound.id}/check")
    changed = ultrasound.found(case("a"), case("b", "resize_masks", mask_sha256="5" * 64))
    assert changed["status"] == "review"
    ultrasound.backend.post(f"/datasets/{ultrasound.id}/check")
    cancelled = ultrasound.backend.post(f"/datasets/{ultrasound.id}/check/cancel")
    assert cancelled["status"] == "review"


def test_a_check_with_other_repairs(ultrasound: Ultrasound) -> None:
    """What is left out of the body stays; the choice changes the fingerprint."""
    plain = ultrasound.register(case("a"), refused("b", "resize_masks"), empty_means_nothing_there=True)
    path = f"/datasets/{ultrasound.id}/check"
    ultrasound.backend.post(path, {"repairs": ["cut_at_half", "resize_masks", "resize_masks"]})
    mended = ultrasound.found(case("a"), case("b", "resize_masks"))
    assert ultrasound.asked["repairs"] == ["resize_masks", "cut_at_half"]
    assert ultrasound.asked["empty_means_nothing_there"] is True
    assert mended["asked_reading"]["repairs"] == ["resize_masks", "cut_at_half"]
    ultrasound.backend.post(path, {"repairs": []})
    again = ultrasound.found(case("a"), refused("b", "resize_masks"))
    assert again["fingerprint"] == plain["fingerprint"] != mended["fingerprint"]
    assert again["status"] == "ready"


def test_a_data_set_that_was_never_checked_is_not_confirmed(ultrasound: Ultrasound) -> None:
    ultrasound.backend.post(f"/sites/{ultrasound.site}/datasets", {"name": "One", "folder": "/data/a"})
    (dataset,) = ultrasound.backend.get(f"/federations/{ultrasound.federation}/datasets")
    ultrasound.id = dataset["id"]
    assert ultrasound.confirm("0" * 64).status_code == 409


LABELS = {"structures": {"disc": {"values": [3]}}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"repairs": ["cut_at_half", "largest_value"]}, "in two ways"),
        ({"repairs": ["largest_value"], "label_map": LABELS}, "keep one of the two"),
        ({"repairs": ["stretch"]}, "resize_masks"),
    ],
)
def test_choices_that_mean_nothing_are_refused(ultrasound: Ultrasound, body: dict[str, Any], words: str) -> None:
    answer = ultrasound.backend.admin.post(
        f"/api/v1/sites/{ultrasound.site}/datasets", json={"name": "One", "folder": "/data/a", **body}
    )
    assert answer.status_code == 422
    (problem,) = answer.json()["fields"]
    assert problem["field"].startswith("repairs")
    assert words in str(problem)


def test_what_was_repaired_stands_in_the_files_of_cases(ultrasound: Ultrasound) -> None:
    ultrasound.register(case("a", "resize_masks", "cut_at_half"), refused("b", "turn_masks"), repairs=["resize_masks"])
    text = ultrasound.backend.admin.get(f"/api/v1/datasets/{ultrasound.id}/cases.csv").text
    header, first, second = (line.split(",") for line in text.splitlines())
    assert first[header.index("repairs")] == "resize_masks; cut_at_half"
    assert second[header.index("remedies")] == "turn_masks"
