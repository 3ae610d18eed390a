"""Models of files: read, checked, and used like those of runs."""

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from tests.backend.conftest import DISC, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

CONFIG = {"strategies": [{"name": "fedavg"}], "schedule": {"rounds": 7}}


def safetensors(value: bytes = b"\0\0\x80?") -> bytes:
    """One tensor `w` of one float."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + value


MODEL = {"global": safetensors()}


def archive(description: dict[str, Any] | None, **parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        if description is not None:
            zipped.writestr("model.json", json.dumps(description))
        for name, content in parts.items():
            zipped.writestr(f"{name.replace('__', '/')}.safetensors", content)
    return file.getvalue()


def description(**change: Any) -> dict[str, Any]:
    return {"task": DISC, "config": CONFIG, "sites": ["a", "b"], "strategy": {"name": "ditto"}, "seed": 3} | change


def send(backend: LiveBackend, federation: dict[str, Any], content: bytes) -> Any:
    path = f"/api/v1/federations/{federation['id']}/models"
    return backend.admin.post(path, params={"name": "model.zip"}, content=content)


def test_an_imported_model_is_listed_downloaded_and_begun_from(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    parts = {"global": safetensors(), "personalized__a": safetensors(b"\0\0\0@")}
    answer = send(backend, federation, archive(description(round=5, strategy_label="Ditto"), **parts))
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["strategy_label"], found["seed"], found["round"], found["sites"]) == ("Ditto", 3, 5, ["a", "b"])
    assert [part["name"] for part in found["parts"]] == ["global", "personalized/a"]
    assert found["parts"][0]["sha256"] == hashlib.sha256(parts["global"]).hexdigest()
    listed = backend.get(f"/federations/{federation['id']}/models")
    assert [(entry["run_id"], entry["imported"]) for entry in listed] == [(found["run_id"], True)]
    (experiment,) = backend.get(f"/federations/{federation['id']}/experiments")
    assert (experiment["kind"], experiment["status"]) == ("import", "completed")

    exported = backend.admin.get(found["download_url"])
    again = send(backend, federation, exported.content)
    assert again.status_code == 201, "what is exported can be imported"
    assert again.json()["parts"] == found["parts"]

    run_id = start_run(backend, federation, start_from={"run": found["run_id"]})
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}/model")["start"]["round"] == 5
    assert "was not trained here" in backend.get(f"/runs/{found['run_id']}/extension", rounds=9)["problem"]


OTHER_TASK = DISC | {"num_channels": 1, "structures": [{"name": "cup", "label_values": [1]}]}


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        (b"", "file", "is no ZIP"),
        (b"PK\3\4 cut off", "file", "is no ZIP"),
        (archive(None, **{"global": safetensors()}), "file", "is not in the ZIP"),
        (archive(description()), "file", "holds no segmentation model"),
        (archive(description(), **{"global": b"pickle?"}), "file", "no safetensors"),
        (archive(description(), **{"global": safetensors()[:-1]}), "file", "cut off"),
        (
            archive(description(), **{"global": safetensors(), "..__evil": safetensors()}),
            "file",
            "is no part of a model",
        ),
        (archive(description(), personalized__c=safetensors()), "file", "does not name"),
        (
            archive(description(parts=[{"name": "global", "sha256": "0" * 64}]), **MODEL),
            "file",
            "not to what model.json says",
        ),
        (archive({"config": CONFIG}, **{"global": safetensors()}), "model.json.task", "is required"),
        (
            archive(
                description(config=CONFIG | {"network": {"name": "unet", "channels": [1]}}), **{"global": safetensors()}
            ),
            "model.json.config.network",
            "",
        ),
        (archive(description(task=OTHER_TASK), **{"global": safetensors()}), "model.json.task.structures", "here"),
    ],
)
def test_a_file_that_is_no_fitting_model_is_refused_and_nothing_kept(
    backend: LiveBackend, federation: dict[str, Any], content: bytes, field: str, words: str
) -> None:
    answer = send(backend, federation, content)
    assert answer.status_code == 422, answer.text
    problem = answer.json()["fields"][0]
    assert problem["field"].startswith(field)
    assert words in problem["message"]
    assert problem["remedy"]
    assert backend.get(f"/federations/{federation['id']}/models") == []


def test_a_model_goes_to_a_federation_that_is_there(backend: LiveBackend) -> None:
    assert send(backend, {"id": "nowhere"}, b"").status_code == 404
