"""Every layout as a tree of small pictures: which cases are found, whose they are, and which split is given."""

import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from backend.contracts.datasets import LabelMap, Layout, Reading, SplitFractions
from tests.worker.datasets.fundus_folder import HEIGHT, TASK, WIDTH, make_image, make_mask
from worker.datasets.folder import CheckOptions, FolderCheck, check_folder
from worker.datasets.layouts import list_cases
from worker.datasets.layouts.documents import read_document
from worker.datasets.pseudonyms import PseudonymKey

Splits = dict[str, str | None]


def put_image(root: Path, path: str, seed: int) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(make_image(seed)).save(root / path)


def put_mask(root: Path, path: str, mask: np.ndarray | None = None) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(make_mask() if mask is None else mask).save(root / path)


def put_pairs(root: Path, pairs: Iterable[tuple[str, str]]) -> Path:
    for seed, (image, mask) in enumerate(pairs):
        put_image(root, image, seed)
        put_mask(root, mask)
    return root


def folders(root: Path, *names: str) -> Path:
    return put_pairs(root, [(f"images/{name}.png", f"masks/{name}.png") for name in names])


def check(folder: Path, **options: Any) -> FolderCheck:
    return check_folder(folder, TASK, SplitFractions(), seed=0, options=CheckOptions(**options))


def splits_of(found: FolderCheck) -> Splits:
    assert [case.reason for case in found.cases if case.reason] == []
    return {case.name: case.split for case in found.cases}


def datalist(root: Path, **lists: list[str]) -> Path:
    """Items `a` have images/a.png and label/a.png."""
    items = {key: [{"image": f"./img/{n}.png", "label": f"label/{n}.png"} for n in lists[key]] for key in lists}
    names = [name for given in lists.values() for name in given]
    put_pairs(root, [(f"img/{name}.png", f"label/{name}.png") for name in names])
    (root / "dataset.json").write_text(json.dumps({"labels": {"0": "background"}, **items}))
    return root


def test_a_datalist_keeps_its_splits(tmp_path: Path) -> None:
    root = datalist(tmp_path, training=["a", "b"], validation=["c"], test=["d"])
    found = check(root)
    assert found.layout == "datalist"
    assert splits_of(found) == {"a": "train", "b": "train", "c": "val", "d": "test"}
    assert splits_of(check(root / "dataset.json")) == splits_of(found)


def test_a_datalist_without_validation_draws_it_from_training(tmp_path: Path) -> None:
    """Of 4 training cases one validates: 4 * 0.15 / 0.75 = 0.8, rounded."""
    found = check(datalist(tmp_path, training=["a", "b", "c", "d"], test=["e"]))
    splits = splits_of(found)
    assert splits["e"] == "test"
    assert sorted(str(splits[name]) for name in "abcd") == ["train", "train", "train", "val"]
    assert any("names no cases for validation" in warning for warning in found.warnings)


def test_images_without_labels_are_left_out_and_said(tmp_path: Path) -> None:
    root = datalist(tmp_path, training=["a", "b", "c"])
    document = json.loads((root / "dataset.json").read_text())
    (root / "dataset.json").write_text(json.dumps(document | {"test": ["img/x.png", "img/y.png"]}))
    found = check(root)
    assert set(splits_of(found).values()) == {"train", "val", "test"}
    assert any("2 image(s) without labels" in warning for warning in found.warnings)


def test_labels_of_many_digits_are_no_labels(tmp_path: Path) -> None:
    path = datalist(tmp_path, training=["a", "b", "c"]) / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"labels": {"9" * 5000: "x", "y": "8" * 5000}}))
    assert len(check(tmp_path).cases) == 3


def test_a_large_json_file_at_the_root_is_not_read_to_learn_whether_it_is_a_datalist(tmp_path: Path) -> None:
    """A sparse file of 200 MiB; as dataset.json it is named as too large, as another one it is none."""
    folder = datalist(tmp_path, training=["a", "b", "c"])
    with (folder / "annotations.json").open("wb") as file:
        file.write(b'{"training": [')
        file.truncate(200 * 2**20)
    tracemalloc.start()
    assert len(list_cases(folder, "auto").cases) == 3
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()
    (folder / "annotations.json").replace(folder / "dataset.json")
    with pytest.raises(ValueError, match=r"dataset.json has 200 MiB, more than 32 MiB"):
        list_cases(folder, "auto")


def test_a_json_file_of_many_small_objects_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    """Three megabytes would take a hundred, and 32 MiB more than a gigabyte."""
    (tmp_path / "dataset.json").write_bytes(b'{"training": [' + b"[]," * 1_000_000 + b"[]]}")
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"dataset.json holds 1000003 objects and lists, more than 1000000: keep"):
        read_document(tmp_path, "dataset.json")
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


def test_an_item_that_leads_outside_is_skipped(tmp_path: Path) -> None:
    root = datalist(tmp_path / "site", training=["a", "b", "c"])
    put_image(tmp_path, "secret.png", 9)
    document = json.loads((root / "dataset.json").read_text())
    document["training"].append({"image": "../secret.png", "label": "label/a.png"})
    (root / "dataset.json").write_text(json.dumps(document))
    (skipped,) = [case for case in check(root).cases if case.reason_code]
    assert skipped.reason_code == "unreadable_image"
    assert skipped.image == "../secret.png"


def nnunet(root: Path) -> Path:
    pairs = [(f"imagesTr/{name}_0000.png", f"labelsTr/{name}.png") for name in "abc"]
    put_pairs(root, [*pairs, ("imagesTs/t_0000.png", "labelsTs/t.png")])
    (root / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "optic disc": [1, 2], "optic cup": 2}}))
    return root


def test_nnunet_folders(tmp_path: Path) -> None:
    found = check(nnunet(tmp_path))
    assert found.layout == "nnunet"
    splits = splits_of(found)
    assert splits["t"] == "test"
    assert sorted(str(splits[name]) for name in "abc") == ["train", "train", "val"]
    assert found.reading.label_map is not None
    assert found.reading.label_map.structures["optic disc"].values == (1, 2)


def test_one_of_several_channel_files_must_be_chosen(tmp_path: Path) -> None:
    root = nnunet(tmp_path)
    put_image(root, "imagesTr/a_0001.png", 77)
    (unchosen,) = [case for case in check(root).cases if case.reason_code]
    assert (unchosen.name, unchosen.reason_code) == ("a", "wrong_channels")
    assert "choose one of them as `channel`" in str(unchosen.reason)
    listed = {case.name: case.image for case in list_cases(root, "auto", channel=1).cases}
    assert listed["a"] == "imagesTr/a_0001.png"


def test_a_bids_tree(tmp_path: Path) -> None:
    """Subjects are patients; a mask belongs to the image of its own subject, session and modality."""
    pairs = []
    for subject in ("01", "02", "03"):
        for session in ("1", "2"):
            stem = f"sub-{subject}/ses-{session}/anat/sub-{subject}_ses-{session}_T2w"
            pairs.append((f"{stem}.png", f"derivatives/manual/{stem}_desc-expert_mask.png"))
    put_pairs(tmp_path, pairs)
    put_image(tmp_path, "sub-04/anat/sub-04_T2w.png", 50)
    found = check(tmp_path)
    assert found.layout == "bids"
    (lonely,) = [case for case in found.cases if case.reason_code]
    assert (lonely.name, lonely.reason_code) == ("sub-04_T2w", "no_mask")
    used = [case for case in found.cases if not case.reason_code]
    assert len(used) == 6
    assert len({case.patient for case in used}) == 3
    assert len({(case.patient, case.split) for case in used}) == 3
    for case in used:
        assert str(case.mask) == f"derivatives/manual/{case.image.removesuffix('.png')}_desc-expert_mask.png"


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("datalist", "has no a datalist JSON|has no .*datalist"),
        ("nnunet", "has no folder imagesTr/"),
        ("bids", "has no folder sub-"),
    ],
)
def test_a_layout_that_the_folder_has_not(tmp_path: Path, layout: Layout, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check(folders(tmp_path, "a"), layout=layout)


def test_cases_csv_gives_patients_and_splits(tmp_path: Path) -> None:
    root = folders(tmp_path, "a", "b", "c", "d", "e")
    (root / "cases.csv").write_text("name,patient,split\na,P1,train\nb,P1,\nc,P2,test\nd,,train\nz,P9,val\n")
    found = check(root)
    splits = splits_of(found)
    assert (splits["a"], splits["c"], splits["d"]) == ("train", "test", "train")
    assert splits["b"] == "train", "of the same patient as a"
    patients = {case.name: case.patient for case in found.cases}
    assert patients["a"] == patients["b"] != patients["c"]
    assert patients["d"] is None
    assert "P1" not in str([case.model_dump() for case in found.cases])
    assert any("names 1 case(s) that are not there, as z" in warning for warning in found.warnings)
    assert any("does not name 1 case(s) that are there, as e" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,split\na,dev\n", "line 2: split 'dev' is none of train, val, test"),
        ("name,split\na,train\na,test\n", "line 3: a is named a second time"),
        ("case,split\na,train\n", "has the columns case, split: give name, patient, split"),
        ("", "has the columns none"),
    ],
)
def test_a_wrong_cases_csv_names_the_line(tmp_path: Path, text: str, words: str) -> None:
    root = folders(tmp_path, "a")
    (root / "cases.csv").write_text(text)
    with pytest.raises(ValueError, match=words):
        check(root)


def test_a_patient_pattern(tmp_path: Path) -> None:
    root = folders(tmp_path, *(f"P{patient}_{eye}" for patient in range(5) for eye in ("left", "right")), "other")
    found = check(root, patient_pattern="^(P[0-9]+)_")
    by_patient = {(case.patient, case.split) for case in found.cases}
    assert len(by_patient) == 6, "a patient is in two splits"
    assert any("does not match 1 case(s)" in warning for warning in found.warnings)


def test_pseudonyms_differ_between_sites(tmp_path: Path) -> None:
    root = folders(tmp_path, "P1_a", "P1_b", "P2_a")
    keys = [PseudonymKey(b"0" * 32, site) for site in ("a", "b")]
    here, there = (check(root, patient_pattern="^(P[0-9]+)_", pseudonyms=key).cases for key in keys)
    assert [c.patient for c in here] != [c.patient for c in there]
    assert here[0].patient == here[1].patient


def test_a_label_map_by_value(tmp_path: Path) -> None:
    """128 is the rim, 255 the cup; 7 is ignored. Of 24 x 32 pixels the disc has 1/8, the cup 1/32."""
    root = folders(tmp_path, "a")
    mask = np.choose(make_mask(), [0, 128, 255]).astype(np.uint8)
    mask[0, 0] = 7
    put_mask(root, "masks/a.png", mask)
    content = {
        "structures": {"optic disc": {"values": [128, 255]}, "optic cup": {"values": [255]}},
        "ignored_values": [7],
    }
    (case,) = check(root, reading=Reading(label_map=LabelMap.model_validate(content))).cases
    assert case.structure_shares == {"optic disc": 1 / 8, "optic cup": 1 / 32}
    content.pop("ignored_values")
    (case,) = check(root, reading=Reading(label_map=LabelMap.model_validate(content))).cases
    assert case.reason_code == "unknown_label"
    assert "the value(s) 7, which the label map does not know" in str(case.reason)
    assert "ignored_values" in str(case.reason)


def test_hashes_and_statistics_leave_as_policy_says(tmp_path: Path) -> None:
    """Of 5 cases 3 train, 1 validates and 1 tests. Each of 24 x 32 pixels; the disc has 96 of them."""
    root = folders(tmp_path, "a", "b", "c", "d", "e")
    found = check(root, may_send_hashes=False)
    assert {(case.pixel_sha256, case.perceptual_hash) for case in found.cases} == {(None, None)}
    assert {split: part.num_cases for split, part in found.statistics.items()} == {"train": 3, "val": 1, "test": 1}
    train = found.statistics["train"]
    assert [axis.total for axis in train.size] == [3 * HEIGHT, 3 * WIDTH]
    assert sum(train.intensity_histogram) == pytest.approx(3)
    disc = train.structures["optic disc"].size
    assert (disc.count, disc.total, disc.squares) == (3, 3 * 96, 3 * 96 * 96)
    assert train.spacing == ()


def test_a_copy_with_other_pixels_shares_its_originals_split(tmp_path: Path) -> None:
    """Case 7 is case 0 made a little darker: no pixel hash finds it, the perceptual one does."""
    root = folders(tmp_path, *(f"case-{index}" for index in range(8)))
    Image.fromarray((make_image(0) * 0.95).astype(np.uint8)).save(root / "images" / "case-7.png")
    found = {case.name: case for case in check(root).cases}
    assert found["case-0"].pixel_sha256 != found["case-7"].pixel_sha256
    assert found["case-0"].split == found["case-7"].split
    assert [warning.code for warning in found["case-0"].warnings] == ["near_duplicate"]
    assert "looks like case-0" in found["case-7"].warnings[0].message
    assert found["case-1"].warnings == ()
