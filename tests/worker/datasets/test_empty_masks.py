"""Healthy images: a case whose mask is empty is used where the data set says that this means that nothing is there."""

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.contracts.datasets import LabelMap, Reading, SplitFractions
from backend.contracts.tasks import ManifestCase
from tests.worker.datasets.fundus_folder import TASK, case_named, make_image, make_mask, write_case, write_good_folder
from worker.datasets.folder import CheckOptions, FolderCheck, check_folder, read_case
from worker.datasets.labels import structure_planes
from worker.datasets.layouts.model import Skip
from worker.datasets.readers import NamedMask
from worker.datasets.viewer_files import thumbnail_jpeg

NOTHING_THERE = Reading(empty_means_nothing_there=True)
EMPTY = np.zeros_like(make_mask())


def check_with_empty(folder: Path, reading: Reading, num_empty: int = 1, num_others: int = 6) -> FolderCheck:
    write_good_folder(folder, num_cases=num_others)
    for index in range(num_empty):
        write_case(folder, f"healthy-{index}", make_image(90 + index), EMPTY)
    return check_folder(folder, TASK, SplitFractions(), 0, options=CheckOptions(reading=reading))


def test_without_the_option_the_reason_names_it(tmp_path: Path) -> None:
    case = case_named(check_with_empty(tmp_path / "site", Reading()), "healthy-0")
    assert case.reason_code == "empty_mask"
    assert "empty_means_nothing_there" in str(case.reason)


def test_with_the_option_the_case_is_used_and_read_again(tmp_path: Path) -> None:
    found = check_with_empty(tmp_path / "site", NOTHING_THERE)
    case = case_named(found, "healthy-0")
    assert (case.reason_code, case.structure_shares) == (None, {"optic disc": 0, "optic cup": 0})
    assert found.reading == NOTHING_THERE
    fields = case.model_dump(include={"name", "split", "image", "mask", "image_sha256", "mask_sha256"})
    file = ManifestCase.model_validate({"case_id": "1", **fields})
    read = read_case(tmp_path / "site", file, TASK, NOTHING_THERE)
    np.testing.assert_array_equal(read.image, make_image(90))
    assert read.structures.shape == (2, *EMPTY.shape)
    assert not read.structures.any()


def test_healthy_cases_are_shared_out_among_the_splits_and_count_in_prevalence(tmp_path: Path) -> None:
    """Of 20 healthy cases 12 train, 3 validate and 5 are tested, as of 20 others: half of each split has the disc."""
    found = check_with_empty(tmp_path / "site", NOTHING_THERE, num_empty=20, num_others=20)
    splits = Counter(case.split for case in found.cases if case.name.startswith("healthy"))
    assert splits == {"train": 12, "val": 3, "test": 5}
    for split in found.statistics.values():
        assert split.structures["optic disc"].size.count * 2 == split.num_cases


@pytest.mark.parametrize("reading", [Reading(), NOTHING_THERE])
def test_a_forgotten_label_is_refused_whatever_empty_means(tmp_path: Path, reading: Reading) -> None:
    write_good_folder(tmp_path / "site")
    write_case(tmp_path / "site", "odd", make_image(9), np.full_like(EMPTY, 7))
    found = check_folder(tmp_path / "site", TASK, SplitFractions(), 0, options=CheckOptions(reading=reading))
    assert case_named(found, "odd").reason_code == "unknown_label"


def named(*names: str) -> NamedMask:
    return NamedMask(planes={}, names=names, sha256="0" * 64)


def test_segments_that_are_all_ignored_mean_nothing_there_too() -> None:
    """Of DICOM-SEG and RTSTRUCT, in 3D; a name that nobody knows is refused all the same."""
    structures = {"optic disc": {"names": ["Disc"]}, "optic cup": {"names": ["Cup"]}}
    label_map = LabelMap.model_validate({"structures": structures, "ignored_names": ["Couch"]})
    reading = NOTHING_THERE.model_copy(update={"label_map": label_map})
    planes = structure_planes("a.dcm", named("Couch"), (3, 4, 5), TASK, reading)
    assert planes.shape == (2, 3, 4, 5)
    assert not planes.any()
    with pytest.raises(Skip, match="holds only Couch"):
        structure_planes("a.dcm", named("Couch"), (3, 4, 5), TASK, Reading(label_map=label_map))
    with pytest.raises(Skip, match="holds Lens, which no structure is mapped to"):
        structure_planes("a.dcm", named("Couch", "Lens"), (3, 4, 5), TASK, reading)


def test_the_thumbnail_of_a_healthy_volume_is_its_middle_slice() -> None:
    """Slice k is all k * 40: of 5 slices the middle one is 80."""
    volume = np.repeat(np.arange(5, dtype=np.uint8) * 40, 64).reshape(5, 8, 8, 1).astype(np.float32)
    picture = Image.open(io.BytesIO(thumbnail_jpeg(volume, np.zeros((1, 5, 8, 8), dtype=bool), (1.0, 1.0, 1.0))))
    middle = np.asarray(picture).mean()
    assert middle == pytest.approx(255 / 2, abs=3)
