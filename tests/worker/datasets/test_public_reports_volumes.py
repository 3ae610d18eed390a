"""Small volumes rebuilt from troubles that people reported in public about other software, read as they should be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from backend.contracts.datasets import CheckedCase, LabelMap, Reading, SplitFractions
from backend.contracts.task_definition import SegmentationTask, Structure
from worker.datasets.folder import CheckOptions, check_folder
from worker.datasets.mask_files import mask_file
from worker.datasets.readers import read_image

REPORTS = Path(__file__).parents[4] / "shared" / "data" / "reports"
pytestmark = pytest.mark.skipif(not REPORTS.is_dir(), reason="the rebuilt reports are not beside this checkout")
COUCH = LabelMap.model_validate({"structures": {"block": {"names": ["block"]}}, "ignored_names": ["couch"]})


@dataclass(frozen=True)
class Report:
    """used: voxels of each structure by case. skipped: case to its reason and a part of its text. warned: case to the
    codes of its warnings; the other cases have none."""

    used: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    skipped: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    warned: Mapping[str, list[str]] = field(default_factory=dict)
    structures: tuple[str, ...] = ("block",)
    label_map: LabelMap | None = None


BLOCK = {"block": 126}
EXPECTED: dict[str, Report] = {
    "08-seg-nrrd-names": Report(
        {"c0": {"gland": 117, "tumour": 9}, "c1": {"gland": 117, "tumour": 9}}, structures=("gland", "tumour")
    ),
    "03-rtstruct-twice": Report({name: {"block": 800} for name in ("all-twice", "once", "one-slice-twice")}),
    "11-no-spacing": Report(
        skipped={
            "bare": ("missing_spacing", "does not say how large its voxels are"),
            "nan": ("missing_spacing", "does not say how large its voxels are"),
            "mha_zero": ("missing_spacing", "measure 0 x 0 x 0, which is no size"),
        }
    ),
    "12-slope": Report(
        skipped={
            "dicom_slope0": ("unreadable_image", "a RescaleSlope of 0"),
            "dicom_lacking": ("unreadable_image", "with a rescale (IM001) and without one (IM003)"),
        }
    ),
    "05-rtstruct-every-second-slice": Report({"sparse": {"block": 1600}}, warned={"sparse": ["empty_slices"]}),
    "23-dicom-geometry": Report({"spacing_rounded": BLOCK}, {"one_slice_shifted": ("unreadable_image", "IM003 lies")}),
    "82-positions-rounded": Report({"c": BLOCK}),
    "25-files": Report({"voxoffset0": BLOCK}),
    "14-seg-labelmap-background": Report({"c": BLOCK}),
    "50-rtstruct-couch-beyond": Report({"couch_beyond": {"block": 800}}, label_map=COUCH),
    "01-qfac-zero": Report({"c0": BLOCK, "c1": BLOCK, "c2": BLOCK}),
    "21-nrrd-in-name": Report({"from_nrrd_02": BLOCK, "plain": BLOCK}),
    "61-data-file-dot-slash": Report({"n1": BLOCK}),
}


def _cases(folder: Path, report: Report) -> dict[str, CheckedCase]:
    structures = tuple(Structure(name=name, label_values=(value,)) for value, name in enumerate(report.structures, 1))
    task = SegmentationTask(modality="CT", dimensions=3, num_channels=1, structures=structures)
    options = CheckOptions(reading=Reading(label_map=report.label_map))
    found = check_folder(folder, task, SplitFractions(), 0, options=options)
    return {case.name: case for case in found.cases}


def _voxels(case: CheckedCase) -> dict[str, int]:
    num_voxels = (case.width or 0) * (case.height or 0) * (case.depth or 0)
    return {name: round(share * num_voxels) for name, share in case.structure_shares.items()}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_report_is_read_as_it_should_be(name: str) -> None:
    report = EXPECTED[name]
    cases = _cases(REPORTS / name, report)
    assert set(cases) == {*report.used, *report.skipped}
    for case_name, case in cases.items():
        if case_name in report.used:
            assert case.reason_code is None, case.reason
            assert _voxels(case) == report.used[case_name]
            assert [warning.code for warning in case.warnings] == report.warned.get(case_name, [])
        else:
            code, part = report.skipped[case_name]
            assert case.reason_code == code
            assert part in str(case.reason)


def test_a_mask_has_the_order_and_geometry_of_the_image_that_was_sent(tmp_path: Path) -> None:
    path = next((REPORTS / "56-predict").rglob("ras.nii.gz"))
    image = read_image(path.parent, path.name, 2)
    content, _ = mask_file(image.pixels[..., 0] > image.pixels[..., 0].mean(), image.frame)
    (tmp_path / "mask.nii.gz").write_bytes(content)
    original, mask = nib.load(path), nib.load(tmp_path / "mask.nii.gz")
    assert mask.shape == original.shape[:3]
    assert np.array_equal(mask.affine, original.affine)
    red = np.asarray(original.dataobj)["R"]
    assert np.array_equal(np.asarray(mask.dataobj) > 0, red > image.pixels[..., 0].mean())
