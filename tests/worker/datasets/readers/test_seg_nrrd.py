"""Segmentations of 3D Slicer: structures by the segments' names, wherever their values and layers are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from backend.contracts.datasets import CheckedCase, LabelMap, Reading, SplitFractions
from backend.contracts.task_definition import SegmentationTask, Structure
from worker.datasets.folder import CheckOptions, check_folder
from worker.datasets.readers import NamedMask, Undecodable, WrongGeometry, read_image, read_mask

SHAPE = (4, 5, 6)
GLAND = np.zeros(SHAPE, bool)
GLAND[1:3, 1:4, 1:5] = True
TUMOUR = np.zeros(SHAPE, bool)
TUMOUR[2, 2:4, 3:5] = True
ONLY_GLAND = GLAND & ~TUMOUR
TASK = SegmentationTask(
    modality="MR",
    dimensions=3,
    num_channels=1,
    structures=(Structure(name="gland", label_values=(1,)), Structure(name="tumour", label_values=(2,))),
)


def write_segments(
    path: Path, layers: Sequence[np.ndarray], segments: Sequence[tuple[str, int | None, int | None]]
) -> None:
    """layers: [D, H, W] labels each; segments: name, value, layer, the last two left out where None."""
    voxels = layers[0] if len(layers) == 1 else np.stack(layers, axis=-1)
    image = sitk.GetImageFromArray(voxels.astype(np.uint8), isVector=len(layers) > 1)
    for number, (name, value, layer) in enumerate(segments):
        image.SetMetaData(f"Segment{number}_ID", f"Segment_{number + 1}")
        image.SetMetaData(f"Segment{number}_Name", name)
        if value is not None:
            image.SetMetaData(f"Segment{number}_LabelValue", str(value))
        if layer is not None:
            image.SetMetaData(f"Segment{number}_Layer", str(layer))
    path.parent.mkdir(exist_ok=True)
    sitk.WriteImage(image, path, useCompression=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    voxels = np.random.default_rng(0).integers(0, 500, SHAPE).astype(np.int16)
    sitk.WriteImage(sitk.GetImageFromArray(voxels), tmp_path / "images" / "a.nrrd")
    return tmp_path


def _mask(folder: Path, name: str = "masks/a.seg.nrrd") -> NamedMask:
    mask = read_mask(folder, name, read_image(folder, "images/a.nrrd", 3))
    assert isinstance(mask, NamedMask)
    return mask


@pytest.mark.parametrize("suffix", [".seg.nrrd", ".nrrd", ".seg.nhdr"])
def test_names_decide_and_not_values(folder: Path, suffix: str) -> None:
    write_segments(folder / "masks" / f"a{suffix}", [ONLY_GLAND * 2 + TUMOUR * 1], [("tumour", 1, 0), ("gland", 2, 0)])
    mask = _mask(folder, f"masks/a{suffix}")
    assert mask.names == ("tumour", "gland")
    assert np.array_equal(mask.planes["gland"], ONLY_GLAND)
    assert np.array_equal(mask.planes["tumour"], TUMOUR)


def test_overlapping_segments_have_layers(folder: Path) -> None:
    write_segments(folder / "masks/a.seg.nrrd", [TUMOUR * 3, GLAND * 3], [("gland", 3, 1), ("tumour", 3, 0)])
    mask = _mask(folder)
    assert np.array_equal(mask.planes["gland"], GLAND)
    assert np.array_equal(mask.planes["tumour"], TUMOUR)
    assert (mask.planes["gland"] & mask.planes["tumour"]).sum() == TUMOUR.sum()


def test_old_files_have_a_layer_for_each_segment(folder: Path) -> None:
    write_segments(folder / "masks/a.seg.nrrd", [GLAND, TUMOUR], [("gland", None, None), ("tumour", None, None)])
    mask = _mask(folder)
    assert np.array_equal(mask.planes["gland"], GLAND)
    assert np.array_equal(mask.planes["tumour"], TUMOUR)


def test_segments_of_one_name_are_united(folder: Path) -> None:
    write_segments(folder / "masks/a.seg.nrrd", [ONLY_GLAND * 1 + TUMOUR * 2], [("gland", 1, 0), ("gland", 2, 0)])
    assert np.array_equal(_mask(folder).planes["gland"], GLAND)


def test_more_than_sixteen_layers_are_read(folder: Path) -> None:
    layers = [np.roll(TUMOUR, number, axis=2) for number in range(20)]
    write_segments(folder / "masks/a.seg.nrrd", layers, [(f"part {number}", 1, number) for number in range(20)])
    assert np.array_equal(_mask(folder).planes["part 17"], layers[17])


def test_what_no_segment_describes_is_refused(folder: Path) -> None:
    write_segments(folder / "masks/a.seg.nrrd", [ONLY_GLAND * 1 + TUMOUR * 2], [("gland", 1, 0)])
    with pytest.raises(Undecodable, match=r"holds the value\(s\) 2, which none of its segments has"):
        _mask(folder)
    write_segments(folder / "masks/a.seg.nrrd", [GLAND], [("gland", 1, 3)])
    with pytest.raises(Undecodable, match="names layer 3 for its segment gland, but has 1"):
        _mask(folder)


def test_a_segmentation_elsewhere_is_refused(folder: Path) -> None:
    write_segments(folder / "masks/a.seg.nrrd", [GLAND], [("gland", 1, 0)])
    image = sitk.ReadImage(folder / "images/a.nrrd")
    image.SetOrigin((9, 0, 0))
    sitk.WriteImage(image, folder / "images/a.nrrd")
    with pytest.raises(WrongGeometry, match="9 mm apart"):
        _mask(folder)


def _crop(path: Path, start: tuple[int, int, int], size: tuple[int, int, int]) -> None:
    """As Slicer does: the same file without what is around. x first."""
    image = sitk.ReadImage(path)
    cropped = sitk.RegionOfInterest(image, size, start)
    for key in image.GetMetaDataKeys():
        if key.startswith("Segment"):
            cropped.SetMetaData(key, image.GetMetaData(key))
    sitk.WriteImage(cropped, path)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_segmentation_without_its_surroundings_lies_where_it_says(folder: Path, layers: int) -> None:
    path = folder / "masks/a.seg.nrrd"
    if layers == 1:
        write_segments(path, [ONLY_GLAND * 2 + TUMOUR], [("tumour", 1, 0), ("gland", 2, 0)])
    else:
        write_segments(path, [ONLY_GLAND, TUMOUR], [("gland", 1, 0), ("tumour", 1, 1)])
    _crop(path, (1, 1, 1), (4, 3, 2))
    mask = _mask(folder)
    assert np.array_equal(mask.planes["gland"], ONLY_GLAND)
    assert np.array_equal(mask.planes["tumour"], TUMOUR)
    image = sitk.ReadImage(path)
    for origin, reason in (((1.5, 1, 1), "export both at the same size"), ((4, 1, 1), "export both at the same size")):
        image.SetOrigin(origin)
        sitk.WriteImage(image, path)
        with pytest.raises(WrongGeometry, match=reason):
            _mask(folder)


def _checked(folder: Path, label_map: LabelMap | None = None) -> CheckedCase:
    reading = Reading(label_map=label_map)
    (case,) = check_folder(folder, TASK, SplitFractions(), 0, options=CheckOptions(reading=reading)).cases
    return case


def _sizes(case: CheckedCase) -> dict[str, int]:
    assert case.reason_code is None, case.reason
    return {name: round(share * np.prod(SHAPE)) for name, share in case.structure_shares.items()}


def test_a_data_set_takes_structures_by_name(folder: Path) -> None:
    write_segments(folder / "masks/a.seg.nrrd", [ONLY_GLAND * 2 + TUMOUR], [(" Tumour", 1, 0), ("GLAND", 2, 0)])
    assert _sizes(_checked(folder)) == {"gland": ONLY_GLAND.sum(), "tumour": TUMOUR.sum()}


def test_names_that_the_task_does_not_know_are_refused(folder: Path) -> None:
    write_segments(folder / "masks/a.seg.nrrd", [ONLY_GLAND + TUMOUR * 2], [("gland", 1, 0), ("cyst", 2, 0)])
    case = _checked(folder)
    assert case.reason_code == "unknown_label"
    assert "holds cyst, which no structure is mapped to (the task's structures are gland, tumour)" in str(case.reason)


def test_a_label_map_may_name_segments_or_give_their_values(folder: Path) -> None:
    write_segments(
        folder / "masks/a.seg.nrrd", [ONLY_GLAND * 5 + TUMOUR * 6], [("Segment_1", 5, 0), ("Segment_2", 6, 0)]
    )
    expected = {"gland": ONLY_GLAND.sum(), "tumour": TUMOUR.sum()}
    by_name = {"gland": {"names": ["Segment_1"]}, "tumour": {"names": ["Segment_2"]}}
    by_value = {"gland": {"values": [5]}, "tumour": {"values": [6]}}
    assert _sizes(_checked(folder, LabelMap.model_validate({"structures": by_name}))) == expected
    assert _sizes(_checked(folder, LabelMap.model_validate({"structures": by_value}))) == expected


def test_a_map_of_values_that_contradicts_the_names_is_refused(folder: Path) -> None:
    write_segments(folder / "masks/a.seg.nrrd", [ONLY_GLAND * 2 + TUMOUR], [("tumour", 1, 0), ("gland", 2, 0)])
    case = _checked(
        folder, LabelMap.model_validate({"structures": {"gland": {"values": [1]}, "tumour": {"values": [2]}}})
    )
    assert case.reason_code == "unknown_label"
    assert "names its value(s) 2 gland, and label_map gives gland the value(s) 1" in str(case.reason)
