"""Leakage between data sets and sites, by the hashes that workers report: who is compared, and what is said."""

import random
import time
from typing import Any

import pytest

from backend.datasets.leakage.hashes import near_pairs
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

DISC = {"modality": "fundus photography", "structures": [{"name": "disc", "label_values": [1]}]}


def case(name: str, split: str, pixels: str, hash_: str | None = None, patient: str | None = None) -> dict[str, Any]:
    """pixels: one hexadecimal digit that stands for the image; its hash is far from other digits' unless given."""
    return {
        "name": name, "image": f"images/{name}.png", "mask": f"masks/{name}.png", "split": split,
        "width": 8, "height": 8,
        "image_sha256": "0" * 64, "mask_sha256": "1" * 64, "structure_shares": {"disc": 0.1}, "patient": patient,
        "pixel_sha256": pixels * 64, "perceptual_hash": hash_ or pixels * 64,
    }  # fmt: skip


class Sites:
    def __init__(self, backend: LiveBackend, worker: PlayedWorker) -> None:
        self.backend, self.worker = backend, worker
        self.federation_id = backend.post("/federations", {"name": "Eyes", "task": DISC})["id"]

    def add(
        self, name: str, *data_sets: list[dict[str, Any]], hashes: bool = True, keys: tuple[str | None, ...] = ()
    ) -> str:
        """A site with data sets named 1, 2, ...; the worker sends what it was allowed to send."""
        body = {"name": name, "policy": {"may_send_hashes": hashes}}
        site_id = str(self.backend.post(f"/federations/{self.federation_id}/sites", body)["id"])
        for number, cases in enumerate(data_sets, start=1):
            self.backend.post(f"/sites/{site_id}/datasets", {"name": str(number), "folder": f"/data/{name}/{number}"})
            task_id = self.worker.next_task_id("simulated")
            assert task_id is not None
            claimed = self.worker.must_claim(task_id)
            assert claimed["payload"]["may_send_hashes"] is hashes
            key = keys[number - 1] if keys else None
            result = {"kind": "describe_dataset", "cases": cases, "pseudonym_key": key}
            response = self.worker.complete(claimed, result)
            assert response.status_code == 204, response.text
        return site_id

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = self.backend.get(f"/federations/{self.federation_id}/leakage")
        return found


@pytest.fixture
def sites(backend: LiveBackend, worker: PlayedWorker) -> Sites:
    return Sites(backend, worker)


def test_a_test_case_of_one_site_that_trains_at_another(sites: Sites) -> None:
    sites.add("A", [case("left", "test", "5"), case("own", "train", "6")])
    sites.add("B", [case("copy", "train", "5"), case("other", "test", "9")])
    report = sites.report()
    (pair,) = report["pairs"]
    assert (pair["kind"], pair["is_serious"], pair["bits"]) == ("exact", True, None)
    assert [(c["site_slug"], c["name"], c["split"]) for c in pair["cases"]] == [
        ("b", "copy", "train"),
        ("a", "left", "test"),
    ]
    assert pair["message"] == "copy of B (1, train) and left of A (1, test) have the same pixels."
    assert pair["remedy"] == "Remove one of the two from its folder, and check that data set again."
    assert (report["num_compared"], report["num_serious"], report["not_compared"]) == (4, 1, [])


def test_near_duplicates_are_those_within_the_threshold(sites: Sites) -> None:
    """Six digits f in place of 0 differ in 24 bits, seven in 28."""
    sites.add("A", [case("a", "test", "1", "0" * 64)])
    sites.add("B", [case("b", "train", "2", "0" * 58 + "f" * 6)])
    sites.add("C", [case("c", "train", "3", "f" * 7 + "0" * 57)])
    (pair,) = sites.report()["pairs"]
    assert (pair["kind"], pair["bits"]) == ("near", 24)
    assert {c["name"] for c in pair["cases"]} == {"a", "b"}
    assert "Look at both first" in pair["remedy"]


def test_hashes_of_a_site_that_forbids_them_are_not_used(sites: Sites) -> None:
    """Also where they were sent before the policy was tightened: A's case has its hashes in the database still."""
    a = sites.add("A", [case("left", "test", "5")])
    sites.add("B", [case("copy", "train", "5")])
    assert sites.report()["num_serious"] == 1
    policy = {"policy": {"may_send_hashes": False}}
    assert sites.backend.admin.patch(f"/api/v1/sites/{a}", json=policy).status_code == 200
    report = sites.report()
    assert (report["pairs"], report["num_compared"]) == ([], 1)
    (left_out,) = report["not_compared"]
    assert (left_out["site_slug"], left_out["num_cases"]) == ("a", 1)
    assert "policy lets no hash" in left_out["reason"]


def test_a_patient_in_two_splits_of_a_sites_data_sets(sites: Sites) -> None:
    """Pseudonym p is in train of data set 1 and in test of data set 2; q is in one split only; B's p is another one."""
    sites.add(
        "A",
        [case("a", "train", "1", patient="p"), case("b", "train", "2", patient="q")],
        [case("c", "test", "3", patient="p"), case("d", "train", "4", patient="q")],
    )
    sites.add("B", [case("e", "val", "5", patient="p")])
    (pair,) = sites.report()["pairs"]
    assert (pair["kind"], pair["is_serious"]) == ("patient", True)
    assert [c["name"] for c in pair["cases"]] == ["a", "c"]
    assert "cases.csv" in pair["remedy"]


def test_serious_pairs_come_first(sites: Sites) -> None:
    sites.add("A", [case("a", "train", "1"), case("b", "test", "2", "2" * 64)])
    sites.add("B", [case("c", "train", "1"), case("d", "train", "3", "2" * 63 + "3")])
    kinds = [(pair["kind"], pair["is_serious"]) for pair in sites.report()["pairs"]]
    assert kinds == [("near", True), ("exact", False)]


def test_cases_without_hashes_are_said(sites: Sites) -> None:
    old = case("a", "train", "1") | {"pixel_sha256": None, "perceptual_hash": None}
    sites.add("A", [old])
    (entry,) = sites.report()["not_compared"]
    assert "check them again" in entry["reason"]


def test_one_image_everywhere_ends_the_search(sites: Sites) -> None:
    """80 copies at two sites are 160 * 159 / 2 = 12 720 pairs, of which 40 * 120 = 4 800 reach into a test."""
    splits = ["test"] * 20 + ["train"] * 60
    for name in ("A", "B"):
        sites.add(name, [case(f"{name}{index:02}", split, "5") for index, split in enumerate(splits)])
    report = sites.report()
    assert (report["is_complete"], report["num_pairs"], report["num_serious"]) == (False, 2000, 2000)
    assert len(report["pairs"]) == 500
    assert {pair["kind"] for pair in report["pairs"]} == {"exact"}


def test_an_archived_site_is_not_compared(sites: Sites) -> None:
    a = sites.add("A", [case("left", "test", "5")])
    sites.add("B", [case("copy", "train", "5")])
    assert sites.report()["is_complete"] is True
    assert sites.backend.admin.patch(f"/api/v1/sites/{a}", json={"archived": True}).status_code == 200
    assert (sites.report()["pairs"], sites.report()["num_compared"]) == ([], 1)


def flipped(code: int, num_bits: int, generator: random.Random) -> int:
    for bit in generator.sample(range(256), num_bits):
        code ^= 1 << bit
    return code


def test_near_pairs_are_those_of_comparing_every_two() -> None:
    """Random hashes, and copies of them with 0 to 40 bits changed, beside the comparison of every two."""
    generator = random.Random(0)
    codes = [generator.getrandbits(256) for _ in range(60)]
    codes += [flipped(generator.choice(codes[:60]), generator.randrange(41), generator) for _ in range(120)]
    hashes = {f"{index:03}": f"{code:064x}" for index, code in enumerate(codes)}
    wanted = {
        (first, second): bits
        for first, one in hashes.items()
        for second, other in hashes.items()
        if first < second and (bits := (int(one, 16) ^ int(other, 16)).bit_count()) <= 24
    }
    assert len(wanted) > 50
    assert near_pairs(hashes, 24) == wanted


def test_near_pairs_stop_at_a_limit() -> None:
    hashes = {f"{index:02}": f"{index:064x}" for index in range(64)}  # any two differ in at most 6 bits
    assert len(near_pairs(hashes, 24)) == 64 * 63 // 2
    assert len(near_pairs(hashes, 24, 100)) == 100


@pytest.mark.speed
def test_many_hashes_are_compared_quickly() -> None:
    """8000 hashes are 32 million pairs; all of them would take some 5 s."""
    generator = random.Random(0)
    hashes = {f"{index}": f"{generator.getrandbits(256):064x}" for index in range(8000)}
    start = time.process_time()
    assert near_pairs(hashes, 24) == {}
    assert time.process_time() - start < 3


@pytest.mark.parametrize(("keys", "num_pairs"), [(("0" * 8, "0" * 8), 1), ((None, None), 1), ((None, "0" * 8), 0)])
def test_pseudonyms_of_different_keys_are_not_compared_and_that_is_said(
    sites: Sites, keys: tuple[str | None, ...], num_pairs: int
) -> None:
    """One data set was checked before keys were secret, or by a worker with another home."""
    first, second = [case("a", "train", "1", patient="p")], [case("c", "test", "3", patient="p")]
    sites.add("A", first, second, keys=keys)
    report = sites.report()
    assert [pair["kind"] for pair in report["pairs"]] == ["patient"] * num_pairs
    assert len(report["not_compared"]) == 1 - num_pairs
    assert all("check its data sets again" in entry["reason"] for entry in report["not_compared"])
