"""The card of a model set: whose updates are in it, on which cases, and how its round was chosen."""

import io
import json
import zipfile
from typing import Any

from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def card_of(backend: LiveBackend, run_id: str) -> str:
    answer = backend.admin.get(f"/api/v1/runs/{run_id}/model.zip")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("model.json"))["usage"]
        return archive.read("README.md").decode()


def by_site(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["site_slug"]: row for row in found["data"]}


def test_a_site_that_never_contributed_is_not_trained_at(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """c cannot train at all; b leaves after round 1, and the best round is 3."""
    worker.dice = lambda _participant, number: 0.2 * number
    worker.fail = lambda kind, participant, number: (
        "the folder is gone"
        if kind in ("train_site", "validate_site") and (participant == "c" or (participant == "b" and number > 1))
        else None
    )
    run_id = start_run(backend, federation, minimum_sites=1, schedule={"rounds": 3})
    worker.work_until_idle()
    found = backend.get(f"/runs/{run_id}/model")
    assert (found["round"], found["num_rounds"], found["chosen_by_validation"]) == (3, 3, True)
    rows = by_site(found)
    assert {slug: (row["used_rounds"], row["trained_on"]) for slug, row in rows.items()} == {
        "a": ([1, 2, 3], True),
        "b": ([1], True),
        "c": ([], False),
    }
    assert rows["a"]["num_by_split"] == {"train": 2, "val": 1, "test": 1}
    assert any("No update of c is in the models of round 3" in note for note in found["notes"])
    card = card_of(backend, run_id)
    assert "trained by FedAvg at 2 site(s); round 3 of 3, chosen by validation." in card
    assert "| a | 1 to 3 | 2 | 1 | 1 |" in card
    assert "| b | 1 | 2 | 1 | 1 |" in card
    assert "| c | no update of it up to round 3 was used | 2 | 1 | 1 |" in card
    assert "4 cases" not in card, "train, validation and test are not one number"
    assert "without b and c" in card, "what its scores lack"


def test_updates_after_the_round_of_the_models_are_not_in_them(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Round 1 is the best, and a's update of it was refused; a trains again in round 2."""
    worker.dice = lambda _participant, number: 0.9 if number == 1 else 0.1
    worker.refuse = {"a": "tensor model.0.weight holds NaN"}
    run_id = start_run(backend, federation, minimum_sites=2)
    for queue in ("coordinator", "simulated", "simulated", "simulated", "coordinator"):
        worker.work_one(queue)
    worker.refuse = {}
    worker.work_until_idle()
    found = backend.get(f"/runs/{run_id}/model")
    assert found["round"] == 1
    assert {slug: row["used_rounds"] for slug, row in by_site(found).items()} == {"a": [], "b": [1], "c": [1]}


def test_a_site_held_out_is_said_to_be(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> None:
    run_id = start_run(backend, federation, held_out_sites=["c"])
    worker.work_until_idle()
    row = by_site(backend.get(f"/runs/{run_id}/model"))["c"]
    assert (row["held_out"], row["trained_on"], row["used_rounds"]) == (True, False, [])
    assert "| c | held out | 2 | 1 | 1 |" in card_of(backend, run_id)


def test_pooled_training_is_of_every_site(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation, strategies=[{"name": "centralized"}])
    worker.work_until_idle()
    rows = by_site(backend.get(f"/runs/{run_id}/model"))
    assert all(row["trained_on"] for row in rows.values())
    assert {tuple(row["used_rounds"]) for row in rows.values()} <= {(1,), (1, 2)}


def test_without_validation_the_card_does_not_claim_a_choice(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.num_val_cases = lambda _participant: 0
    run_id = start_run(backend, federation)
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}/model")["chosen_by_validation"] is False
    card = card_of(backend, run_id)
    assert "round 2 of 2, the last one, for no site has validation cases." in card
    assert "chosen by validation" not in card


def test_the_card_says_how_to_use_the_files(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation)
    worker.work_until_idle()
    card = card_of(backend, run_id)
    for words in ("antialiasing", "strides=(2, 2, 2, 2)", "sigmoid", "> 0.5", "0: disc"):
        assert words in card
