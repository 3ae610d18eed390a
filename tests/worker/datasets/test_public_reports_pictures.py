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
        assert [warning.code for warning in case.warnings] == report.warnings.get(name, [])
    assert all(any(words in warning for warning in found.warnings) for words in report.words)
