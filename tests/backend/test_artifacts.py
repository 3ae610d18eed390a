"""Artifacts: content-addressed, verified, harmless to send twice."""

import hashlib

import pytest

from backend.contracts.artifacts import SAFETENSORS
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = f"/worker-api/v1/artifacts/{SHA256}"


def test_upload_twice_and_download(backend: LiveBackend, worker: PlayedWorker) -> None:
    assert backend.worker.head(PATH).status_code == 404
    for _ in range(2):
        assert worker.upload_bytes(CONTENT) == SHA256
    head = backend.worker.head(PATH)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(CONTENT)))
    download = backend.worker.get(PATH)
    assert download.content == CONTENT
    assert download.headers["content-type"] == SAFETENSORS
    part = backend.worker.get(PATH, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"\x01\x02\x03")


def test_wrong_hash_stores_nothing(backend: LiveBackend) -> None:
    response = backend.worker.put(PATH, content=CONTENT[:-1], headers={"Content-Type": SAFETENSORS})
    assert (response.status_code, response.json()["error"]) == (422, "hash_mismatch")
    assert backend.worker.head(PATH).status_code == 404
    assert not [path for path in backend.settings.artifacts_folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("address", "media_type", "field"),
    [(SHA256, "application/x-pickle", "Content-Type"), (SHA256.upper(), SAFETENSORS, "sha256"), ("abc", "", "sha256")],
)
def test_other_media_types_and_addresses_are_refused(
    backend: LiveBackend, address: str, media_type: str, field: str
) -> None:
    response = backend.worker.put(
        f"/worker-api/v1/artifacts/{address}", content=CONTENT, headers={"Content-Type": media_type}
    )
    assert response.status_code == 422
    assert response.json()["fields"][0]["field"] == field


def test_lost_file_is_uploaded_again(backend: LiveBackend, worker: PlayedWorker) -> None:
    worker.upload_bytes(CONTENT)
    (backend.settings.artifacts_folder / SHA256[:2] / SHA256).unlink()
    assert backend.worker.head(PATH).status_code == 404
    worker.upload_bytes(CONTENT)
    assert backend.worker.get(PATH).content == CONTENT
