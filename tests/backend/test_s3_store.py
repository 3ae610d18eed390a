"""The artifact store in a bucket of an S3 server: the promises of the folder, and an empty cache loses nothing."""

import asyncio
import hashlib
import io
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from pydantic import SecretStr
from urllib3 import HTTPResponse

from backend.artifacts.bucket import s3_client
from backend.artifacts.opening import open_store
from backend.artifacts.s3_store import S3Store
from backend.artifacts.store import INCOMING, IncomingFile
from backend.backup.archive import BackupProblem
from backend.backup.restore import restore_backup
from backend.clock import now
from backend.contracts.artifacts import SAFETENSORS
from backend.db.migrate import migrate
from backend.db.models import Artifact
from backend.db.session import unit_of_work
from backend.errors import ArtifactDamaged, ArtifactStoreAway, DiskFull, HashMismatch, NotFound
from backend.platform import open_platform
from backend.settings import Settings
from backend.storage.loop import StorageLoop
from tests.backend.s3_server import REGION, S3Server, s3_server
from tests.small_disk import fill, small_disk

CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
BUCKET = "models"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3") / "server") as running:
        yield running


@pytest.fixture
def settings(server: S3Server, tmp_path: Path) -> Settings:
    bucket = f"{BUCKET}-{tmp_path.name.replace('_', '-').lower()}"[:60].strip("-")
    s3_client(server.url, REGION, server.access_key, server.secret_key).create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return Settings(
        home=tmp_path,
        s3_url=server.url,
        s3_bucket=bucket,
        s3_prefix="hub",
        s3_access_key=server.access_key,
        s3_secret_key=server.secret_key,
    )


def received(store: S3Store, content: bytes, sha256: str | None = None) -> IncomingFile:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    return asyncio.run(store.receive(sha256, pieces()))


def put(store: S3Store, content: bytes, sha256: str | None = None) -> str:
    incoming = received(store, content, sha256)
    store.prepare(incoming)
    store.keep(incoming)
    store.discard(incoming)
    return incoming.sha256


def key_of(sha256: str) -> str:
    return f"hub/{sha256[:2]}/{sha256}"


def cached(store: S3Store) -> set[str]:
    return {path.name for path in store.folder.glob("**/*") if path.is_file()}


@pytest.fixture
def client(server: S3Server) -> Any:
    return s3_client(server.url, REGION, server.access_key, server.secret_key)


def calls_of(store: S3Store) -> list[str]:
    """Its operations from now on."""
    calls: list[str] = []
    store._bucket._client.meta.events.register("before-call.s3", lambda model, **_: calls.append(model.name))
    return calls


def answer(store: S3Store, operation: str, status: int, code: str) -> None:
    """What the server answers to this operation from now on."""

    def given(request: Any, **_: Any) -> AWSResponse:
        body = io.BytesIO(f"<Error><Code>{code}</Code></Error>".encode())
        return AWSResponse(request.url, status, {}, HTTPResponse(body, status=status, preload_content=False))

    store._bucket._client.meta.events.register(f"before-send.s3.{operation}", given)


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


def test_a_damaged_object_is_never_given_out(settings: Settings, client: Any, tmp_path: Path) -> None:
    put(opened(settings), CONTENT)
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


@pytest.mark.parametrize("wrong", ["s3_access_key", "s3_secret_key"])
def test_keys_that_the_server_does_not_know_are_refused_and_not_said(settings: Settings, wrong: str) -> None:
    with pytest.raises(ArtifactStoreAway, match=r"refused .*check its bucket and the keys") as caught:
        open_store(settings.model_copy(update={wrong: SecretStr("another-key")}))
    assert "another-key" not in str(caught.value)


def test_a_file_that_is_sent_in_parts_comes_back_whole(settings: Settings, tmp_path: Path) -> None:
    store = opened(settings)
    calls, large = calls_of(store), bytes(range(256)) * (9 * 2**12)
    sha256 = put(store, large)
    assert "CompleteMultipartUpload" in calls
    elsewhere = opened(settings.model_copy(update={"home": tmp_path / "elsewhere"}))
    assert elsewhere.path(sha256).read_bytes() == large


def test_half_a_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="FEDSM_S3_ACCESS_KEY"):
        Settings(home=tmp_path, s3_bucket="models")


@pytest.mark.parametrize("content", [None, b"other"], ids=["lost", "damaged"])
def test_a_look_through_the_store_mends_the_bucket_from_the_cache(
    settings: Settings, client: Any, tmp_path: Path, content: bytes | None
) -> None:
    store = opened(settings)
    put(store, CONTENT)
    if content is None:
        client.delete_object(Bucket=settings.s3_bucket, Key=key_of(SHA256))
    else:
        client.put_object(Bucket=settings.s3_bucket, Key=key_of(SHA256), Body=content)
    elsewhere = opened(settings.model_copy(update={"home": tmp_path / "elsewhere"}))
    assert elsewhere.problem(SHA256, again=True) == ("lost" if content is None else "damaged"), "it has no copy"
    assert store.problem(SHA256, again=True) is None
    assert elsewhere.problem(SHA256, again=True) is None
    assert cached(store) == {SHA256}


def test_a_copy_in_the_cache_that_is_damaged_goes(settings: Settings) -> None:
    store = opened(settings)
    put(store, CONTENT)
    file = store.folder / SHA256[:2] / SHA256
    status = file.stat()
    file.write_bytes(b"W" + CONTENT[1:])
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert store.problem(SHA256, again=True) is None, "the bucket's is whole"
    assert cached(store) == set()
    assert store.path(SHA256).read_bytes() == CONTENT


def test_a_bucket_that_is_gone_loses_nothing_of_the_cache(settings: Settings, client: Any) -> None:
    store = opened(settings)
    put(store, CONTENT)
    client.delete_object(Bucket=settings.s3_bucket, Key=key_of(SHA256))
    client.delete_bucket(Bucket=settings.s3_bucket)
    for ask in (
        lambda: store.problem(SHA256, again=True),
        lambda: store.problem("0" * 64),
        lambda: store.holds(SHA256, len(CONTENT)),
        lambda: store.remove(SHA256),
        lambda: put(store, b"another"),
    ):
        with pytest.raises(ArtifactStoreAway, match="bucket"):
            ask()
    assert cached(store) - {path.name for path in store.folder.glob(f"{INCOMING}*")} == {SHA256}


def test_a_look_through_the_store_and_a_backup_take_no_room(settings: Settings, tmp_path: Path) -> None:
    put(opened(settings), CONTENT)
    store = opened(settings.model_copy(update={"home": tmp_path / "elsewhere"}))
    assert store.problem(SHA256, again=True) is None
    assert cached(store) == set()
    with store.reading(SHA256) as path:
        assert path.read_bytes() == CONTENT
    assert cached(store) == set()
    with pytest.raises(NotFound), store.reading("0" * 64):
        pass
    assert cached(store) == set()


def test_the_cache_gives_way_before_the_disk_is_full(settings: Settings, tmp_path: Path) -> None:
    sent = opened(settings)
    old, new = (put(sent, bytes([number]) * 1_500_000) for number in range(2))
    with small_disk(tmp_path / "small", "4m") as folder:
        store = opened(settings.model_copy(update={"artifacts": folder}))
        assert store.folder == folder.resolve()
        hour_ago = time.time() - 3600
        os.utime(store.path(old), (hour_ago, hour_ago))
        filler = fill(folder)
        assert store.path(new).stat().st_size == 1_500_000
        assert cached(store) == {new, filler.name}
        fill(folder)
        with pytest.raises(DiskFull, match="make room"):
            store.path(old)
        assert cached(store) == {new, filler.name}, "what was read just now stays, and nothing half"


def test_what_was_sent_before_the_lock_is_not_sent_again_under_it(settings: Settings, client: Any) -> None:
    store = opened(settings)
    calls = calls_of(store)
    incoming = received(store, CONTENT)
    store.prepare(incoming)
    assert "PutObject" in calls
    calls.clear()
    store.keep(incoming)
    assert calls == ["HeadObject"]
    assert store.holds(SHA256, len(CONTENT))
    assert calls == ["HeadObject"] * 2, "no bytes travel for the answer"
    again = received(store, CONTENT)
    store.prepare(again)
    client.delete_object(Bucket=settings.s3_bucket, Key=key_of(SHA256))
    assert not store.holds(SHA256, len(CONTENT))
    store.keep(again)
    assert store.holds(SHA256, len(CONTENT)), "a sweep took it in between"


def test_a_failed_transfer_is_told_as_the_store_that_is_away(settings: Settings) -> None:
    store = opened(settings)
    incoming = received(store, CONTENT)
    answer(store, "PutObject", 403, "AccessDenied")
    with pytest.raises(ArtifactStoreAway, match="the keys"):
        store.prepare(incoming)


def test_a_store_that_answers_404_to_a_second_removal(settings: Settings) -> None:
    store = opened(settings)
    answer(store, "DeleteObject", 404, "NoSuchKey")
    store.remove(SHA256)
    gone = opened(settings)
    answer(gone, "DeleteObject", 404, "NoSuchBucket")
    with pytest.raises(ArtifactStoreAway, match="NoSuchBucket"):
        gone.remove(SHA256)


def test_many_readers_of_an_object_bring_it_once(settings: Settings, tmp_path: Path) -> None:
    put(opened(settings), CONTENT)
    store = opened(settings.model_copy(update={"home": tmp_path / "elsewhere"}))
    calls = calls_of(store)
    with ThreadPoolExecutor(8) as pool:
        assert {path.read_bytes() for path in pool.map(store.path, [SHA256] * 8)} == {CONTENT}
    assert calls.count("GetObject") == 1
    assert not store._locks, "no lock outlives its readers"


def test_a_slow_object_holds_up_no_other(settings: Settings, tmp_path: Path) -> None:
    slow, quick = (put(opened(settings), content) for content in (b"slow", b"quick"))
    store = opened(settings.model_copy(update={"home": tmp_path / "elsewhere"}))
    begun, go_on = threading.Event(), threading.Event()

    def wait(params: dict[str, Any], **_: Any) -> None:
        if slow in params["url_path"]:
            begun.set()
            assert go_on.wait(20)

    store._bucket._client.meta.events.register("before-call.s3.GetObject", wait)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(store.path, slow)
        assert begun.wait(20)
        try:
            assert pool.submit(store.path, quick).result(timeout=10).read_bytes() == b"quick"
        finally:
            go_on.set()
        assert waiting.result().read_bytes() == b"slow"


def test_what_is_read_again_and_again_stays_in_the_cache(settings: Settings) -> None:
    """On a file system that notes no reading, too."""
    store = opened(settings.model_copy(update={"s3_cache_mib": 0}))
    put(store, CONTENT)
    file = store.folder / SHA256[:2] / SHA256
    hour_ago = time.time_ns() - 3600 * 10**9
    os.utime(file, ns=(hour_ago, hour_ago))
    assert store.path(SHA256) == file
    assert file.stat().st_mtime_ns == hour_ago, "so that it need not be hashed again"
    store.remove_leftovers()
    assert cached(store) == {SHA256}
    os.utime(file, ns=(hour_ago, hour_ago))
    store.remove_leftovers()
    assert cached(store) == set()


def test_a_place_in_a_bucket_belongs_to_one_hub(settings: Settings, tmp_path: Path, valkey_url: str) -> None:
    mine = settings.model_copy(update={"redis_url": valkey_url})
    other = mine.model_copy(update={"home": tmp_path / "other"})
    assert open_store(mine).is_empty()
    for _ in range(2):
        open_platform(mine).close()
    assert not open_store(mine).is_empty()
    with pytest.raises(ArtifactStoreAway, match=r"another hub.*FEDSM_S3_PREFIX"):
        open_platform(other)
    open_platform(other.model_copy(update={"s3_prefix": "other"})).close()


def test_a_backup_is_put_back_only_into_an_empty_place(settings: Settings, tmp_path: Path) -> None:
    put(opened(settings), CONTENT)
    empty = settings.model_copy(update={"home": tmp_path / "empty"})
    with pytest.raises(BackupProblem, match=r"the bucket .* holds files behind the prefix hub"):
        restore_backup(empty, io.BytesIO(b""))
    with pytest.raises(BackupProblem, match="this is no backup"):
        restore_backup(empty.model_copy(update={"s3_prefix": "other"}), io.BytesIO(b""))


def test_a_look_through_the_store_that_failed_is_not_begun_again_at_once(
    settings: Settings, client: Any, valkey_url: str
) -> None:
    migrate(settings.effective_database_url)
    platform = open_platform(settings.model_copy(update={"redis_url": valkey_url}))
    loop = StorageLoop(platform)
    client.delete_object(Bucket=settings.s3_bucket, Key="hub/owner")
    client.delete_bucket(Bucket=settings.s3_bucket)
    with pytest.raises(ArtifactStoreAway):
        loop._work()
    loop._work()
    with unit_of_work(platform.database) as session:
        session.add(Artifact(sha256="ab" * 32, media_type=SAFETENSORS, num_bytes=1, created_at=now(), used_at=now()))
    platform.sweep_wanted.set()
    with pytest.raises(ArtifactStoreAway):
        loop._work()
    assert platform.sweep_wanted.is_set(), "what was let go still lies there"
    loop._work()
    platform.close()
