"""Small real files of scanners and of other libraries' test data, where they are on this machine."""

from contextlib import suppress
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from highdicom.seg import segread

from worker.datasets.files import UnsafeFile
from worker.datasets.readers import (
    CannotRead,
    LabelMask,
    NamedMask,
    Undecodable,
    WrongDimensions,
    WrongGeometry,
    read_image,
    read_mask,
)

REPOSITORY = Path(__file__).parents[4]
FILES = REPOSITORY.parent / "shared" / "data" / "importer"
pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason=f"no real files at {FILES}")

VOLUMES = {
    "monai/anatomical.nii": ((25, 41, 33), (2.0, 2.0, 2.0)),
    "monai/reoriented_anat_moved.nii": ((22, 26, 21), (4.0, 4.0, 4.0)),
    "niivue/FLAIR.nii.gz": ((140, 160, 124), (1.0, 1.0, 1.0)),
    "niivue/FLAIR.nrrd": ((140, 160, 124), (1.0, 1.0, 1.0)),
    "niivue/hippo.nii.gz": ((91, 109, 91), (2.0, 2.0, 2.0)),
    "niivue/mha.mha": ((37, 64, 64), (3.8, 3.4375, 3.4375)),
    "niivue/minimal.nii.gz": ((10, 64, 64), (3.0, 3.0, 3.0)),
    "nnunet/example_ct_sm.nii.gz": ((30, 101, 122), (3.0, 3.0, 3.0)),
    "niivue/enh.dcm": ((6, 64, 64), (2.4, 3.375, 3.375)),
    "pydicom/CT5N_series": ((5, 16, 16), (2.5, 0.488281, 0.488281)),
}
PICTURES = {
    "dicompyler_core/ct.0.dcm": ((512, 512, 1), (1.074219, 1.074219)),
    "highdicom/dx_image.dcm": ((169, 211, 1), (1.2, 1.2012)),
    "pydicom/JPEG2000.dcm": ((1024, 256, 1), (2.26, 2.26)),
    "pydicom/examples_rgb_color.dcm": ((240, 320, 3), None),
    "pydicom/MR_small_RLE.dcm": ((64, 64, 1), (0.3125, 0.3125)),
}
REFUSED = {
    "dicompyler_core/rtplan.dcm": (Undecodable, r"DICOM object without pixels \(RT Plan Storage\)"),
    "highdicom/sr_document.dcm": (Undecodable, r"DICOM object without pixels \(Comprehensive 3D SR Storage\)"),
    "highdicom/seg_image_ct_binary.dcm": (Undecodable, "holds a DICOM segmentation, no image"),
    "nibabel/functional.nii": (WrongDimensions, r"\(17 x 21 x 3 x 20\), several volumes in one file"),
    "nibabel/nifti1.hdr": (UnsafeFile, "is a header without its data"),
    "nibabel/minc1_1_scale.mnc": (UnsafeFile, "is not called a PNG"),
    "pydicom/rtdose.dcm": (Undecodable, "holds 15 frames or slices without a position"),
    "pydicom/CT2_series": (Undecodable, "lacks slices, .* 202.5 mm between 17106 and 17136, elsewhere 1.25 mm"),
    "pydicom/MR700_series": (Undecodable, "slices of different orientation .*localizers"),
    "pydicom/CT_small.dcm": (WrongDimensions, r"has one slice \(128 x 128 x 1 voxels\), but the task is 3D"),
}


@pytest.mark.parametrize("name", VOLUMES)
def test_volumes(name: str) -> None:
    image = read_image(FILES, name, 3)
    shape, spacing = VOLUMES[name]
    assert image.pixels.shape == (*shape, 1)
    assert image.spacing == pytest.approx(spacing)


@pytest.mark.parametrize("name", [name for name in VOLUMES if name.endswith((".nii", ".nii.gz"))])
def test_nifti_volumes_agree_with_nibabel(name: str) -> None:
    """Every voxel has the value that nibabel gives at the same place in mm."""
    image = read_image(FILES, name, 3)
    original = nib.load(FILES / name)
    assert image.affine is not None
    depth, height, width = image.pixels.shape[:3]
    rng = np.random.default_rng(0)
    index = np.stack([rng.integers(0, length, 500) for length in (width, height, depth)])
    there = np.linalg.inv(original.affine) @ image.affine @ np.vstack([index, np.ones(500)])
    assert np.abs(there - np.round(there)).max() < 1e-3
    x, y, z = np.round(there[:3]).astype(int)
    expected = original.get_fdata()[x, y, z].astype(np.float32)
    assert np.array_equal(image.pixels[index[2], index[1], index[0], 0].astype(np.float32), expected)


@pytest.mark.parametrize("name", ["niivue/FLAIR.nrrd", "niivue/mha.mha"])
def test_volumes_of_itk_agree_with_itk(name: str) -> None:
    expected = sitk.DICOMOrient(sitk.ReadImage(str(FILES / name)), "LPS")
    assert np.array_equal(read_image(FILES, name, 3).pixels[..., 0], sitk.GetArrayFromImage(expected))


def test_two_volumes_in_one_file_are_two_channels() -> None:
    assert read_image(FILES, "nibabel/example4d.nii.gz", 3).pixels.shape == (24, 96, 128, 2)


def test_nrrd_and_nifti_of_one_volume_are_the_same() -> None:
    nrrd, nifti = (read_image(FILES, f"niivue/FLAIR{suffix}", 3) for suffix in (".nrrd", ".nii.gz"))
    assert np.array_equal(nrrd.pixels, nifti.pixels)
    assert nrrd.affine == pytest.approx(nifti.affine, abs=1e-3)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name: str) -> None:
    image = read_image(FILES, name, 2)
    shape, spacing = PICTURES[name]
    assert image.pixels.shape == shape
    assert image.spacing == (None if spacing is None else pytest.approx(spacing))
    assert image.patient == pydicom.dcmread(FILES / name).PatientID


def test_pixels_of_pictures_agree_with_itk() -> None:
    for name in ("dicompyler_core/ct.0.dcm", "pydicom/JPEG2000.dcm", "pydicom/examples_rgb_color.dcm"):
        expected = np.squeeze(sitk.GetArrayFromImage(sitk.ReadImage(str(FILES / name))))
        assert np.array_equal(np.squeeze(read_image(FILES, name, 2).pixels), expected)
    plain, compressed = (read_image(FILES, f"pydicom/{name}.dcm", 2).pixels for name in ("MR_small", "MR_small_RLE"))
    assert np.array_equal(plain, compressed)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_volume_is_refused(name: str) -> None:
    kind, reason = REFUSED[name]
    with pytest.raises(kind, match=reason):
        read_image(FILES, name, 3)


@pytest.mark.parametrize(
    ("image", "mask", "num_voxels"),
    [
        ("monai/anatomical.nii", "monai/anatomical_label.nii.gz", 330),
        ("monai/reoriented_anat_moved.nii", "monai/reoriented_anat_moved_label.nii.gz", 75),
        ("nnunet/example_ct_sm.nii.gz", "nnunet/example_ct_sm_T300_output.nii.gz", 239_392),
        ("niivue/FLAIR.nrrd", "niivue/lesion.nii.gz", 32_481),
    ],
)
def test_label_masks(image: str, mask: str, num_voxels: int) -> None:
    labels = read_mask(FILES, mask, read_image(FILES, image, 3))
    assert isinstance(labels, LabelMask)
    assert int((labels.labels > 0).sum()) == num_voxels == int((nib.load(FILES / mask).get_fdata() > 0).sum())


def test_a_mask_of_another_image_is_refused() -> None:
    image = read_image(FILES, "monai/anatomical.nii", 3)
    with pytest.raises(WrongGeometry, match="has 124 x 160 x 140 voxels, its image 33 x 41 x 25 voxels"):
        read_mask(FILES, "niivue/lesion.nii.gz", image)


def test_a_segmentation_of_one_frame() -> None:
    mask = read_mask(FILES, "highdicom/seg_image_ct_binary_single_frame.dcm",
                     read_image(FILES, "highdicom/ct_image.dcm", 2))  # fmt: skip
    assert isinstance(mask, NamedMask)
    assert list(mask.planes) == ["first segment"]
    expected = pydicom.dcmread(FILES / "highdicom/seg_image_ct_binary_single_frame.dcm").pixel_array
    assert np.array_equal(mask.planes["first segment"], expected == 1)


@pytest.mark.parametrize("kind", ["binary", "binary_fractional", "binary_overlap", "true_fractional"])
def test_segmentations_of_the_adjacent_slices_of_a_series(tmp_path: Path, kind: str) -> None:
    """Three of its four slices are neighbours; the fourth, far away, would make a gap."""
    for name in ("17136", "17166", "17196"):
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "images" / name).write_bytes((FILES / "pydicom/CT2_series" / name).read_bytes())
    source = FILES / f"highdicom/seg_image_ct_{kind}.dcm"
    (tmp_path / "seg.dcm").write_bytes(source.read_bytes())
    image = read_image(tmp_path, "images", 3)
    if kind == "binary_overlap":  # has frames on the fourth slice too
        with pytest.raises(WrongGeometry, match=r"beyond its image|on another grid"):
            read_mask(tmp_path, "seg.dcm", image)
        return
    mask = read_mask(tmp_path, "seg.dcm", image)
    assert isinstance(mask, NamedMask)
    written = segread(source)
    heights = [float(groups.PlanePositionSequence[0].ImagePositionPatient[2])
               for groups in written.PerFrameFunctionalGroupsSequence]  # fmt: skip
    half = 0.5 * float(written.get("MaximumFractionalValue", 1))
    expected = written.pixel_array[np.argsort(heights)] >= half
    assert np.array_equal(mask.planes["first segment"], expected)
    assert expected.any()


def test_a_structure_set_of_a_treatment_plan() -> None:
    """The contour of the body on this slice: its area by the shoelace formula, from the points in the file."""
    image = read_image(FILES, "dicompyler_core/ct.0.dcm", 2)
    mask = read_mask(FILES, "dicompyler_core/rtss.dcm", image)
    assert isinstance(mask, NamedMask)
    assert {"BODY", "Heart", "Lt Lung"} <= set(mask.planes)
    dataset = pydicom.dcmread(FILES / "dicompyler_core/rtss.dcm")
    numbers = {roi.ROIName: roi.ROINumber for roi in dataset.StructureSetROISequence}
    (body,) = (roi for roi in dataset.ROIContourSequence if roi.ReferencedROINumber == numbers["BODY"])
    points = [np.array(contour.ContourData, float).reshape(-1, 3) for contour in body.ContourSequence]
    areas = [
        0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
        for x, y, z in (contour.T for contour in points)
        if abs(z[0] - 168.5593) < 0.5
    ]
    # Four contours side by side, none inside another: their areas add up.
    assert len(areas) == 4
    assert mask.planes["BODY"].sum() * 1.074219**2 == pytest.approx(sum(areas), rel=0.005)
    assert not mask.planes["Heart"].any()


def test_no_file_of_the_collection_raises_anything_else() -> None:
    for line in (FILES / "MANIFEST.tsv").read_text().splitlines():
        name = line.split("\t")[0]
        for dimensions in (2, 3):
            with suppress(CannotRead, UnsafeFile):
                read_image(FILES, name, dimensions)
