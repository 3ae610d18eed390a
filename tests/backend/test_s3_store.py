"""The artifact store in a bucket of an S3 server: the promises of the folder, and an empty cache loses nothing."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from backend.artifacts.opening import open_store
from backend.artifacts.s3_store import S3Store, s3_client
from backend.artifacts.store import INCOMING
from backend.errors import ArtifactDamaged, ArtifactStoreAway, HashMismatch, NotFound
from backend.settings import Settings

CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
BUCKET = "models"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def settings(server: str, tmp_path: Path) -> Settings:
    bucket = f"{BUCKET}-{tmp_path.name.replace('_', '-').lower()}"[:60].strip("-")
    s3_client(server, "eu-central-1", "key", "secret").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return Settings(
        home=tmp_path, s3_url=server, s3_bucket=bucket, s3_prefix="hub", s3_access_key="key", s3_secret_key="secret"
    )


def put(store: S3Store, content: bytes, sha256: str | None = None) -> str:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    incoming = asyncio.run(store.receive(sha256, pieces()))
    store.keep(incoming)
    store.discard(incoming)
    return incoming.sha256


def opened(settings: Settings) -> S3Store:
    store = open_store(settings)
    assert isinstance(store, S3Store)
    return store


def test_another_machine_reads_what_was_kept(settings: Settings, tmp_path: Path) -> None:
    assert put(opened(settings), CONTENT) == SHA256
    elsewhere = opened(settings.model_copy(update={"home": tmp_path / "elsewhere"}))
    assert list(elsewhere.addresses()) == [SHA256]
    assert elsewhere.problem(SHA256, again=True) is None
    assert elsewhere.path(SHA256).read_bytes() == CONTENT
    assert not list(elsewhere.folder.glob(f"{INCOMING}*"))
    elsewhere.remove(SHA256)
    assert list(elsewhere.addresses()) == []
    with pytest.raises(NotFound, match="is lost"):
        opened(settings.model_copy(update={"home": tmp_path / "third"})).path(SHA256)


def test_what_hashes_to_another_address_is_not_kept(settings: Settings) -> None:
    store = opened(settings)
    with pytest.raises(HashMismatch):
        put(store, CONTENT, "0" * 64)
    assert list(store.addresses()) == []


def test_a_damaged_object_is_never_given_out(settings: Settings, tmp_path: Path, server: str) -> None:
    put(opened(settings), CONTENT)
    client = s3_client(server, "eu-central-1", "key", "secret")
    client.put_object(Bucket=settings.s3_bucket, Key=f"hub/{SHA256[:2]}/{SHA256}", Body=b"other")
    store = opened(settings.model_copy(update={"home": tmp_path / "elsewhere"}))
    assert store.problem(SHA256) == "damaged"
    with pytest.raises(ArtifactDamaged):
        store.path(SHA256)
    put(store, CONTENT)
    assert store.problem(SHA256, again=True) is None, "sent again it is mended"


def test_the_cache_is_bounded_and_loses_nothing(settings: Settings) -> None:
    store = opened(settings.model_copy(update={"s3_cache_mib": 1}))
    addresses = [put(store, bytes([number]) * 600_000) for number in range(3)]
    hour_ago = time.time() - 3600
    for number, sha256 in enumerate(addresses):
        os.utime(store.path(sha256), (hour_ago + number, hour_ago + number))
    store.remove_leftovers()
    assert [path.name for path in store.folder.glob("??/*")] == addresses[2:]
    assert store.path(addresses[0]).read_bytes() == bytes([0]) * 600_000


def test_what_a_backup_put_into_the_folder_comes_into_the_bucket(settings: Settings, tmp_path: Path) -> None:
    store = opened(settings)
    target = store.folder / SHA256[:2] / SHA256
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    store.adopt(SHA256)
    assert opened(settings.model_copy(update={"home": tmp_path / "elsewhere"})).path(SHA256).read_bytes() == CONTENT


def test_only_what_lies_for_long_is_stray(settings: Settings) -> None:
    store = opened(settings)
    put(store, CONTENT)
    assert not store.is_stray(SHA256)
    assert not store.is_stray("0" * 64)


def test_a_store_that_is_away_says_so_without_its_keys(settings: Settings) -> None:
    away = settings.model_copy(update={"s3_url": "http://127.0.0.1:9"})
    with pytest.raises(ArtifactStoreAway, match="FEDSM_S3_URL") as caught:
        open_store(away)
    assert "secret" not in str(caught.value)
    with pytest.raises(ArtifactStoreAway, match="bucket"):
        open_store(settings.model_copy(update={"s3_bucket": "another"}))


def test_half_a_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="FEDSM_S3_ACCESS_KEY"):
        Settings(home=tmp_path, s3_bucket="models")
