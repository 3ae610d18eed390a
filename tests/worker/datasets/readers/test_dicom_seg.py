"""DICOM segmentations, made by highdicom, on the images that they were made of and on others."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from highdicom.seg import SegmentationTypeValues
from pydicom.uid import generate_uid

from tests.worker.datasets.readers.medical_files import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    ct_series,
    ct_slice,
    save,
    segmentation,
    write_series,
)
from worker.datasets.readers import NamedMask, Undecodable, WrongGeometry, content_sha256, read_image, read_mask

#: Each voxel's value names it.
VOXELS = np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6)
GLAND = np.zeros(VOXELS.shape, bool)
GLAND[1:3, 1:4, 2:5] = True
LESION = np.zeros(VOXELS.shape, bool)
LESION[2, 2:, 3:] = True


def _planes(mask: object) -> dict[str, np.ndarray]:
    assert isinstance(mask, NamedMask)
    return dict(mask.planes)


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, SAGITTAL, (0.6, 0.8, 0, -0.8, 0.6, 0)])
@pytest.mark.parametrize("kind", [SegmentationTypeValues.BINARY, SegmentationTypeValues.FRACTIONAL])
def test_overlapping_segments_lie_on_their_image(
    tmp_path: Path, orientation: tuple[float, ...], kind: SegmentationTypeValues
) -> None:
    series = ct_series(VOXELS, orientation, RescaleIntercept=0)
    write_series(tmp_path / "a", series)
    save(segmentation(series, {"gland": GLAND, "lesion": LESION}, kind), tmp_path / "m.dcm")
    image = read_image(tmp_path, "a", 3)
    mask = read_mask(tmp_path, "m.dcm", image)
    planes = _planes(mask)
    assert list(planes) == ["gland", "lesion"]
    for name, expected in (("gland", GLAND), ("lesion", LESION)):
        assert sorted(image.pixels[..., 0][planes[name]]) == list(VOXELS[expected])
    assert (planes["gland"] & planes["lesion"]).sum() == (GLAND & LESION).sum() > 0
    assert mask.sha256 == content_sha256(tmp_path, "m.dcm")


def test_label_maps(tmp_path: Path) -> None:
    series = ct_series(VOXELS)
    write_series(tmp_path / "a", series)
    only_lesion = LESION & ~GLAND
    save(
        segmentation(series, {"gland": GLAND, "lesion": only_lesion}, SegmentationTypeValues.LABELMAP),
        tmp_path / "m.dcm",
    )
    planes = _planes(read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a", 3)))
    assert np.array_equal(planes["gland"], GLAND)
    assert np.array_equal(planes["lesion"], only_lesion)


def test_half_and_more_of_a_fraction_is_inside(tmp_path: Path) -> None:
    """MaximumFractionalValue is 255: 0.5 is stored as 128, 0.49 as 125, and half is 127.5."""
    series = ct_series(VOXELS)
    write_series(tmp_path / "a", series)
    shares = np.zeros(VOXELS.shape, np.float32)
    shares[1, 1, :4] = (0.49, 0.5, 0.51, 1.0)
    save(segmentation(series, {"gland": shares}, SegmentationTypeValues.FRACTIONAL), tmp_path / "m.dcm")
    planes = _planes(read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a", 3)))
    assert np.argwhere(planes["gland"]).tolist() == [[1, 1, 1], [1, 1, 2], [1, 1, 3]]


def test_segments_of_one_name_are_united_and_empty_ones_stay(tmp_path: Path) -> None:
    series = ct_series(VOXELS)
    write_series(tmp_path / "a", series)
    written = segmentation(series, {"gland": GLAND, "lesion": LESION, "none": np.zeros(VOXELS.shape, bool)})
    written.SegmentSequence[1].SegmentLabel = "gland"
    save(written, tmp_path / "m.dcm")
    planes = _planes(read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a", 3)))
    assert np.array_equal(planes["gland"], GLAND | LESION)
    assert not planes["none"].any()


def test_a_segmentation_lies_on_the_nifti_of_its_image(tmp_path: Path) -> None:
    series = ct_series(VOXELS, CORONAL, RescaleIntercept=0)
    write_series(tmp_path / "a", series)
    files = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "a"))
    sitk.WriteImage(sitk.ReadImage(files), tmp_path / "a.nii.gz")
    save(segmentation(series, {"gland": GLAND}), tmp_path / "m.dcm")
    image = read_image(tmp_path, "a.nii.gz", 3)
    planes = _planes(read_mask(tmp_path, "m.dcm", image))
    assert sorted(image.pixels[..., 0][planes["gland"]]) == list(VOXELS[GLAND])


def test_a_picture_takes_the_frame_of_its_slice(tmp_path: Path) -> None:
    series = ct_series(VOXELS)
    save(series[2], tmp_path / "a.dcm")
    save(segmentation(series, {"gland": GLAND, "lesion": LESION}), tmp_path / "m.dcm")
    planes = _planes(read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a.dcm", 2)))
    assert np.array_equal(planes["gland"], GLAND[2])
    assert np.array_equal(planes["lesion"], LESION[2])


def test_a_picture_without_position_is_named_by_its_uid(tmp_path: Path) -> None:
    series = ct_series(VOXELS[:1])
    written = segmentation(series, {"gland": GLAND[1:2]})
    for groups in written.PerFrameFunctionalGroupsSequence:
        del groups.PlanePositionSequence
    del written.FrameOfReferenceUID
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID"):
        delattr(series[0], keyword)
    save(series[0], tmp_path / "a.dcm")
    save(written, tmp_path / "m.dcm")
    planes = _planes(read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a.dcm", 2)))
    assert np.array_equal(planes["gland"], GLAND[1])
    series[0].SOPInstanceUID = generate_uid()
    save(series[0], tmp_path / "b.dcm")
    with pytest.raises(WrongGeometry, match=r"does not name its image \(SOPInstanceUID\)"):
        read_mask(tmp_path, "m.dcm", read_image(tmp_path, "b.dcm", 2))


def _refused(tmp_path: Path, image: list[pydicom.Dataset], reason: str) -> None:
    write_series(tmp_path / "b", image)
    save(segmentation(ct_series(VOXELS), {"gland": GLAND}), tmp_path / "m.dcm")
    with pytest.raises(WrongGeometry, match=reason):
        read_mask(tmp_path, "m.dcm", read_image(tmp_path, "b", 3))


def test_other_images_are_refused(tmp_path: Path) -> None:
    other = generate_uid()
    _refused(tmp_path / "1", ct_series(VOXELS, FrameOfReferenceUID=other), r"\(FrameOfReferenceUID\): pair it with")
    _refused(tmp_path / "2", ct_series(VOXELS, PixelSpacing=[0.5, 0.5]), "on another grid than its image")
    _refused(tmp_path / "3", ct_series(VOXELS, spacing=3.0), "on another grid than its image")
    _refused(tmp_path / "4", ct_series(VOXELS[:2]), "beyond its image of 6 x 5 x 2 voxels")


def test_images_without_position_and_segmentations_as_images_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VOXELS)
    save(segmentation(ct_series(VOXELS), {"gland": GLAND}), tmp_path / "m.dcm")
    with pytest.raises(WrongGeometry, match="the image says nothing of position: use the DICOM or NIfTI image"):
        read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a.npy", 3))
    with pytest.raises(Undecodable, match="holds a DICOM segmentation, no image"):
        read_image(tmp_path, "m.dcm", 3)
    save(ct_slice(VOXELS[0], (0, 0, 0)), tmp_path / "a.dcm")
    assert read_image(tmp_path, "a.dcm", 2).pixels.shape == (5, 6, 1)
