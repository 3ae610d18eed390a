import os
import time
from pathlib import Path

import pytest

from worker.stores.local_state import LocalStateStore


def content(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()


def test_a_repeated_round_reads_what_the_round_before_left(tmp_path: Path) -> None:
    store = LocalStateStore(tmp_path)
    store.save("run", "site-a", 1, b"after 1")
    store.save("run", "site-a", 2, b"after 2, then the worker died")
    assert content(store.file_before("run", "site-a", 2)) == b"after 1"
    store.save("run", "site-a", 2, b"after 2")
    assert content(store.file_before("run", "site-a", 3)) == b"after 2"


def test_the_first_round_has_nothing_before_it(tmp_path: Path) -> None:
    store = LocalStateStore(tmp_path)
    store.save("run", "site-a", 1, b"after 1")
    assert content(store.file_before("run", "site-a", 1)) is None
    assert content(store.file_before("run", "site-b", 2)) is None


def test_a_round_that_a_site_missed_is_skipped(tmp_path: Path) -> None:
    store = LocalStateStore(tmp_path)
    store.save("run", "site-a", 1, b"after 1")
    assert content(store.file_before("run", "site-a", 3)) == b"after 1"


def test_the_last_three_rounds_are_kept(tmp_path: Path) -> None:
    store = LocalStateStore(tmp_path)
    for number in (8, 9, 10, 11):
        store.save("run", "site-a", number, b"state")
    kept = sorted(path.name for path in (tmp_path / "run" / "site-a").iterdir())
    assert kept == ["10.safetensors", "11.safetensors", "9.safetensors"]


def test_a_refused_round_is_passed_over_and_the_last_used_one_kept(tmp_path: Path) -> None:
    """Rounds 2 to 4 were refused: each begins with what round 1 left, which is kept as long as it is the last used."""
    store = LocalStateStore(tmp_path)
    store.save("run", "site-a", 1, b"after 1", 0)
    for number in (2, 3, 4):
        assert content(store.file_before("run", "site-a", number, 1)) == b"after 1"
        store.save("run", "site-a", number, b"refused", 1)
    assert content(store.file_before("run", "site-a", 5, 4)) == b"refused", "used after all"
    store.save("run", "site-a", 5, b"after 5", 4)
    assert sorted(path.stem for path in (tmp_path / "run" / "site-a").iterdir()) == ["3", "4", "5"]


def test_without_a_used_round_nothing_is_loaded(tmp_path: Path) -> None:
    store = LocalStateStore(tmp_path)
    store.save("run", "site-a", 1, b"refused", 0)
    assert content(store.file_before("run", "site-a", 2, 0)) is None


def test_what_ended_long_ago_goes_and_what_may_go_on_stays(tmp_path: Path) -> None:
    store = LocalStateStore(tmp_path)
    for run, site in (("old", "site-a"), ("old", "site-b"), ("new", "site-a"), ("under-way", "site-a")):
        store.save(run, site, 1, b"state")
    for run, site in (("old", "site-a"), ("new", "site-a")):
        store.end(run, site)
    store.end("old", "trained-elsewhere")
    long_ago = time.time() - 40 * 24 * 3600
    os.utime(tmp_path / "old" / "site-a" / "ended", (long_ago, long_ago))
    assert store.sweep(30) == 1
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*")) == [
        "new/site-a",
        "old/site-b",
        "under-way/site-a",
    ]
    assert store.sweep(0) == 1, "not to be kept at all"
    assert not (tmp_path / "new").exists()


def test_more_rounds_take_the_mark_of_the_end_away(tmp_path: Path) -> None:
    store = LocalStateStore(tmp_path)
    store.save("run", "site-a", 1, b"after 1")
    store.end("run", "site-a")
    assert content(store.file_before("run", "site-a", 2)) == b"after 1"
    store.save("run", "site-a", 2, b"after 2")
    assert store.sweep(0) == 0
    assert content(store.file_before("run", "site-a", 3)) == b"after 2"


@pytest.mark.parametrize("name", ["../run", "", "a/b", ".hidden"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a folder"):
        LocalStateStore(tmp_path).save(name, "site-a", 1, b"state")


def test_a_deleted_runs_states_go(tmp_path: Path) -> None:
    store = LocalStateStore(tmp_path)
    store.save("run", "site-a", 1, b"state")
    store.save("other", "site-a", 1, b"state")
    assert store.runs() == ["other", "run"]
    store.drop_run("run")
    store.drop_run("../other")
    assert store.runs() == ["other"]
