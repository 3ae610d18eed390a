import os
from pathlib import Path

import pytest

from worker.stores import artifact_cache
from worker.stores.artifact_cache import ArtifactCache, sha256_of, write_atomically


def test_what_was_written_is_read(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path / "artifacts", max_bytes=1000)
    cache.write(sha256_of(b"weights"), b"weights")
    assert cache.read(sha256_of(b"weights")) == b"weights"
    assert cache.read(sha256_of(b"others")) is None


def test_a_damaged_file_is_dropped_and_can_be_written_again(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path, max_bytes=1000)
    key = sha256_of(b"weights")
    cache.write(key, b"weights")
    (tmp_path / key[:2] / key).write_bytes(b"weigh")
    assert cache.read(key) is None
    cache.write(key, b"weights")
    assert cache.read(key) == b"weights"


def test_trim_keeps_what_was_used_last(tmp_path: Path) -> None:
    """Three files of 400 bytes under a bound of 1000: one must go. The first was read last, so the second goes."""
    cache = ArtifactCache(tmp_path, max_bytes=1000)
    contents = [bytes([number]) * 400 for number in range(3)]
    for age, content in enumerate(contents):
        key = sha256_of(content)
        cache.write(key, content)
        os.utime(tmp_path / key[:2] / key, (1000 + age, 1000 + age))
    assert cache.read(sha256_of(contents[0])) == contents[0]
    cache.trim()
    assert [cache.read(sha256_of(content)) is not None for content in contents] == [True, False, True]


def test_writing_leaves_no_other_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"one")
    write_atomically(tmp_path / "file", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"two"


def test_a_process_hashes_a_file_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bytes] = []

    def counted(content: bytes) -> str:
        hashed.append(content)
        return sha256_of(content)

    cache = ArtifactCache(tmp_path, max_bytes=1000)
    key = sha256_of(b"weights")
    path = tmp_path / key[:2] / key
    assert cache.verified(key) is None
    cache.write(key, b"weights")
    monkeypatch.setattr(artifact_cache, "sha256_of", counted)
    assert [cache.verified(key) for _ in range(3)] == [path] * 3
    os.utime(path, (1000, 1000))
    assert cache.verified(key) == path
    assert path.stat().st_mtime > 1000, "it is in use, so that others are removed before it"
    assert cache.verified(key) == path
    assert hashed == [b"weights"] * 2
    path.write_bytes(b"WEIGHTS")
    assert cache.verified(key) is None
    assert not path.exists()
