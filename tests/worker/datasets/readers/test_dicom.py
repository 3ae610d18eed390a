"""DICOM images: series, enhanced objects, pictures, compression; and what is refused. Orientation: test_orientation."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from pydicom.uid import JPEG2000Lossless, RLELossless, generate_uid

from tests.worker.datasets.readers.medical_files import (
    DX_IMAGE,
    SAGITTAL,
    ULTRASOUND_IMAGE,
    ct_series,
    ct_slice,
    save,
    segmentation,
    write_series,
)
from worker.datasets.files import UnsafeFile
from worker.datasets.readers import (
    LabelMask,
    Undecodable,
    WrongDimensions,
    content_sha256,
    read_image,
    read_mask,
)

VOXELS = np.random.default_rng(0).integers(0, 3000, (5, 6, 7)).astype(np.uint16)
Series = list[pydicom.Dataset]


def test_a_series_is_sorted_by_position_and_rescaled(tmp_path: Path) -> None:
    write_series(tmp_path / "a", ct_series(VOXELS))
    image = read_image(tmp_path, "a", 3)
    assert np.array_equal(image.pixels[..., 0], VOXELS.astype(np.int16) - 1000)
    assert image.pixels.dtype == np.int16
    assert image.spacing == (2.0, 0.5, 0.25)
    assert image.patient == "P-7"


def test_the_hash_of_a_series_does_not_depend_on_names(tmp_path: Path) -> None:
    series = ct_series(VOXELS)
    write_series(tmp_path / "a", series)
    write_series(tmp_path / "b", series[::-1])
    (tmp_path / "b" / "readme.txt").write_text("exported by hand")
    (tmp_path / "b" / "DICOMDIR").write_bytes(b"index")
    assert read_image(tmp_path, "a", 3).sha256 == content_sha256(tmp_path, "a") == content_sha256(tmp_path, "b")
    assert np.array_equal(read_image(tmp_path, "b", 3).pixels, read_image(tmp_path, "a", 3).pixels)
    (tmp_path / "b" / "IM001").unlink()
    assert content_sha256(tmp_path, "b") != content_sha256(tmp_path, "a")


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_slices(tmp_path: Path, syntax: pydicom.uid.UID) -> None:
    series = ct_series(np.random.default_rng(0).integers(0, 3000, (2, 32, 40)).astype(np.uint16))
    expected = [dataset.pixel_array.astype(np.int16) - 1000 for dataset in series]
    for dataset in series:
        if syntax == RLELossless:
            dataset.compress(RLELossless)
            continue
        # Through GDCM, which writes JPEG 2000.
        stored = _by_gdcm(tmp_path / "one.dcm", dataset.pixel_array, "JPEG2000")
        dataset.PixelData = stored.PixelData
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = stored.file_meta.TransferSyntaxUID
        assert dataset.file_meta.TransferSyntaxUID == JPEG2000Lossless
    write_series(tmp_path / "a", series)
    assert np.array_equal(read_image(tmp_path, "a", 3).pixels[..., 0], expected)


def test_lossless_jpeg_which_pydicom_has_no_decoder_for(tmp_path: Path) -> None:
    pixels = (np.random.default_rng(0).integers(0, 4000, (32, 40)) - 1000).astype(np.int16)
    dataset = _by_gdcm(tmp_path / "a.dcm", pixels, "JPEG")
    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.JPEGLosslessSV1
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -7
    dataset.save_as(tmp_path / "a.dcm")
    assert np.array_equal(read_image(tmp_path, "a.dcm", 2).pixels[..., 0], pixels - 7)


def _by_gdcm(path: Path, pixels: np.ndarray, compressor: str) -> pydicom.Dataset:
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetFileName(str(path))
    writer.SetUseCompression(True)
    writer.SetCompressor(compressor)
    writer.Execute(sitk.GetImageFromArray(pixels))
    return pydicom.dcmread(path)


@pytest.mark.parametrize(
    ("slope", "intercept", "dtype"), [(1, -1000, np.int16), (1, 0, np.uint16), (2, 0, np.float32), (1, 0.5, np.float32)]
)
def test_types_after_rescale(tmp_path: Path, slope: float, intercept: float, dtype: type) -> None:
    write_series(tmp_path / "a", ct_series(VOXELS, RescaleSlope=slope, RescaleIntercept=intercept))
    image = read_image(tmp_path, "a", 3)
    assert image.pixels.dtype == dtype
    assert np.array_equal(image.pixels[..., 0], VOXELS * np.float32(slope) + np.float32(intercept))


def test_slices_with_a_slope_each(tmp_path: Path) -> None:
    """As PET has; whole ones of the first slices must not decide the type of the others."""
    series = ct_series(VOXELS, RescaleIntercept=0)
    for number, dataset in enumerate(series):
        dataset.RescaleSlope = 1 if number < 2 else number / 4
    write_series(tmp_path / "a", series)
    slopes = np.array([1, 1, 0.5, 0.75, 1])[:, None, None]
    assert np.array_equal(read_image(tmp_path, "a", 3).pixels[..., 0], (VOXELS * slopes).astype(np.float32))


def _without_one(series: Series) -> None:
    del series[2]


def _doubled_place(series: Series) -> None:
    series[3].ImagePositionPatient = series[2].ImagePositionPatient


def _doubled_object(series: Series) -> None:
    series.append(series[0])


def _other_series(series: Series) -> None:
    series[3].SeriesInstanceUID = generate_uid()


def _other_orientation(series: Series) -> None:
    series[3].ImageOrientationPatient = list(SAGITTAL)


def _other_spacing(series: Series) -> None:
    series[3].PixelSpacing = [1, 1]


def _tilted(series: Series) -> None:
    for number, dataset in enumerate(series):
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, float(y) + 0.5 * number, z]


def _without_position(series: Series) -> None:
    for dataset in series:
        del dataset.ImagePositionPatient


def _one_without_position(series: Series) -> None:
    del series[3].ImagePositionPatient


def _skewed(series: Series) -> None:
    for dataset in series:
        dataset.ImageOrientationPatient = [1, 0, 0, 0.5, 1, 0]


def _without_pixels(series: Series) -> None:
    del series[3].PixelData


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without_one, "lacks slices, or has uneven ones: 4 mm between IM003 and IM002, elsewhere 2 mm"),
        (_doubled_place, r"two slices at one place \(IM00[23] and IM00[23]\).*several times or echoes"),
        (_doubled_object, r"holds one slice twice \(IM001 and IM006\)"),
        (_other_series, "holds 2 series .*keep one series in each folder"),
        (_other_orientation, "slices of different orientation .*localizers"),
        (_other_spacing, "slices of different size or spacing"),
        (_tilted, "slices that shift by 0.5 mm each .tilted gantry"),
        (_without_position, "holds 5 frames or slices without a position"),
        (_one_without_position, "holds IM002 without a position"),
        (_skewed, "not at right angles"),
        (_without_pixels, r"DICOM object without pixels \(CT Image Storage\)"),
    ],
)
def test_series_that_are_no_volume_are_refused(tmp_path: Path, change: Callable[[Series], None], reason: str) -> None:
    series = ct_series(VOXELS)
    change(series)
    write_series(tmp_path / "a", series)
    with pytest.raises(Undecodable, match=reason):
        read_image(tmp_path, "a", 3)


def test_a_picture_next_to_the_slices_is_no_slice(tmp_path: Path) -> None:
    """As with an upload; a slice may have any name, and be called as a picture."""
    write_series(tmp_path / "a", ct_series(VOXELS))
    plain = read_image(tmp_path, "a", 3)
    (tmp_path / "a" / "IM002").rename(tmp_path / "a" / "IM002.png")
    (tmp_path / "a" / "preview.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = read_image(tmp_path, "a", 3)
    assert np.array_equal(found.pixels, plain.pixels)
    assert found.sha256 == plain.sha256


def test_folders_that_are_no_series_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "b", ct_series(VOXELS))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnsafeFile, match="holds the folder b/: put the slices of one series directly into a/"):
        read_image(tmp_path, "a", 3)
    with pytest.raises(UnsafeFile, match="is a folder without any DICOM file"):
        read_image(tmp_path, "empty", 3)
    (tmp_path / "a" / "b" / "IM009").write_bytes(b"no DICOM at all")
    with pytest.raises(Undecodable, match="holds IM009, which is no DICOM file"):
        read_image(tmp_path, "a/b", 3)
    (tmp_path / "a" / "b" / "IM009").unlink()
    (tmp_path / "a" / "b" / "IM009").symlink_to(tmp_path.parent)
    with pytest.raises(UnsafeFile):
        read_image(tmp_path, "a/b", 3)


def test_an_enhanced_object_is_a_volume(tmp_path: Path) -> None:
    """A multi-frame object by highdicom, whose frames are stored from top to bottom."""
    series = ct_series(VOXELS, RescaleIntercept=0)
    labelmap = segmentation(series, {"a": np.ones(VOXELS.shape, bool)})
    enhanced = _enhanced(series, labelmap)
    save(enhanced, tmp_path / "a.dcm")
    image = read_image(tmp_path, "a.dcm", 3)
    assert np.array_equal(image.pixels[..., 0], VOXELS)
    assert image.spacing == (2.0, 0.5, 0.25)
    write_series(tmp_path / "b", series)
    assert image.affine == pytest.approx(read_image(tmp_path, "b", 3).affine)
    with pytest.raises(WrongDimensions, match="is a volume of 7 x 6 x 5 voxels, but the task is 2D"):
        read_image(tmp_path, "a.dcm", 2)


def _enhanced(series: Series, template: pydicom.Dataset) -> pydicom.Dataset:
    """With the functional groups of a segmentation of the same frames."""
    enhanced = ct_slice(VOXELS[0], (0, 0, 0), SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1", RescaleIntercept=0)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(enhanced, keyword)
    frames = sorted(
        template.PerFrameFunctionalGroupsSequence,
        key=lambda groups: -float(groups.PlanePositionSequence[0].ImagePositionPatient[2]),
    )
    enhanced.NumberOfFrames = len(frames)
    enhanced.SharedFunctionalGroupsSequence = template.SharedFunctionalGroupsSequence
    enhanced.PerFrameFunctionalGroupsSequence = frames
    enhanced.PixelData = VOXELS[::-1].tobytes()
    return enhanced


def test_one_slice_is_a_picture(tmp_path: Path) -> None:
    save(ct_slice(VOXELS[0], (0, 0, 0)), tmp_path / "a.dcm")
    image = read_image(tmp_path, "a.dcm", 2)
    assert np.array_equal(image.pixels[..., 0], VOXELS[0].astype(np.int16) - 1000)
    assert image.spacing == (0.5, 0.25)
    assert image.affine is None
    with pytest.raises(WrongDimensions, match=r"has one slice .*but the task is 3D"):
        read_image(tmp_path, "a.dcm", 3)


def test_pictures_without_position(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (6, 7, 3), dtype=np.uint8)
    plain = {"ImagePositionPatient": None, "ImageOrientationPatient": None, "FrameOfReferenceUID": None,
             "RescaleIntercept": 0}  # fmt: skip
    save(ct_slice(colours, (0, 0, 0), SOPClassUID=ULTRASOUND_IMAGE, PixelSpacing=None, **plain), tmp_path / "us.dcm")
    save(ct_slice(VOXELS[0], (0, 0, 0), SOPClassUID=DX_IMAGE, **plain), tmp_path / "dx.dcm")
    ultrasound = read_image(tmp_path, "us.dcm", 2)
    assert np.array_equal(ultrasound.pixels, colours)
    assert ultrasound.spacing is None
    radiograph = read_image(tmp_path, "dx.dcm", 2)
    assert np.array_equal(radiograph.pixels[..., 0], VOXELS[0])
    assert radiograph.spacing == (0.5, 0.25)


def test_large_is_bright_in_either_monochrome(tmp_path: Path) -> None:
    """12 bits: 0 becomes 4095, as viewers show it."""
    for bits, kind in ((12, np.uint16), (16, np.int16)):
        pixels = VOXELS[0].astype(kind)
        save(
            ct_slice(pixels, (0, 0, 0), PhotometricInterpretation="MONOCHROME1", BitsStored=bits, HighBit=bits - 1,
                     RescaleIntercept=0),
            tmp_path / "a.dcm",
        )  # fmt: skip
        expected = 4095 - pixels if kind is np.uint16 else -1 - pixels
        assert np.array_equal(read_image(tmp_path, "a.dcm", 2).pixels[..., 0], expected)


def test_palette_colours(tmp_path: Path) -> None:
    table = np.random.default_rng(0).integers(0, 255, (256, 3)).astype(np.uint8)
    dataset = ct_slice((VOXELS[0] % 256).astype(np.uint8), (0, 0, 0), PhotometricInterpretation="PALETTE COLOR",
                       RescaleSlope=None, RescaleIntercept=None)  # fmt: skip
    for channel, colour in enumerate(("Red", "Green", "Blue")):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 8])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", table[:, channel].tobytes())
    save(dataset, tmp_path / "a.dcm")
    assert np.array_equal(read_image(tmp_path, "a.dcm", 2).pixels, table[VOXELS[0] % 256])


def test_a_series_of_labels_is_a_mask(tmp_path: Path) -> None:
    write_series(tmp_path / "a", ct_series(VOXELS))
    write_series(tmp_path / "m", ct_series(VOXELS % 3, RescaleIntercept=0))
    mask = read_mask(tmp_path, "m", read_image(tmp_path, "a", 3))
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, VOXELS % 3)


def test_files_without_the_preamble_are_read(tmp_path: Path) -> None:
    dataset = ct_slice(VOXELS[0], (0, 0, 0))
    del dataset.file_meta.TransferSyntaxUID
    dataset.save_as(tmp_path / "a.dcm", implicit_vr=True, little_endian=True, enforce_file_format=False)
    data = (tmp_path / "a.dcm").read_bytes()
    assert data[128:132] != b"DICM"
    assert read_image(tmp_path, "a.dcm", 2).pixels.shape == (6, 7, 1)
