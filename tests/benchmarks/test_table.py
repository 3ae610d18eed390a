"""README says what the kept results say."""

import pytest

from benchmarks import table

ROUNDS = {
    "command": "python -m benchmarks.rounds --repeats 3",
    "commit": "0.1.0+g0123456789ab",
    "date": "2026-11-30",
    "device": "2 CPU cores, 24 GiB, x86_64",
    "repeats": 3,
    "rounds": 5,
    "batch_size": 8,
}
FIGURES = ("loop", "floor", "platform", "ratio_to_floor", "ratio_of_work", "fedsm_trainings_a_round")
FIGURES += ("fedsm_platform_a_round", "fedsm_ratio", "backend_peak_mb", "worker_peak_mb")
PEER = {"peer": "Flower", "version": "1", "seconds": 20.0, "ratio": 2.5, "ratio_from_to": [2.0, 3.0], "warm_ratio": 1.5}


def made(**median: float) -> table.Result:
    figures = dict.fromkeys(FIGURES, 1.0) | median
    return ROUNDS | {"median": figures, "least": dict.fromkeys(FIGURES, 0.9), "most": dict.fromkeys(FIGURES, 1.1)}


def test_the_table_gives_ratios_to_the_floor_with_their_spread() -> None:
    peers = ROUNDS | {"peers": [PEER]}
    lines = table.table(made(floor=8.0, loop=10.0, platform=9.0, ratio_to_floor=1.12), peers).splitlines()
    assert "| a plain PyTorch loop at its best number of threads | 10.0 | 1.25 |" in lines
    assert "| the running platform | 9.0 | 1.12 (0.90 to 1.10) |" in lines
    assert "| Flower 1 | 20.0 | 2.50 (2.00 to 3.00), warm 1.50 |" in lines
    assert "commit 0123456," in lines[0]


def test_frameworks_that_did_other_work_are_refused() -> None:
    with pytest.raises(ValueError, match="batch_size is 4 of the frameworks and 8 of the platform"):
        table.table(made(), ROUNDS | {"batch_size": 4, "peers": [PEER]})


def test_readme_has_the_table_of_the_kept_results() -> None:
    text = table.README.read_text(encoding="utf-8")
    assert table.between_marks(text) == table.kept_table(), "run `python -m benchmarks.table --write`"
