"""Troubles that people reported in public about other software, rebuilt as small folders beside the repository.

What is right stands in the README of these folders; each also is a test that builds its own input, named here.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from backend.contracts.datasets import SplitFractions
from backend.contracts.task_definition import SegmentationTask
from worker.datasets.folder import CheckOptions, check_folder

REPORTS = Path(__file__).parents[4] / "shared" / "data" / "reports"
pytestmark = pytest.mark.skipif(not REPORTS.is_dir(), reason=f"{REPORTS} is not there: it holds the rebuilt troubles")


@dataclass(frozen=True)
class Report:
    """sizes: pixels or voxels of each structure, by used case. reasons: code and words of a skipped case. warnings:
    of used cases. words: in the data set's own warnings."""

    folder: str
    structures: dict[str, int]
    num_channels: int = 1
    dimensions: int = 3
    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    reasons: dict[str, tuple[str, str]] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    layout: str | None = None


BLOCK = {"block": 1}
PICTURE: dict[str, Any] = {"dimensions": 2, "num_channels": 3}
REPORTED = [
    # test_masks_as_shown, test_deep_colour
    Report(
        "19-pictures", BLOCK, **PICTURE, sizes={"img_rgb12in16": {"block": 308}, "pal_white0_black1": {"block": 308}}
    ),
    Report(
        "54-palette-order", {"rim": 1, "cup": 2}, **PICTURE,
        reasons={"c0": ("unknown_label", "palettes differ"), "c1": ("unknown_label", "made for the eye")},
    ),
    Report(
        "10-exif", BLOCK, **PICTURE,
        sizes={"raw1_o3": {"block": 308}, "up1_o3": {"block": 308}},
        reasons={"raw0_o6": ("size_mismatch", "EXIF")},
        warnings={"raw1_o3": ["exif_turn"], "up1_o3": ["exif_turn"]},
    ),
    Report(
        "16-ignore-255", BLOCK, **PICTURE,
        sizes={"c2_01": {"block": 308}},
        reasons={"c0_01i": ("unknown_label", "255"), "c1_0i": ("unknown_label", "hold the label 1 itself")},
    ),
    # test_layout_bids
    Report(
        "22-bids", {"a": 1, "b": 2},
        sizes={"sub-04_run-1_T1w": {"a": 126, "b": 126}},
        reasons={
            "sub-01_ses-1_T1w": ("no_mask", "could be the mask of"),
            "sub-01_ses-2_T1w": ("no_mask", "could be the mask of"),
            "sub-04_run-2_T1w": ("no_mask", "has no mask below derivatives/"),
        },
        words=("several images match them",),
    ),
    # test_layout_names
    Report("18-json-sidecar", BLOCK, sizes={"c0": {"block": 126}, "c1": {"block": 126}}),
    Report(
        "09-nnunet-v1", BLOCK,
        sizes={"case_000": {"block": 126}, "case_001": {"block": 126}, "case_002": {"block": 126}},
    ),
    Report(
        "80-nnunet-four-digits", BLOCK,
        sizes={"case_0001": {"block": 126}, "case_0002": {"block": 126}, "case_0003": {"block": 126}},
    ),
    Report(
        "51-nnunet-ignore", BLOCK, reasons={f"c{n}": ("unknown_label", "which count as background") for n in range(3)},
        words=("an area that nnU-Net leaves out of loss and scores",),
    ),
    Report("62-windows-paths", BLOCK, sizes={"c0": {"block": 126}, "c1": {"block": 126}}),
    Report(
        "17-same-patient-id", BLOCK, sizes={f"c{number}": {"block": 126} for number in range(8)},
        words=("All 8 used cases are of one patient",),
    ),
    Report(
        "26-per-structure", {"liver": 1, "spleen": 2}, layout="per_structure",
        sizes={"s0": {"liver": 126, "spleen": 0}, "s1": {"liver": 126, "spleen": 0}},
    ),
    Report("13b-cases-csv", BLOCK, **PICTURE, sizes={f"P{number}": {"block": 308} for number in range(3)}),
]  # fmt: skip


@pytest.mark.parametrize("report", REPORTED, ids=lambda report: report.folder)
def test_a_reported_trouble_is_read_right_or_refused_with_its_cause(report: Report) -> None:
    structures = [{"name": name, "label_values": [value]} for name, value in report.structures.items()]
    task = SegmentationTask.model_validate(
        {"structures": structures, "num_channels": report.num_channels, "dimensions": report.dimensions}
    )
    found = check_folder(REPORTS / report.folder, task, SplitFractions(), 0, options=CheckOptions(**report.options))
    used = {case.name: case for case in found.cases if case.reason_code is None}
    skipped = {case.name: case for case in found.cases if case.reason_code is not None}
    assert {name: (str(case.reason_code), report.reasons[name][1]) for name, case in skipped.items()} == report.reasons
    assert all(words in str(skipped[name].reason) for name, (_, words) in report.reasons.items())
    assert used.keys() == report.sizes.keys()
    for name, case in used.items():
        voxels = (case.width or 0) * (case.height or 0) * (case.depth or 1)
        counted = {structure: round(share * voxels) for structure, share in case.structure_shares.items()}
        assert counted == report.sizes[name]
        codes = [warning.code for warning in case.warnings if warning.code != "near_duplicate"]
        assert codes == report.warnings.get(name, [])
    assert all(any(words in warning for warning in found.warnings) for words in report.words)
    assert report.layout in (None, found.layout)
