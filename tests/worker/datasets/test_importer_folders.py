"""The readiness check on folders of real files of scanners and libraries: each case used, or skipped with its reason.

Every folder is checked as `images/` with itself as `masks/`, which few survive; then real images with real masks.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pydicom
import pytest

from backend.contracts.datasets import LabelMap, Reading, SplitFractions, StructureLabels
from backend.contracts.task_definition import SegmentationTask, Structure
from worker.datasets.folder import CheckOptions, FolderCheck, check_folder

FILES = Path(__file__).parents[4] / "shared" / "data" / "importer"
pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason=f"no real files at {FILES}")

#: (folder, dimensions) to the codes in the order of case names; None: used.
PICTURES_ARE_VOLUMES = ["wrong_dimensions"] * 5
SEGMENTATIONS = ["unreadable_image"] * 8
EXPECTED: dict[tuple[str, int], list[str | None]] = {
    ("dicompyler_core", 2): ["unreadable_mask", "unreadable_image", "unreadable_image"],
    ("dicompyler_core", 3): ["wrong_dimensions", "unreadable_image", "unreadable_image"],
    ("highdicom", 2): ["unreadable_mask", None, *SEGMENTATIONS],
    ("highdicom", 3): ["wrong_dimensions", "wrong_dimensions", *SEGMENTATIONS],
    ("monai", 2): ["unreadable_image", "wrong_dimensions", "wrong_dimensions", "wrong_dimensions", "wrong_dimensions"],
    ("monai", 3): ["unreadable_image", "unreadable_mask", None, "unreadable_mask", None],
    ("nibabel", 2): ["unknown_label", *["wrong_dimensions"] * 3, *["unreadable_image"] * 3],
    ("nibabel", 3): [
        "wrong_dimensions", "unreadable_mask", "wrong_channels", "wrong_dimensions", *["unreadable_image"] * 3,
    ],
    ("niivue", 2): ["duplicate", *PICTURES_ARE_VOLUMES, "unreadable_image"],
    ("niivue", 3): ["duplicate", "unknown_label", None, None, "unknown_label", None, "unreadable_image"],
    ("nnunet", 2): ["wrong_dimensions", "wrong_dimensions"],
    ("nnunet", 3): ["unreadable_mask", None],
    ("pydicom", 2): [
        "unreadable_image", "wrong_dimensions", "unreadable_mask", "unreadable_mask", "unreadable_image",
        "unknown_label", "unknown_label", "wrong_channels", *["unreadable_image"] * 4,
    ],
    ("pydicom", 3): [
        "unreadable_image", "unreadable_mask", "wrong_dimensions", "wrong_dimensions", "unreadable_image",
        *["wrong_dimensions"] * 3, *["unreadable_image"] * 4,
    ],
}  # fmt: skip


def task(dimensions: int, *names: str) -> SegmentationTask:
    """The structure `foreground` is every label from 1 to 255; named ones are 1, 2, ..."""
    structures = tuple(Structure(name=name, label_values=(value,)) for value, name in enumerate(names, start=1))
    foreground = Structure(name="foreground", label_values=tuple(range(1, 256)))
    return SegmentationTask.model_validate(
        {"modality": "any", "dimensions": dimensions, "num_channels": 1, "structures": structures or (foreground,)}
    )


def suffix(path: Path) -> str:
    return ".nii.gz" if path.name.endswith(".nii.gz") else path.suffix


def copied(root: Path, pairs: Iterable[tuple[str, str, str]]) -> Path:
    """Cases of (name with suffix, image, mask); the mask keeps its own suffix."""
    for name, image, mask in pairs:
        for kind, source in (("images", FILES / image), ("masks", FILES / mask)):
            target = root / kind / (name + ("" if source.is_dir() else suffix(source)))
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    return root


def check(folder: Path, wanted: SegmentationTask, label_map: LabelMap | None = None) -> FolderCheck:
    options = CheckOptions(reading=Reading(label_map=label_map))
    return check_folder(folder, wanted, SplitFractions(), seed=0, options=options)


def test_the_expectations_name_every_folder() -> None:
    assert {name for name, _ in EXPECTED} == {path.name for path in FILES.iterdir() if path.is_dir()}


@pytest.mark.parametrize(("name", "dimensions"), EXPECTED, ids=lambda value: str(value))
def test_a_folder_against_itself(tmp_path: Path, name: str, dimensions: int) -> None:
    for kind in ("images", "masks"):
        shutil.copytree(FILES / name, tmp_path / kind)
    found = check(tmp_path, task(dimensions))
    assert [case.reason_code for case in found.cases] == EXPECTED[name, dimensions]
    for case in found.cases:
        assert (case.split is None) == (case.reason_code is not None)
        if case.reason_code is not None:
            assert str(case.reason).startswith(("images/", "masks/"))
            assert ": " in str(case.reason), f"no remedy: {case.reason}"


@pytest.mark.parametrize("folder", sorted(path for path in FILES.rglob("*") if path.is_dir()), ids=lambda p: p.name)
def test_a_folder_that_is_no_data_set_says_what_to_make(folder: Path) -> None:
    with pytest.raises(ValueError, match="make images/ and masks/ with files of equal names"):
        check(folder, task(3))


def test_volumes_with_their_labels(tmp_path: Path) -> None:
    """33 x 41 x 25 voxels of 2 mm hold 8 mm3 each; the niivue pair is NRRD with NIfTI."""
    folder = copied(
        tmp_path,
        [
            ("anatomical", "monai/anatomical.nii", "monai/anatomical_label.nii.gz"),
            ("flair", "niivue/FLAIR.nrrd", "niivue/lesion.nii.gz"),
            ("ct", "nnunet/example_ct_sm.nii.gz", "nnunet/example_ct_sm_T300_output.nii.gz"),
        ],
    )
    found = check(folder, task(3))
    assert [(case.name, case.reason_code) for case in found.cases] == [
        ("anatomical", None),
        ("ct", None),
        ("flair", None),
    ]
    sizes = {case.name: case.structure_sizes["foreground"] for case in found.cases}
    assert sizes == {"anatomical": pytest.approx(2.64), "ct": pytest.approx(6463.584), "flair": pytest.approx(32.481)}
    assert {case.name: case.spacing for case in found.cases}["ct"] == pytest.approx((3.0, 3.0, 3.0))
    assert sum(part.num_cases for part in found.statistics.values()) == 3


def test_a_mask_of_another_volume(tmp_path: Path) -> None:
    folder = copied(tmp_path, [("a", "niivue/FLAIR.nii.gz", "monai/anatomical_label.nii.gz")])
    (case,) = check(folder, task(3)).cases
    assert case.reason_code == "size_mismatch"


def segments(**names: tuple[str, ...]) -> LabelMap:
    return LabelMap(structures={structure: StructureLabels(names=given) for structure, given in names.items()})


CT_WITH_SEGMENTATION = ("ct", "highdicom/ct_image.dcm", "highdicom/seg_image_ct_binary_single_frame.dcm")


def test_a_slice_with_a_dicom_segmentation(tmp_path: Path) -> None:
    folder = copied(tmp_path, [CT_WITH_SEGMENTATION])
    (unmapped,) = check(folder, task(2, "liver")).cases
    assert unmapped.reason_code == "unknown_label"
    assert "which no structure is mapped to (the task's structures are liver)" in str(unmapped.reason)
    name = str(unmapped.reason).split(" holds ")[1].split(", which")[0]
    (mapped,) = check(folder, task(2, "liver"), segments(liver=(name.upper(),))).cases
    assert mapped.reason_code is None, mapped.reason
    assert mapped.structure_sizes["liver"] > 0
    (misspelt,) = check(folder, task(2, "liver"), segments(liver=("livre",))).cases
    assert misspelt.reason_code == "unknown_label"
    for words in (name, "label_map.structures name livre", "add each to the `names`", "ignored_names"):
        assert words in str(misspelt.reason)


def test_a_slice_with_a_structure_set(tmp_path: Path) -> None:
    """rtss.dcm has 10 ROIs, of which Heart is the task's; 9 are told. Its whole body is drawn on the slice."""
    folder = copied(tmp_path, [("ct", "dicompyler_core/ct.0.dcm", "dicompyler_core/rtss.dcm")])
    (unmapped,) = check(folder, task(2, "heart")).cases
    assert unmapped.reason_code == "unknown_label"
    assert "Tumor Bed and 1 more" in str(unmapped.reason)
    contents = pydicom.dcmread(FILES / "dicompyler_core" / "rtss.dcm")
    names = [str(roi.ROIName) for roi in contents.StructureSetROISequence]
    body = next(name for name in names if name.lower() in ("body", "external"))
    label_map = LabelMap(
        structures={"body": StructureLabels(names=(body,))},
        ignored_names=tuple(name for name in names if name != body),
    )
    (mapped,) = check(folder, task(2, "body"), label_map).cases
    assert mapped.reason_code is None, mapped.reason
    assert 0.05 < mapped.structure_shares["body"] < 0.95
