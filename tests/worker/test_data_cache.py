import os
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.stores.data_cache import DataCache


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    path.write_bytes(b"pixels")
    return path


def counting_loader(path: Path) -> tuple[Callable[[], bytes], list[str]]:
    calls: list[str] = []

    def load() -> bytes:
        calls.append("loaded")
        return path.read_bytes()

    return load, calls


def test_the_second_round_loads_nothing(image: Path) -> None:
    cache: DataCache[bytes] = DataCache(max_bytes=100)
    load, calls = counting_loader(image)
    assert cache.get("key", [image], load, len) == b"pixels"
    assert cache.get("key", [image], load, len) == b"pixels"
    assert len(calls) == 1


def test_a_changed_file_is_loaded_again(image: Path) -> None:
    cache: DataCache[bytes] = DataCache(max_bytes=100)
    load, _ = counting_loader(image)
    cache.get("key", [image], load, len)
    image.write_bytes(b"others")
    os.utime(image, ns=(1, 1))
    assert cache.get("key", [image], load, len) == b"others"


def test_a_deleted_file_is_noticed_by_a_warm_cache(image: Path) -> None:
    cache: DataCache[bytes] = DataCache(max_bytes=100)
    load, _ = counting_loader(image)
    cache.get("key", [image], load, len)
    image.unlink()
    with pytest.raises(FileNotFoundError):
        cache.get("key", [image], load, len)


def test_the_least_recently_used_content_is_dropped(image: Path) -> None:
    """Bound 12, contents of 6: two fit. After a, b, a, c the dropped one is b."""
    cache: DataCache[bytes] = DataCache(max_bytes=12)
    load, calls = counting_loader(image)
    for key in ("a", "b", "a", "c"):
        cache.get(key, [image], load, len)
    assert len(calls) == 3
    cache.get("a", [image], load, len)
    assert len(calls) == 3
    cache.get("b", [image], load, len)
    assert len(calls) == 4


def test_content_larger_than_the_bound_is_kept_while_it_is_the_only_one(image: Path) -> None:
    cache: DataCache[bytes] = DataCache(max_bytes=1)
    load, calls = counting_loader(image)
    cache.get("key", [image], load, len)
    cache.get("key", [image], load, len)
    assert len(calls) == 1
