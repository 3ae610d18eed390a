"""M&Ms on a miniature in the layout of the open data set."""

from pathlib import Path

import numpy as np

from tests.worker.datasets.public.original import cases, counts, left_out, prepare_miniature
from tests.worker.datasets.public.volume_original import prepared, ramp, save_frames, voxels, zones

TABLE = """\
,External code,VendorName,Vendor,Centre,ED,ES,Age
0,A0S9V9,Siemens,A,1,0,2,60
1,B2D3E4,Philips,B,2,1,9,61
2,C9Z1X2,GE,C,4,0,1,62
3,D4F5G6,Canon,D,5,0,2,63
"""


def hearts() -> np.ndarray:
    labels = zones(rim=2, core=1)
    labels[1:5, 2:6, 8] = 3
    return labels


def test_frames_become_cases_and_centres_become_sites(tmp_path: Path) -> None:
    source, output = tmp_path / "original", tmp_path / "out"
    root = source / "OpenDataset"
    empty = np.zeros_like(hearts())
    for part, code in (("Training/Labeled", "A0S9V9"), ("Testing", "B2D3E4"), ("Training/Unlabeled", "C9Z1X2")):
        folder = root / part / code
        save_frames(folder / f"{code}_sa.nii.gz", [ramp(1), ramp(2), ramp(3)])
        labels = [hearts(), hearts() if code == "B2D3E4" else empty, hearts()]
        save_frames(folder / f"{code}_sa_gt.nii.gz", labels)
    (root / "211230_M&Ms_Dataset_information_diagnosis_opendataset.csv").write_text(TABLE)
    result = prepare_miniature("mms", source, output)
    assert counts(result)["mms-centre-1"] == "found 2 of an unknown number expected, left out 0"
    assert sorted(left_out(result)) == [
        ("mms-centre-2", "B2D3E4_ES", "incomplete"),
        ("mms-centre-4", "C9Z1X2_ED", "no_mask"),
        ("mms-centre-4", "C9Z1X2_ES", "no_mask"),
        ("mms-centre-5", "D4F5G6_ED", "no_image"),
        ("mms-centre-5", "D4F5G6_ES", "no_image"),
    ]
    assert cases(output, "mms-centre-1") == {"A0S9V9_ED": ("A0S9V9", ""), "A0S9V9_ES": ("A0S9V9", "")}
    for name, number in (("A0S9V9_ED", 1), ("A0S9V9_ES", 3)):
        image, mask = prepared(output, "mms-centre-1", name)
        np.testing.assert_array_equal(voxels(image), ramp(number))
        np.testing.assert_array_equal(voxels(mask), hearts())
