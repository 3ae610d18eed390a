import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.stores.data_cache import DataCache, Loading
from worker.stores.shared_arrays import Shared


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    path.write_bytes(b"pixels")
    return path


def counting(path: Path) -> tuple[Loading[bytes], list[str]]:
    calls: list[str] = []

    def load() -> Iterator[bytes]:
        calls.append("loaded")
        yield path.read_bytes()

    return Loading(load, lambda content: sum(map(len, content)), _pack, _unpack), calls


def _pack(content: bytes) -> tuple[str, list[object]]:
    return content.decode(), []


def _unpack(shared: Shared) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in shared.about)


def test_the_second_round_loads_nothing(image: Path) -> None:
    cache: DataCache[bytes] = DataCache(max_bytes=100)
    loading, calls = counting(image)
    assert cache.get("key", [image], loading) == (b"pixels",)
    assert cache.get("key", [image], loading) == (b"pixels",)
    assert len(calls) == 1


def test_a_changed_file_is_loaded_again(image: Path) -> None:
    cache: DataCache[bytes] = DataCache(max_bytes=100)
    loading, _ = counting(image)
    cache.get("key", [image], loading)
    image.write_bytes(b"others")
    os.utime(image, ns=(1, 1))
    assert cache.get("key", [image], loading) == (b"others",)


def test_a_deleted_file_is_noticed_by_a_warm_cache(image: Path) -> None:
    cache: DataCache[bytes] = DataCache(max_bytes=100)
    loading, _ = counting(image)
    cache.get("key", [image], loading)
    image.unlink()
    with pytest.raises(FileNotFoundError):
        cache.get("key", [image], loading)


def test_the_least_recently_used_content_is_dropped(image: Path) -> None:
    """Bound 12, contents of 6: two fit. After a, b, a, c the dropped one is b."""
    cache: DataCache[bytes] = DataCache(max_bytes=12)
    loading, calls = counting(image)
    for key in ("a", "b", "a", "c"):
        cache.get(key, [image], loading)
    assert len(calls) == 3
    cache.get("a", [image], loading)
    assert len(calls) == 3
    cache.get("b", [image], loading)
    assert len(calls) == 4


def test_content_larger_than_the_bound_is_kept_while_it_is_the_only_one(image: Path) -> None:
    cache: DataCache[bytes] = DataCache(max_bytes=1)
    loading, calls = counting(image)
    cache.get("key", [image], loading)
    cache.get("key", [image], loading)
    assert len(calls) == 1
