"""Positions and spacings of DICOM slices: rounding is none of their faults, a slice off its line is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from highdicom.seg import SegmentationTypeValues

from tests.worker.datasets.readers.medical_files import (
    CORONAL,
    ct_series,
    enhanced_ct,
    save,
    segmentation,
    write_series,
)
from worker.datasets.readers import NamedMask, Undecodable, WrongGeometry, read_image, read_mask

VOXELS = np.random.default_rng(0).integers(0, 3000, (12, 6, 7)).astype(np.uint16)
Series = list[pydicom.Dataset]


def _read(folder: Path, series: Series) -> tuple[float, ...]:
    write_series(folder / "a", series)
    image = read_image(folder, "a", 3)
    assert np.array_equal(image.pixels[..., 0], VOXELS[: len(series)].astype(np.int16) - 1000)
    assert image.spacing is not None
    return image.spacing


def _move(dataset: pydicom.Dataset, by: Sequence[float]) -> None:
    dataset.ImagePositionPatient = [float(old) + new for old, new in zip(dataset.ImagePositionPatient, by, strict=True)]


@pytest.mark.parametrize("step", [0.625, 0.7, 1.25, 3.27])
def test_positions_may_be_rounded_to_a_tenth_of_a_millimetre(tmp_path: Path, step: float) -> None:
    series = ct_series(VOXELS, spacing=step)
    for dataset in series:
        dataset.ImagePositionPatient = [round(float(mm), 1) for mm in dataset.ImagePositionPatient]
    spacing = _read(tmp_path, series)
    assert spacing[0] == pytest.approx(step, abs=0.1 / 11)
    files = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "a"))
    assert spacing == pytest.approx(sitk.ReadImage(files).GetSpacing()[::-1], abs=1e-5)


def test_a_segmentation_lies_on_slices_with_rounded_positions(tmp_path: Path) -> None:
    series = ct_series(VOXELS, spacing=0.625)
    for dataset in series:
        dataset.ImagePositionPatient = [round(float(mm), 1) for mm in dataset.ImagePositionPatient]
    write_series(tmp_path / "a", series)
    gland = VOXELS > 2000
    written = segmentation(ct_series(VOXELS, spacing=0.625), {"gland": gland})
    for groups in written.PerFrameFunctionalGroupsSequence:
        place = groups.PlanePositionSequence[0]
        place.ImagePositionPatient = [round(float(mm), 1) for mm in place.ImagePositionPatient]
    save(written, tmp_path / "m.dcm")
    mask = read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a", 3))
    assert isinstance(mask, NamedMask)
    assert np.array_equal(mask.planes["gland"], gland)


@pytest.mark.parametrize("by", [1e-7, 1e-4, 2e-3])
def test_spacings_may_be_rounded(tmp_path: Path, by: float) -> None:
    series = ct_series(VOXELS)
    for dataset in series[::2]:
        dataset.PixelSpacing = [0.5 * (1 + by), 0.25]
    assert _read(tmp_path, series) == pytest.approx((2.0, 0.5, 0.25), rel=2 * by)


def test_orientations_may_be_rounded(tmp_path: Path) -> None:
    series = ct_series(VOXELS)
    for dataset in series[::2]:
        dataset.ImageOrientationPatient = [1, 0.0004, 0, -0.0004, 1, 0]
    _read(tmp_path, series)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), CORONAL])
@pytest.mark.parametrize("number", [0, 1, 5, 10, 11])
@pytest.mark.parametrize("count", [4, 12])
def test_one_slice_off_the_line_is_refused(
    tmp_path: Path, orientation: tuple[float, ...], number: int, count: int
) -> None:
    """Within its plane by 0.4 mm, which is more than a pixel, or along the normal by a half of the step."""
    along, across = np.cross(orientation[:3], orientation[3:]), 0.4 * np.array(orientation[:3])
    for part, (by, reason) in enumerate(((across, "do not lie on one line"), (along, "uneven"))):
        series = ct_series(VOXELS[:count], orientation)
        _move(series[number % count], by)
        with pytest.raises(Undecodable, match=reason):
            read_image(_written(tmp_path / str(part), series), "a", 3)


def _written(folder: Path, series: Series) -> Path:
    write_series(folder / "a", series)
    return folder


@pytest.mark.parametrize("count", [3, 4, 5, 11])
def test_a_missing_slice_is_found_wherever_it_is(tmp_path: Path, count: int) -> None:
    for missing in range(1, count):
        series = ct_series(VOXELS[: count + 1])
        del series[missing]
        with pytest.raises(Undecodable, match=r"lacks slices, or has uneven ones: [24] mm between .* elsewhere"):
            read_image(_written(tmp_path / str(missing), series), "a", 3)


def test_the_shifted_slice_is_named(tmp_path: Path) -> None:
    series = ct_series(VOXELS)
    _move(series[4], (25, 0, 0))
    with pytest.raises(Undecodable, match=r"IM008 lies .* mm off it \(ImagePositionPatient\)"):
        read_image(_written(tmp_path, series), "a", 3)


def test_frames_of_an_enhanced_object_are_held_to_the_line_too(tmp_path: Path) -> None:
    enhanced = enhanced_ct(VOXELS)
    save(enhanced, tmp_path / "a.dcm")
    assert np.array_equal(read_image(tmp_path, "a.dcm", 3).pixels[..., 0], VOXELS)
    _move(enhanced.PerFrameFunctionalGroupsSequence[4].PlanePositionSequence[0], (25, 0, 0))
    save(enhanced, tmp_path / "a.dcm")
    with pytest.raises(Undecodable, match=r"frame 5 lies .* mm off it"):
        read_image(tmp_path, "a.dcm", 3)


def _lacking(series: Series, numbers: Sequence[int]) -> Series:
    for number in numbers:
        del series[number].RescaleSlope, series[number].RescaleIntercept
    return series


@pytest.mark.parametrize("numbers", [[0], [5], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]])
def test_some_slices_with_a_rescale_and_others_without_are_refused(tmp_path: Path, numbers: list[int]) -> None:
    series = _lacking(ct_series(VOXELS), numbers)
    with pytest.raises(Undecodable, match=r"holds slices with a rescale \(IM\d+\) and without one \(IM\d+\)"):
        read_image(_written(tmp_path, series), "a", 3)


def test_without_any_rescale_or_beside_one_that_changes_nothing_stored_values_are_used(tmp_path: Path) -> None:
    for name, series in (
        ("none", _lacking(ct_series(VOXELS), range(12))),
        ("some", _lacking(ct_series(VOXELS, RescaleIntercept=0), [3])),
    ):
        image = read_image(_written(tmp_path / name, series), "a", 3)
        assert np.array_equal(image.pixels[..., 0], VOXELS)


def test_frames_with_and_without_a_rescale_are_refused(tmp_path: Path) -> None:
    enhanced = enhanced_ct(VOXELS)
    del enhanced.RescaleSlope, enhanced.RescaleIntercept
    for group in enhanced.PerFrameFunctionalGroupsSequence[:6]:
        values = pydicom.Dataset()
        values.RescaleSlope, values.RescaleIntercept = 1, -1024
        group.PixelValueTransformationSequence = [values]
    save(enhanced, tmp_path / "a.dcm")
    with pytest.raises(Undecodable, match=r"with a rescale \(frame 1\) and without one \(frame 7\)"):
        read_image(tmp_path, "a.dcm", 3)


@pytest.mark.parametrize("is_mask", [False, True])
def test_a_slope_of_zero_is_refused(tmp_path: Path, is_mask: bool) -> None:
    write_series(tmp_path / "a", ct_series(VOXELS))
    write_series(tmp_path / "b", ct_series(VOXELS % 2, RescaleSlope=0, RescaleIntercept=0))
    image = read_image(tmp_path, "a", 3)
    with pytest.raises(Undecodable, match="a RescaleSlope of 0, which makes every voxel 0: export it again"):
        _ = read_mask(tmp_path, "b", image) if is_mask else read_image(tmp_path, "b", 3)


def test_the_background_of_a_label_map_is_no_segment(tmp_path: Path) -> None:
    """As highdicom describes it: segment 0, `Background`; or the value that PixelPaddingValue names."""
    series = ct_series(VOXELS)
    write_series(tmp_path / "a", series)
    gland = VOXELS > 2000
    kind = SegmentationTypeValues.LABELMAP
    written = segmentation(series, {"gland": gland}, kind)
    described = pydicom.Dataset()
    described.update(written.SegmentSequence[0])
    if all(int(segment.SegmentNumber) for segment in written.SegmentSequence):
        described.SegmentNumber, described.SegmentLabel = 0, "Background"
        written.SegmentSequence = [described, *written.SegmentSequence]
    save(written, tmp_path / "m.dcm")
    image = read_image(tmp_path, "a", 3)
    mask = read_mask(tmp_path, "m.dcm", image)
    assert isinstance(mask, NamedMask)
    assert mask.names == ("gland",)
    assert np.array_equal(mask.planes["gland"], gland)
    del written.PixelPaddingValue
    save(written, tmp_path / "m.dcm")
    assert np.array_equal(read_mask(tmp_path, "m.dcm", image).planes["gland"], gland)


def test_ignored_structures_may_lie_anywhere(tmp_path: Path) -> None:
    series = ct_series(VOXELS)
    write_series(tmp_path / "a", series[2:])
    body = np.ones(VOXELS.shape, bool)
    gland = np.zeros(VOXELS.shape, bool)
    gland[4:8, 2:4, 3:5] = True
    save(segmentation(series, {"body": body, "gland": gland}), tmp_path / "m.dcm")
    image = read_image(tmp_path, "a", 3)
    mask = read_mask(tmp_path, "m.dcm", image, lambda name: name == "gland")
    assert isinstance(mask, NamedMask)
    assert mask.names == ("body", "gland")
    assert np.array_equal(mask.planes["gland"], gland[2:])
    with pytest.raises(WrongGeometry, match="beyond its image"):
        read_mask(tmp_path, "m.dcm", image)
