"""Federated statistics of real rows: side by side, withheld where there are few cases, and never to be had from totals.

Played site `s` with n cases of a split says of its structure size: total 100 n, squares 10000 n, so mean 100, std 0.
"""

from typing import Any

import pytest

from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

DISC = {"modality": "fundus photography", "structures": [{"name": "disc", "label_values": [1]}]}
Counts = dict[str, int]


def moments(count: int, value: float) -> dict[str, float]:
    return {"count": count, "total": count * value, "squares": count * value * value}


def part(num_cases: int, bin_: int = 0, present: int | None = None, size: float = 100.0) -> dict[str, Any]:
    """A split's sums: all grey values in one bin, images of 64 x 32 pixels."""
    present = num_cases if present is None else present
    histogram = [0.0] * 32
    histogram[bin_] = float(num_cases)
    return {
        "num_cases": num_cases,
        "size": [moments(num_cases, 64.0), moments(num_cases, 32.0)],
        "intensity_histogram": histogram,
        "structures": {"disc": {"size": moments(present, size), "share": moments(present, size / 2048)}},
    }


def cases_of(statistics: dict[str, Any]) -> list[dict[str, Any]]:
    """As many cases as the sums are of; one for training where they are of none."""
    splits = [split for split, sums in statistics.items() for _ in range(sums["num_cases"])] or ["train"]
    return [
        {
            "name": f"case-{index}", "image": f"images/{index}.png", "mask": f"masks/{index}.png", "split": split,
            "width": 32, "height": 64, "image_sha256": f"{index:064x}", "mask_sha256": f"{index + 10**6:064x}",
            "structure_shares": {"disc": 0.1},
        }
        for index, split in enumerate(splits)
    ]  # fmt: skip


@pytest.fixture
def empty_federation(backend: LiveBackend) -> str:
    return str(backend.post("/federations", {"name": "Eyes", "task": DISC})["id"])


class Sites:
    """Registers data sets whose worker reports the given sums."""

    def __init__(self, backend: LiveBackend, worker: PlayedWorker, federation_id: str) -> None:
        self.backend, self.worker, self.federation_id = backend, worker, federation_id

    def add_site(self, name: str, minimum_count: int = 10) -> str:
        policy = {"minimum_count": minimum_count}
        return str(
            self.backend.post(f"/federations/{self.federation_id}/sites", {"name": name, "policy": policy})["id"]
        )

    def add_data(self, site_id: str, name: str, statistics: dict[str, Any]) -> None:
        self.backend.post(f"/sites/{site_id}/datasets", {"name": name, "folder": f"/data/{name}"})
        task_id = self.worker.next_task_id("simulated")
        assert task_id is not None
        claimed = self.worker.must_claim(task_id)
        result = {"kind": "describe_dataset", "cases": cases_of(statistics), "statistics": statistics}
        response = self.worker.complete(claimed, result)
        assert response.status_code == 204, response.text

    def statistics(self) -> dict[str, Any]:
        found: dict[str, Any] = self.backend.get(f"/federations/{self.federation_id}/statistics")
        return found


@pytest.fixture
def sites(backend: LiveBackend, worker: PlayedWorker, empty_federation: str) -> Sites:
    return Sites(backend, worker, empty_federation)


def test_a_split_with_few_cases_is_in_no_number(sites: Sites) -> None:
    """train 12, val 9, test 10 with a threshold of 10: what is said is of the 22 of train and test. The val cases lie
    in another bin, are larger and all lack the structure, and nothing of that shows."""
    site = sites.add_site("A")
    sites.add_data(site, "one", {"train": part(12), "val": part(9, bin_=31, present=0, size=900), "test": part(10)})
    found = sites.statistics()
    (a,) = found["sites"]
    assert a["splits"] == {
        "train": {"count": 12, "below": None},
        "val": {"count": None, "below": 10},
        "test": {"count": 10, "below": None},
    }
    assert a["num_cases"] == 22
    assert a["intensity_histogram"] == [1.0, *[0.0] * 31]
    assert a["structures"][0]["num_present"] == 22
    assert a["structures"][0]["prevalence"] == 1.0
    assert a["structures"][0]["size"] == {"mean": 100.0, "std": 0.0}
    assert "Fewer than 10 cases in val" in a["note"]
    assert found["num_cases"] == {"train": 12, "val": 0, "test": 10}
    assert found["num_sites_withheld"] == {"train": 0, "val": 1, "test": 0}


def test_a_withheld_split_changes_no_number_that_is_said(sites: Sites) -> None:
    """Two federations' worth of truth, 1 and 9 validation cases: the answers are equal but for names."""
    for name, count in (("A", 1), ("B", 9)):
        sites.add_data(sites.add_site(name), name, {"train": part(12), "val": part(count, bin_=7), "test": part(10)})
    one, other = sites.statistics()["sites"]
    named = {"site_slug": "", "site_name": ""}
    assert {**one, **named} == {**other, **named}


def test_several_data_sets_of_a_site_are_one(sites: Sites) -> None:
    """6 + 6 training cases reach the threshold of 10 together; of their sizes 100 and 200 mean 150, deviation 50."""
    site = sites.add_site("A")
    sites.add_data(site, "one", {"train": part(6, size=100)})
    sites.add_data(site, "two", {"train": part(6, size=200)})
    (a,) = sites.statistics()["sites"]
    assert a["splits"]["train"]["count"] == 12
    assert a["splits"]["test"] == {"count": 0, "below": None}
    assert a["structures"][0]["size"] == {"mean": 150.0, "std": 50.0}
    assert a["num_datasets"] == 2


@pytest.mark.parametrize(
    ("present", "is_told"), [(0, True), (9, False), (10, True), (20, True), (21, False), (30, True)]
)
def test_a_structure_that_few_have_or_lack_is_withheld(sites: Sites, present: int, is_told: bool) -> None:
    """Of 30 cases: 9 have it, or 9 lack it (21 have it)."""
    sites.add_data(sites.add_site("A"), "one", {"train": part(30, present=present)})
    (disc,) = sites.statistics()["sites"][0]["structures"]
    assert disc["num_present"] == (present if is_told else None)
    assert disc["prevalence"] == (present / 30 if is_told else None)
    if not is_told:
        assert (disc["size"], disc["share"]) == (None, None)


def test_how_far_sites_are_apart(sites: Sites) -> None:
    """Grey values in bin 0, in bin 0 and in bin 16 of 32: half the range apart. Prevalence 1, 1/3 and 1. Sizes without
    spread: equal, or not."""
    sites.add_data(sites.add_site("A"), "a", {"train": part(30)})
    sites.add_data(sites.add_site("B"), "b", {"train": part(30, present=10)})
    sites.add_data(sites.add_site("C"), "c", {"train": part(30, bin_=16, size=200)})
    found = sites.statistics()
    between = {(entry["site"], entry["other"]): entry for entry in found["distances"]}
    assert list(between) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert between["a", "b"]["intensity"] == 0
    assert between["a", "b"]["prevalence"] == pytest.approx(2 / 3)
    assert between["a", "c"]["intensity"] == pytest.approx(0.5)
    assert between["a", "c"]["structure_size"] == 1
    assert between["a", "c"]["size"] == 0
    assert between["a", "c"]["spacing"] is None
    assert between["a", "c"]["overall"] == pytest.approx((0.5 + 0 + 1 + 0) / 4)
    assert between["b", "c"]["overall"] == pytest.approx((0.5 + 0 + 1 + 2 / 3) / 4)
    assert (found["farthest"]["site"], found["farthest"]["other"]) == ("b", "c")


def test_a_site_with_too_few_cases_says_nothing(sites: Sites) -> None:
    sites.add_data(sites.add_site("A"), "a", {"train": part(3), "test": part(2)})
    sites.add_data(sites.add_site("B"), "b", {"train": part(30)})
    found = sites.statistics()
    a = found["sites"][0]
    assert (a["num_cases"], a["intensity_histogram"], a["size"], a["spacing"]) == (0, [], None, None)
    assert a["structures"][0]["num_present"] is None
    assert found["distances"][0]["overall"] is None
    assert found["farthest"] is None


def test_the_threshold_of_now_holds(sites: Sites, backend: LiveBackend) -> None:
    site = sites.add_site("A", minimum_count=1)
    sites.add_data(site, "a", {"train": part(3)})
    assert sites.statistics()["sites"][0]["splits"]["train"]["count"] == 3
    assert backend.admin.patch(f"/api/v1/sites/{site}", json={"policy": {"minimum_count": 4}}).status_code == 200
    assert sites.statistics()["sites"][0]["splits"]["train"] == {"count": None, "below": 4}


def test_a_data_set_without_statistics_is_said(sites: Sites) -> None:
    """As after an upgrade: it was checked before there were any."""
    site = sites.add_site("A")
    sites.add_data(site, "a", {"train": part(12)})
    sites.add_data(site, "b", {})
    (a,) = sites.statistics()["sites"]
    assert (a["num_cases"], a["num_datasets"]) == (12, 1)
    assert a["note"] == "1 data set(s) have no statistics yet: check them again."
