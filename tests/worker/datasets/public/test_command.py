"""`fedsm prepare` on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fedsm.cli.app import app
from fedsm.public_datasets import DATASETS
from tests.worker.datasets.public.original import box, photograph, save

MASK = box(6, 14, 8, 20)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["prepare", *map(str, arguments)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """CHASE_DB1: two whole cases, and one without a mask."""
    for seed, stem in enumerate(("Image_01L", "Image_01R", "Image_02L")):
        save(tmp_path / "original" / f"{stem}.jpg", photograph(seed))
        if stem != "Image_02L":
            save(tmp_path / "original" / f"{stem}_1stHO.png", MASK)
    return tmp_path / "original"


def test_lists_every_data_set() -> None:
    listed = json.loads(run("--list", "--json").stdout)
    assert [entry["name"] for entry in listed] == [dataset.name for dataset in DATASETS]
    assert all(entry["where"] and entry["terms"] and entry["citation"] and entry["layout"] for entry in listed)
    text = run("--list").stdout
    assert all(dataset.name in text for dataset in DATASETS)


def test_a_name_alone_is_described() -> None:
    result = run("hrf")
    assert result.exit_code == 0
    assert "https://www5.cs.fau.de/research/data/fundus-images/" in result.stdout
    assert "manual1/01_dr.tif" in result.stdout


def test_says_what_was_found_expected_and_left_out(source: Path, tmp_path: Path) -> None:
    result = run("chase-db1", source, tmp_path / "out")
    assert result.exit_code == 1
    assert "chase-db1: found 2 of 28 expected, left out 1" in result.stdout
    assert "left out chase-db1/Image_02L: Image_02L.jpg has no mask" in result.stdout
    assert (tmp_path / "out" / "PREPARED.md").is_file()


def test_says_the_same_to_programs(source: Path, tmp_path: Path) -> None:
    result = run("chase-db1", source, tmp_path / "out", "--json")
    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert summary["complete"] is False
    assert (summary["found"], summary["expected"]) == (2, 28)
    assert summary["sites"] == [
        {
            "slug": "chase-db1",
            "name": "CHASE_DB1 (schools in England)",
            "found": 2,
            "expected": 28,
            "left_out": 1,
            "patients": 1,
        }
    ]
    assert summary["left_out"] == [
        {"site": "chase-db1", "name": "Image_02L", "code": "no_mask", "reason": "Image_02L.jpg has no mask"}
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chasedb", ".", "out"), "there is no data set 'chasedb'; there are: refuge"),
        (("hrf", "nowhere"), "name the folder to write"),
        (("hrf", "nowhere", "out"), "nowhere is not there"),
    ],
)
def test_wrong_input_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_whole_original_exits_with_0(tmp_path: Path) -> None:
    for number in range(1, 15):
        for eye in "LR":
            save(tmp_path / "original" / f"Image_{number:02d}{eye}.jpg", photograph(2 * number + (eye == "L")))
            save(tmp_path / "original" / f"Image_{number:02d}{eye}_1stHO.png", MASK)
    result = run("chase-db1", tmp_path / "original", tmp_path / "out")
    assert result.exit_code == 0
    assert "found 28 of 28 expected, left out 0" in result.stdout
    checked = CliRunner().invoke(
        app, ["dataset", "check", str(tmp_path / "out" / "chase-db1"), "--structure", "vessel=1", "--json"]
    )
    assert {case["reason_code"] for case in json.loads(checked.stdout)} == {None}
