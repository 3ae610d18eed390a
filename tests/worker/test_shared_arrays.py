"""Arrays that the processes of a worker share in memory."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from worker.stores.data_cache import DataCache, Loading
from worker.stores.shared_arrays import ALIGNMENT, Item, SharedArrays

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the system has no memory to share by name")

FLOATS = np.arange(6, dtype=np.float32).reshape(2, 3)
MASK = np.array([[True, False, True]])


def items() -> Iterator[Item]:
    yield {"spacing": [0.1, float("inf")]}, [FLOATS, MASK]
    yield None, [np.zeros((0, 2), np.int16), FLOATS.T]


def test_another_process_reads_what_one_offers(tmp_path: Path) -> None:
    offer = SharedArrays(tmp_path / "decoded").offer("a", items())
    assert offer is not None
    script = (
        "import sys; from pathlib import Path; from worker.stores.shared_arrays import SharedArrays;"
        "found = SharedArrays(Path(sys.argv[1])).find('a');"
        "print(found.about, [(a.dtype.str, a.tolist()) for a in found.arrays])"
    )
    ran = subprocess.run([sys.executable, "-c", script, str(tmp_path / "decoded")], capture_output=True, text=True)
    expected = [(each.dtype.str, each.tolist()) for each in (FLOATS, MASK, np.zeros((0, 2), np.int16), FLOATS.T)]
    assert ran.stdout.strip() == f"{({'spacing': [0.1, float('inf')]}, None)} {expected}", ran.stderr
    assert all(each.ctypes.data % ALIGNMENT == 0 for each in offer.shared.arrays if each.size)
    offer.end()


def test_no_file_holds_the_arrays_and_they_end_with_their_offer(tmp_path: Path) -> None:
    shared = SharedArrays(tmp_path / "decoded")
    offer = shared.offer("a", items())
    assert offer is not None
    assert [path.is_symlink() for path in (tmp_path / "decoded").iterdir()] == [True]
    assert (tmp_path / "decoded").stat().st_mode & 0o777 == 0o700
    found = shared.find("a")
    offer.end()
    assert shared.find("a") is None
    assert not [*(tmp_path / "decoded").iterdir()]
    assert found is not None
    np.testing.assert_array_equal(found.arrays[0], FLOATS)  # who has mapped them keeps them


def test_what_one_process_writes_no_other_reads(tmp_path: Path) -> None:
    shared = SharedArrays(tmp_path)
    offer = shared.offer("a", items())
    assert offer is not None
    offer.shared.arrays[0][:] = 7
    found = shared.find("a")
    assert found is not None
    np.testing.assert_array_equal(found.arrays[0], FLOATS)
    offer.end()


@pytest.mark.parametrize("other", ["pipe", "empty", "text", "another offer", "nothing"])
def test_a_link_that_leads_elsewhere_finds_nothing(tmp_path: Path, other: str) -> None:
    """As one of a process that was killed, whose number another process has now."""
    shared, target = SharedArrays(tmp_path / "decoded"), tmp_path / "other"
    offer = shared.offer("b", items())
    assert offer is not None
    match other:
        case "pipe":
            os.mkfifo(target)
        case "empty":
            target.touch()
        case "text":
            target.write_text("no arrays are in this file")
        case "another offer":
            target = tmp_path / "decoded" / "b"
    (tmp_path / "decoded" / "a").symlink_to(target)
    assert shared.find("a") is None
    offer.end()


def test_links_of_ended_processes_are_removed_with_the_next_offer(tmp_path: Path) -> None:
    (tmp_path / "old").symlink_to("/proc/0/fd/3")
    offer = SharedArrays(tmp_path).offer("a", items())
    assert offer is not None
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    offer.end()


def test_an_error_of_loading_passes_and_leaves_no_memory(tmp_path: Path) -> None:
    def broken() -> Iterator[Item]:
        yield None, [FLOATS]
        raise FileNotFoundError("the second image is gone")

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError, match="second image"):
        SharedArrays(tmp_path).offer("a", broken())
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_is_decoded_once_for_all_processes_and_again_when_it_changed(tmp_path: Path) -> None:
    image, decoded = tmp_path / "image", []
    image.write_bytes(b"1")

    def load() -> Iterator[int]:
        decoded.append(1)
        yield int(image.read_bytes())

    loading = Loading(load, lambda _: 1, lambda number: (number, []), lambda shared: shared.about)
    caches = [DataCache[int](1, SharedArrays(tmp_path / "decoded")) for _ in range(3)]
    assert [cache.get("key", [image], loading) for cache in caches] == [(1,)] * 3
    assert len(decoded) == 1
    image.write_bytes(b"22")
    assert [cache.get("key", [image], loading) for cache in caches] == [(22,)] * 3
    assert len(decoded) == 2
    before = len(os.listdir("/proc/self/fd"))
    caches[0].get("other", [image], loading)  # the bound holds one content: the first is let go
    assert len(os.listdir("/proc/self/fd")) == before
