"""Each prostate set on a miniature in the layout of its original."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from tests.worker.datasets.public.original import cases, counts, left_out, prepare_miniature
from tests.worker.datasets.public.volume_original import (
    ORIGIN,
    SPACING,
    prepared,
    ramp,
    save_frames,
    save_segmentation,
    save_series,
    save_volume,
    volume,
    voxels,
    write,
    zones,
)

GLAND = (zones() > 0).astype(np.uint8)


def assert_case(output: Path, site: str, name: str, image: np.ndarray, labels: np.ndarray) -> None:
    """The very voxels, on the original's grid."""
    stored, mask = prepared(output, site, name)
    np.testing.assert_array_equal(voxels(stored), image)
    np.testing.assert_array_equal(voxels(mask), labels)
    for grid in (stored, mask):
        np.testing.assert_allclose(grid.GetSpacing(), SPACING, rtol=1e-5)
        np.testing.assert_allclose(grid.GetOrigin(), ORIGIN, rtol=1e-5)


def test_msd_takes_the_t2_channel(tmp_path: Path) -> None:
    source, output = tmp_path / "original", tmp_path / "out"
    task = source / "Task05_Prostate"
    for number in ("00", "01", "02"):
        save_frames(task / "imagesTr" / f"prostate_{number}.nii.gz", [ramp(1), ramp(2)])
    save_volume(task / "labelsTr" / "prostate_00.nii.gz", zones())
    save_volume(task / "labelsTr" / "prostate_01.nii.gz", zones(core=3))
    save_frames(task / "imagesTs" / "prostate_03.nii.gz", [ramp(1), ramp(2)])
    (task / "imagesTr" / "._prostate_00.nii.gz").write_bytes(b"what macOS leaves")
    result = prepare_miniature("msd-prostate", source, output)
    assert counts(result) == {"msd-prostate": "found 1 of 32 expected, left out 2"}
    assert left_out(result) == [
        ("msd-prostate", "prostate_01", "unknown_label"),
        ("msd-prostate", "prostate_02", "no_mask"),
    ]
    assert_case(output, "msd-prostate", "prostate_00", ramp(1), zones())


def test_promise12_pairs_within_folders(tmp_path: Path) -> None:
    """Test cases have the names of training cases."""
    source, output = tmp_path / "original", tmp_path / "out"
    for part, number in ((1, 0), (1, 1), (2, 20)):
        folder = source / f"TrainingData_Part{part}"
        save_volume(folder / f"Case{number:02d}.mhd", ramp(number))
        save_volume(folder / f"Case{number:02d}_segmentation.mhd", GLAND.astype(np.int8))
    save_volume(source / "TrainingData_Part2" / "Case21.mhd", ramp(21))
    save_volume(source / "TestData" / "Case00.mhd", ramp(99))
    (source / "TrainingData_Part1" / "Case01.raw").unlink()
    result = prepare_miniature("promise12", source, output)
    assert counts(result) == {"promise12": "found 2 of 50 expected, left out 2"}
    assert left_out(result) == [("promise12", "Case01", "unreadable_image"), ("promise12", "Case21", "no_mask")]
    assert_case(output, "promise12", "Case00", ramp(0), GLAND)
    assert_case(output, "promise12", "Case20", ramp(20), GLAND)


def test_saml_reads_both_spellings_and_joins_zones(tmp_path: Path) -> None:
    source, output = tmp_path / "original", tmp_path / "out"
    save_volume(source / "BIDMC" / "Case00.nii.gz", ramp(1))
    save_volume(source / "BIDMC" / "Case00_segmentation.nii.gz", GLAND)
    save_volume(source / "BMC" / "Case00.nii.gz", ramp(2))
    save_volume(source / "BMC" / "Case00_Segmentation.nii.gz", zones().astype(np.float32), spacing=(1, 1, 1))
    save_volume(source / "HK" / "Case03.nii.gz", ramp(3))
    save_volume(source / "HK" / "Case03_segmentation.nii.gz", GLAND[:-1])
    save_volume(source / "UCL" / "Case26_segmentation.nii.gz", GLAND)
    result = prepare_miniature("saml-prostate", source, output)
    assert counts(result) == {
        "saml-bidmc": "found 1 of 12 expected, left out 0",
        "saml-bmc": "found 1 of 30 expected, left out 0",
        "saml-hk": "found 0 of 12 expected, left out 1",
        "saml-i2cvb": "found 0 of 19 expected, left out 0",
        "saml-runmc": "found 0 of 30 expected, left out 0",
        "saml-ucl": "found 0 of 13 expected, left out 1",
    }
    assert result.dataset.num_expected == 116
    assert sorted(left_out(result)) == [("saml-hk", "Case03", "size_mismatch"), ("saml-ucl", "Case26", "no_image")]
    assert_case(output, "saml-bidmc", "Case00", ramp(1), GLAND)
    assert_case(output, "saml-bmc", "Case00", ramp(2), GLAND)


def test_prostate158_exchanges_its_labels_and_keeps_its_split(tmp_path: Path) -> None:
    source, output = tmp_path / "original", tmp_path / "out"
    root = source / "prostate158_train"
    for name in ("020", "024", "031"):
        save_volume(root / "train" / name / "t2.nii.gz", ramp(int(name)))
        save_volume(root / "train" / name / "adc.nii.gz", ramp())
    for name in ("020", "024"):
        save_volume(root / "train" / name / "t2_anatomy_reader1.nii.gz", zones(rim=2, core=1))
    for table, name in (("train.csv", "020"), ("valid.csv", "024")):
        text = io.StringIO()
        csv.writer(text).writerows([["ID", "t2", "t2_anatomy_reader1"], [int(name), f"train/{name}/t2.nii.gz", "x"]])
        (root / table).write_text(text.getvalue())
    result = prepare_miniature("prostate158", source, output)
    assert counts(result) == {"prostate158": "found 2 of 158 expected, left out 1"}
    assert left_out(result) == [("prostate158", "031", "no_mask")]
    assert cases(output, "prostate158") == {"020": ("020", "train"), "024": ("024", "val")}
    assert_case(output, "prostate158", "020", ramp(20), zones(rim=1, core=2))


def test_i2cvb_stacks_slices_of_images_and_masks(tmp_path: Path) -> None:
    """Mask slices hold 0 and a high value."""
    source, output = tmp_path / "original", tmp_path / "out"
    patients = (("GE", "Patient 383", None), ("Siemens", "Patient 1036", None), ("GE", "Patient_428260", 3))
    for scanner, patient, missing in patients:
        save_series(source / scanner / patient / "T2W", ramp(1), patient)
        save_series(source / scanner / patient / "GT" / "prostate", GLAND * 255, patient, leave_out=missing)
        save_series(source / scanner / patient / "GT" / "cg", GLAND, patient)
    save_series(source / "GE" / "Patient 7" / "T2W", ramp(2), "Patient 7")
    result = prepare_miniature("i2cvb", source, output)
    assert counts(result) == {
        "i2cvb-ge": "found 1 of an unknown number expected, left out 2",
        "i2cvb-siemens": "found 1 of an unknown number expected, left out 0",
    }
    assert sorted(left_out(result)) == [
        ("i2cvb-ge", "Patient 7", "no_mask"),
        ("i2cvb-ge", "Patient_428260", "incomplete"),
    ]
    assert_case(output, "i2cvb-ge", "Patient_383", ramp(1), GLAND)
    assert_case(output, "i2cvb-siemens", "Patient_1036", ramp(1), GLAND)


def test_nci_isbi_brings_masks_to_the_grid_of_the_series(tmp_path: Path) -> None:
    """The mask of Dx-01-0006 is stored with reversed slices; that of Dx-01-0055 lies elsewhere."""
    source, output = tmp_path / "original", tmp_path / "out"
    images = source / "manifest-1"
    for patient, collection in (
        ("Prostate3T-01-0001", "Prostate-3T"),
        ("ProstateDx-01-0006", "PROSTATE-DIAGNOSIS"),
        ("ProstateDx-01-0055", "PROSTATE-DIAGNOSIS"),
        ("ProstateDx-03-0001", "PROSTATE-DIAGNOSIS"),
    ):
        save_series(images / collection / patient / "1.2.3" / "4.5", ramp(4), patient)
    save_volume(source / "Training" / "Prostate3T-01-0001.nrrd", zones())
    reversed_mask = SimpleITK.Flip(volume(zones()), (False, False, True))
    assert reversed_mask.GetDirection()[8] == -1
    write(source / "Training" / "ProstateDx-01-0006_correctedLabels.nrrd", reversed_mask)
    elsewhere = volume(zones())
    elsewhere.SetOrigin((ORIGIN[0] + 3, ORIGIN[1], ORIGIN[2]))
    write(source / "Training" / "ProstateDx-01-0055.nrrd", elsewhere)
    save_volume(source / "Test" / "Prostate3T-03-0001.nrrd", zones())
    result = prepare_miniature("nci-isbi-2013", source, output)
    assert counts(result) == {
        "nci-isbi-3t": "found 1 of 40 expected, left out 1",
        "nci-isbi-dx": "found 1 of 40 expected, left out 2",
    }
    assert sorted(left_out(result)) == [
        ("nci-isbi-3t", "Prostate3T-03-0001", "no_image"),
        ("nci-isbi-dx", "ProstateDx-01-0055", "size_mismatch"),
        ("nci-isbi-dx", "ProstateDx-03-0001", "no_mask"),
    ]
    assert_case(output, "nci-isbi-3t", "Prostate3T-01-0001", ramp(4), zones())
    assert_case(output, "nci-isbi-dx", "ProstateDx-01-0006", ramp(4), zones())


def four_zones() -> np.ndarray:
    """1 peripheral, 2 transition, 3 urethra, 4 stroma; the last three are the core of `zones`."""
    labels = zones()
    labels[2, 3, 3] = 3
    labels[3, 4, 6] = 4
    return labels


ZONE_NAMES = ("Peripheral zone of prostate", "Transition zone", "Distal prostatic urethra", "Anterior Stroma")


def test_prostatex_follows_the_segmentation_to_its_series(tmp_path: Path) -> None:
    """Each patient has two series; only one of them is outlined."""
    source, output = tmp_path / "original", tmp_path / "out"
    for number, names in ((4, ZONE_NAMES), (7, ("Lesion", *ZONE_NAMES[1:]))):
        patient = f"ProstateX-{number:04d}"
        study = source / "Image" / "manifest-1" / "PROSTATEx" / patient / "1"
        save_series(study / "sag", ramp(9), patient)
        t2 = save_series(study / "tra", ramp(number), patient)
        mask = source / "Mask" / "manifest-2" / "PROSTATEx" / patient / "1" / "2" / "1-1.dcm"
        save_segmentation(mask, t2, four_zones(), names)
    absent = save_series(tmp_path / "elsewhere", ramp(1), "ProstateX-0009")
    save_segmentation(source / "Mask" / "ProstateX-0009" / "1-1.dcm", absent, four_zones(), ZONE_NAMES)
    result = prepare_miniature("prostatex", source, output)
    assert counts(result) == {"prostatex": "found 1 of 98 expected, left out 2"}
    assert sorted(left_out(result)) == [
        ("prostatex", "ProstateX-0007", "unknown_label"),
        ("prostatex", "ProstateX-0009", "no_image"),
    ]
    assert_case(output, "prostatex", "ProstateX-0004", ramp(4), zones())


@pytest.mark.parametrize("missing", [1, 4])
def test_a_series_with_a_missing_slice_is_not_stacked(tmp_path: Path, missing: int) -> None:
    source, output = tmp_path / "original", tmp_path / "out"
    for name, leave_out in (("whole", None), ("gap", missing)):
        for folder, content in (("T2W", ramp(1)), ("GT/prostate", GLAND)):
            save_series(source / "GE" / name / folder, content, name, leave_out=leave_out)
    result = prepare_miniature("i2cvb", source, output)
    assert left_out(result) == [("i2cvb-ge", "gap", "incomplete")]
