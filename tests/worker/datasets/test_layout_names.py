"""Names of files: sidecars, spellings that look the same, backslashes, digits that are no channel, and bad ones."""

import json
import os
import unicodedata
from pathlib import Path

import pytest

from backend.contracts.datasets import SplitFractions
from backend.contracts.tasks import DescribeDatasetResult
from tests.worker.datasets.test_layouts import check, folders, put_image, put_mask, put_pairs, splits_of
from worker.datasets.folder import check_folder
from worker.datasets.layouts import list_cases
from worker.datasets.names import showable

SPLITS = ("train", "val", "test")
COMPOSED, DECOMPOSED = unicodedata.normalize("NFC", "Müller_01"), unicodedata.normalize("NFD", "Müller_01")


@pytest.mark.parametrize(
    "sidecar",
    [
        *("a.json", "a.bval", "a.bvec", "a.xml", "a.txt", "README", "README.md", "Thumbs.db", "ehthumbs.db"),
        *(".DS_Store", "._a.png", "@eaDir/a.png", "__MACOSX/a.png", "desktop.ini", "a.webp"),
    ],
)
@pytest.mark.parametrize("kind", ["images", "masks"])
def test_files_that_are_no_images_do_not_compete(tmp_path: Path, kind: str, sidecar: str) -> None:
    path = folders(tmp_path, "a", "b", "c") / kind / sidecar
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"{}")
    assert set(splits_of(check(tmp_path))) == {"a", "b", "c"}


@pytest.mark.parametrize("layout", ["nnunet", "bids"])
def test_nor_do_they_in_other_layouts(tmp_path: Path, layout: str) -> None:
    if layout == "nnunet":
        put_pairs(tmp_path, [(f"imagesTr/{name}_0000.png", f"labelsTr/{name}.png") for name in "abc"])
        beside = "imagesTr/a_0000"
    else:
        stems = [f"sub-0{n}/anat/sub-0{n}_T2w" for n in (1, 2, 3)]
        put_pairs(tmp_path, [(f"{stem}.png", f"derivatives/manual/{stem}_mask.png") for stem in stems])
        beside = stems[0]
    for suffix in (".json", ".bval"):
        (tmp_path / f"{beside}{suffix}").write_text("{}")
    found = check(tmp_path)
    assert found.layout == layout
    assert len(splits_of(found)) == 3


def test_two_images_of_one_name_still_compete(tmp_path: Path) -> None:
    put_image(folders(tmp_path, "a", "b", "c"), "images/a.bmp", 9)
    (case,) = [case for case in check(tmp_path).cases if case.reason_code]
    assert (case.name, case.reason_code) == ("a", "duplicate")


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        (f"{COMPOSED}.png", f"{DECOMPOSED}.png"),
        (f"{DECOMPOSED}.png", f"{COMPOSED}.png"),
        ("P01.png", "P01 .png"),
        ("P01 .png", "P01.png"),
        (" P01.png", "P01.png"),
        ("P01.png ", "P01.png"),
    ],
)
def test_names_that_look_the_same_are_paired(tmp_path: Path, image: str, mask: str) -> None:
    put_pairs(tmp_path, [("images/x.png", "masks/x.png")])
    (tmp_path / "images" / "x.png").rename(tmp_path / "images" / image)
    (tmp_path / "masks" / "x.png").rename(tmp_path / "masks" / mask)
    (case,) = check(tmp_path).cases
    assert case.reason is None
    assert case.name in (COMPOSED, "P01")
    assert (case.image, case.mask) == (f"images/{image}", f"masks/{mask}")


def test_two_files_whose_names_look_the_same_are_named(tmp_path: Path) -> None:
    put_pairs(tmp_path, [(f"images/{COMPOSED}.png", f"masks/{COMPOSED}.png")])
    put_image(tmp_path, f"images/{DECOMPOSED}.png", 7)
    (case,) = check(tmp_path).cases
    assert case.reason_code == "duplicate"
    assert "names that look the same" in str(case.reason)


@pytest.mark.parametrize("spelled", ["img\\{}.png", ".\\img\\{}.png", "./img/{}.png", "img/{} .png"])
def test_a_datalist_finds_files_that_it_spells_in_another_way(tmp_path: Path, spelled: str) -> None:
    names = [COMPOSED, "b", "c"]
    put_pairs(tmp_path, [(f"img/{name}.png", f"label/{name}.png") for name in names])
    items = [
        {"image": spelled.format(unicodedata.normalize("NFD", name)), "label": f"label\\{name}.png"} for name in names
    ]
    (tmp_path / "dataset.json").write_text(json.dumps({"training": items}))
    if "{} .png" in spelled:
        (case, *_) = check(tmp_path).cases
        assert case.reason_code == "unreadable_image"
    else:
        assert set(splits_of(check(tmp_path))) == set(names)


def test_the_first_nnunet_is_no_datalist(tmp_path: Path) -> None:
    put_pairs(tmp_path, [(f"imagesTr/{name}_0000.png", f"labelsTr/{name}.png") for name in "abc"])
    training = [{"image": f"./imagesTr/{name}.png", "label": f"./labelsTr/{name}.png"} for name in "abc"]
    labels = {"0": "background", "1": "rim", "2": "optic cup"}
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels, "training": training}))
    found = check(tmp_path)
    assert found.layout == "nnunet"
    assert set(splits_of(found)) == {"a", "b", "c"}


@pytest.mark.parametrize("suffix", ["", "_0000"])
def test_four_digits_of_the_labels_names_are_no_channel(tmp_path: Path, suffix: str) -> None:
    names = [f"case_000{number}" for number in (1, 2, 3)]
    put_pairs(tmp_path, [(f"imagesTr/{name}{suffix}.png", f"labelsTr/{name}.png") for name in names])
    assert set(splits_of(check(tmp_path))) == set(names)


def test_an_ignore_label_is_said_not_to_be_left_out(tmp_path: Path) -> None:
    put_pairs(tmp_path, [(f"imagesTr/{name}_0000.png", f"labelsTr/{name}.png") for name in "abc"])
    labels = {"background": 0, "optic disc": [1, 2], "optic cup": 2, "ignore": 3}
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    assert any("names the label 3 `ignore`" in warning for warning in check(tmp_path).warnings)


@pytest.mark.parametrize("written", ["{}.png", "images/{}.png", "images\\{}.png", "{}.PNG", " {} "])
def test_cases_csv_may_name_the_images(tmp_path: Path, written: str) -> None:
    folders(tmp_path, "a", "b", "c")
    rows = "".join(f"{written.format(name)},P{name},{split}\n" for name, split in zip("abc", SPLITS, strict=True))
    (tmp_path / "cases.csv").write_text(f"name,patient,split\n{rows},,\n , ,\n\n")
    found = check(tmp_path)
    assert splits_of(found) == {"a": "train", "b": "val", "c": "test"}
    assert len({case.patient for case in found.cases}) == 3
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("x,,\ny,,\n", "names none of the 3 cases that are there"),
        (",P1,train\n", "line 2: there is no name"),
        ("a,,\na.png,,\n", "names the case a as a and as a.png"),
        ("a,P1,train,more\n", "line 2: has more fields"),
        ('a,P1,train\n"b,P2,val\nc,P3,test\n', "cases.csv, line 3: unexpected end of data: close each quote"),
        ("a," + "x" * 140_000 + ",train\n", "cases.csv, line 2: field larger than field limit"),
    ],
)
def test_a_cases_csv_whose_lines_would_be_dropped_is_refused(tmp_path: Path, rows: str, words: str) -> None:
    (folders(tmp_path, "a", "b", "c") / "cases.csv").write_text(f"name,patient,split\n{rows}")
    with pytest.raises(ValueError, match=words):
        check(tmp_path)


def test_names_in_cases_csv_may_differ_in_capitals_where_that_is_clear(tmp_path: Path) -> None:
    (folders(tmp_path / "one", "P0", "p1", "P2") / "cases.csv").write_text(
        "name,patient,split\np0,A,train\nP1.PNG,B,val\nP2,C,test\n"
    )
    found = check(tmp_path / "one")
    assert splits_of(found) == {"P0": "train", "p1": "val", "P2": "test"}
    assert (len({case.patient for case in found.cases}), found.warnings) == (3, ())
    several = folders(tmp_path / "two", "Pa", "PA", "b") / "cases.csv"
    several.write_text("name,split\npa,train\n")
    with pytest.raises(ValueError, match="names pa, which may be PA or Pa: write the case's name as it is"):
        check(tmp_path / "two")
    several.write_text("name,split\nPA,train\nPa,test\nb,val\n")
    assert splits_of(check(tmp_path / "two")) == {"PA": "train", "Pa": "test", "b": "val"}


BAD_NAMES = [b"a\xff", b"a\xc3", b"a\nb", b"a\x1b[31m", b"a\x7f", "a\u202eb".encode()]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("arrangement", ["folders", "nnunet", "bids", "per_structure"])
def test_a_name_that_cannot_be_shown_is_a_skipped_case(tmp_path: Path, name: bytes, arrangement: str) -> None:
    """Whatever the layout; and the whole result can be sent."""
    bad = os.fsdecode(name)
    good, image, mask = {
        "folders": ("images/{}.png", f"images/{bad}.png", f"masks/{bad}.png"),
        "nnunet": ("imagesTr/{}_0000.png", f"imagesTr/{bad}_0000.png", f"labelsTr/{bad}.png"),
        "bids": (
            "sub-{}/sub-{}_T2w.png",
            f"sub-x/sub-x_acq-{bad}_T2w.png",
            f"derivatives/m/sub-x/sub-x_acq-{bad}_mask.png",
        ),
        "per_structure": ("images/{}.png", f"images/{bad}.png", f"masks/{bad}/optic disc.png"),
    }[arrangement]
    masks = {
        "images/{}.png": "masks/{}.png",
        "imagesTr/{}_0000.png": "labelsTr/{}.png",
        "sub-{}/sub-{}_T2w.png": "derivatives/m/sub-{}/sub-{}_mask.png",
    }[good]
    put_pairs(tmp_path, [(good.format(n, n), masks.format(n, n)) for n in ("p", "q", "r")])
    put_image(tmp_path, image, 9)
    put_mask(tmp_path, mask)
    found = check(tmp_path)
    skipped = [case for case in found.cases if case.reason_code]
    assert [case.reason_code for case in skipped] == ["bad_name"]
    assert showable(bad) in skipped[0].name
    assert "rename the file" in str(skipped[0].reason)
    sent = DescribeDatasetResult(cases=found.cases, warnings=found.warnings).model_dump_json()
    assert DescribeDatasetResult.model_validate_json(sent).cases == found.cases


def test_a_datalist_with_lone_surrogates(tmp_path: Path) -> None:
    put_pairs(tmp_path, [(f"img/{name}.png", f"label/{name}.png") for name in "abc"])
    items = [{"image": f"img/{name}.png", "label": f"label/{name}.png", "patient": "P\ud800"} for name in "abc"]
    items.append({"image": "img/\ud800.png", "label": "label/a.png"})
    labels = {"1": "rim\ud800", "2": "optic cup"}
    (tmp_path / "list.json").write_text(json.dumps({"labels": labels, "training": items}))
    found = check(tmp_path)
    assert [case.reason_code for case in found.cases if case.reason_code] == ["bad_name"]
    DescribeDatasetResult(cases=found.cases, warnings=found.warnings).model_dump_json()


def test_two_bad_names_that_are_shown_alike_are_two_cases(tmp_path: Path) -> None:
    put_pairs(tmp_path, [("images/a.png", "masks/a.png")])
    for name in (b"b\xff", rb"b\xff"):
        put_image(tmp_path, f"images/{os.fsdecode(name)}.png", 3)
    names = [case.name for case in list_cases(tmp_path, "auto").cases]
    assert len(set(names)) == 3


def test_a_bad_name_inside_of_a_dicom_series_is_shown_escaped(tmp_path: Path) -> None:
    (tmp_path / "images" / "s").mkdir(parents=True)
    (tmp_path / "masks").mkdir()
    (tmp_path / "images" / "s" / "a").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "images" / "s" / os.fsdecode(b"I\xff")).write_bytes(b"no DICOM")
    put_mask(tmp_path, "masks/s.png")
    found = check_folder(tmp_path, _volumes(), SplitFractions(), 0)
    DescribeDatasetResult(cases=found.cases, warnings=found.warnings).model_dump_json()


def _volumes():  # type: ignore[no-untyped-def]
    from tests.worker.datasets.fundus_folder import TASK

    return TASK.model_copy(update={"dimensions": 3, "num_channels": 1})
