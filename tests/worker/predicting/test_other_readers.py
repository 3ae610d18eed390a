"""DICOM segmentations as others' programs see them: dcmqi, which reads them for 3D Slicer, dcmjs, which reads them for
OHIF, and dciodvfy, David Clunie's check of objects against the standard.

The validator of pydicom's makers, dicom-validator, fetches the standard when it starts, so it is none of the tests.
"""

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydicom
import pytest
import SimpleITK

from tests.node import FRONTEND, node
from tests.worker.datasets.readers.medical_files import CORONAL, SAGITTAL, ct_slice, enhanced_ct, save
from tests.worker.predicting.series import write_series
from worker.datasets.readers import Frame, read_image
from worker.datasets.readers.orientation import as_stored
from worker.datasets.viewer_files import OUTLINE_COLORS
from worker.predicting.dicom_seg_file import dicom_seg_file
from worker.predicting.terminology import coded_structures

#: SimpleITK has no type annotations.
sitk: Any = SimpleITK
NAMES = ("prostate", "core")
OBLIQUE = (0.8, 0.6, 0, -0.6, 0.8, 0)
#: Of a millimetre; positions in DICOM are decimal texts.
ROUNDING_MM = 1e-3


def enhanced(folder: Path) -> Path:
    save(enhanced_ct(np.arange(5 * 10 * 7, dtype=np.uint16).reshape(5, 10, 7)), folder / "enhanced.dcm")
    return folder / "enhanced.dcm"


def picture(folder: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (14, 12, 3), dtype=np.uint8)
    save(ct_slice(pixels, (5, -7, 11), RescaleIntercept=0, Modality="XC"), folder / "eye.dcm")
    return folder / "eye.dcm"


SOURCES: dict[str, tuple[Literal[2, 3], Callable[[Path], Path]]] = {
    "axial": (3, lambda folder: write_series(folder / "series")),
    "coronal": (3, lambda folder: write_series(folder / "series", CORONAL)),
    "sagittal": (3, lambda folder: write_series(folder / "series", SAGITTAL)),
    "oblique": (3, lambda folder: write_series(folder / "series", OBLIQUE)),
    "reversed": (3, lambda folder: write_series(folder / "series", step=-3.0)),
    "enhanced": (3, enhanced),
    "picture": (2, picture),
}


def segmentation_of(
    source: Path, dimensions: Literal[2, 3], is_empty: bool, target: Path, overlap: bool = True
) -> list[np.ndarray]:
    """Writes it; gives the places in mm (LPS) [N, 3] of each structure's voxels, as the image's geometry has them."""
    image = read_image(source.parent, source.name, dimensions)
    mask = np.zeros((2, *image.pixels.shape[:-1]), dtype=bool)
    if not is_empty:
        mask[0, ..., 2:9, 3:6] = True
        mask[1, ..., 4:7, 4:6] = True
        if dimensions == 3:
            mask[:, 0] = False  # the planes with a structure are not all
        if not overlap:
            mask[0] &= ~mask[1]
    assert image.frame is not None
    structures = coded_structures(NAMES, OUTLINE_COLORS)
    target.write_bytes(dicom_seg_file(mask, structures, image.frame, source, "fedsm, global"))
    return [places_of(plane, image.frame) for plane in mask]


def places_of(plane: np.ndarray, frame: Frame) -> np.ndarray:
    assert frame.stored_affine is not None
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ frame.stored_affine
    voxels = np.argwhere(as_stored(plane, frame))
    return in_order(voxels @ to_lps[:3, :3].T + to_lps[:3, 3])


def in_order(places: np.ndarray) -> np.ndarray:
    return places[np.lexsort(np.round(places / ROUNDING_MM).T)]


@pytest.mark.skipif(importlib.util.find_spec("dcmqi") is None, reason="dcmqi is installed on Linux on x86-64")
@pytest.mark.parametrize("is_empty", [False, True], ids=["found", "empty"])
@pytest.mark.parametrize("name", SOURCES)
def test_dcmqi_reads_the_same_voxels_names_and_codes(name: str, is_empty: bool, tmp_path: Path) -> None:
    dimensions, write = SOURCES[name]
    places = segmentation_of(write(tmp_path), dimensions, is_empty, tmp_path / "mask.dcm")
    read = tmp_path / "read"
    read.mkdir()
    program = distribution("dcmqi").locate_file("dcmqi/bin/segimage2itkimage")
    command = [str(program), "--inputDICOM", str(tmp_path / "mask.dcm"), "--outputDirectory", str(read), "-t", "nrrd"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for number, expected in enumerate(places, start=1):
        image = sitk.ReadImage(str(read / f"{number}.nrrd"))
        voxels = np.argwhere(sitk.GetArrayFromImage(image) > 0)[:, ::-1].tolist()
        found = [image.TransformIndexToPhysicalPoint(voxel) for voxel in voxels]
        np.testing.assert_allclose(in_order(np.reshape(found, (-1, 3))), expected, atol=ROUNDING_MM)
        assert (len(found) == 0) == is_empty
    said = [segment for (segment,) in json.loads((read / "meta.json").read_text())["segmentAttributes"]]
    assert [segment["SegmentLabel"] for segment in said] == list(NAMES)
    codes = [segment["SegmentedPropertyTypeCodeSequence"]["CodingSchemeDesignator"] for segment in said]
    assert codes == ["SCT", "99FEDSM"]
    for segment, colour in zip(said, OUTLINE_COLORS, strict=False):
        np.testing.assert_allclose(segment["recommendedDisplayRGBValue"], colour, atol=2)  # through CIELab and back


def test_dcmjs_reads_the_same_voxels_and_names(tmp_path: Path) -> None:
    """All in one process of Node.js, with the adapter by which dcmjs gives a viewer the labels of an image's frames."""
    jobs, expected = [], []
    for name, (dimensions, write) in SOURCES.items():
        folder = tmp_path / name
        source = write(folder)
        images = [str(path) for path in (sorted(source.iterdir()) if source.is_dir() else [source])]
        for kind in ("apart", "overlapping", "empty"):
            target = folder / f"{kind}.dcm"
            places = segmentation_of(source, dimensions, kind == "empty", target, kind == "overlapping")
            jobs.append({"segmentation": str(target), "images": images})
            expected.append((f"{name}, {kind}", places))
    done = subprocess.run(
        [node(), "scripts/read-segmentations.mjs"],
        cwd=FRONTEND,
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    read = json.loads(done.stdout)
    for job, found, (name, places) in zip(jobs, read, expected, strict=True):
        assert found["labels"] == list(NAMES), name
        for pixels, plane in zip(found["pixels"], places, strict=True):
            at = [place_of(Path(job["images"][image]), frame, offset) for image, frame, offset in pixels]
            np.testing.assert_allclose(in_order(np.reshape(at, (-1, 3))), plane, atol=ROUNDING_MM, err_msg=name)
            assert (len(at) == 0) == name.endswith("empty"), name


@cache
def header_of(path: Path) -> pydicom.Dataset:
    return pydicom.dcmread(path, stop_before_pixels=True)


def place_of(path: Path, frame: int, offset: int) -> np.ndarray:
    """In mm (LPS), by the image's own header (DICOM PS3.3 C.7.6.2.1.1). offset: of the pixel in the frame."""
    image = header_of(path)
    position, orientation, spacing = image, image, image
    if "PerFrameFunctionalGroupsSequence" in image:
        shared = image.SharedFunctionalGroupsSequence[0]
        position = image.PerFrameFunctionalGroupsSequence[frame].PlanePositionSequence[0]
        orientation, spacing = shared.PlaneOrientationSequence[0], shared.PixelMeasuresSequence[0]
    row, column = divmod(offset, image.Columns)
    right, down = np.reshape(np.array(orientation.ImageOrientationPatient, dtype=float), (2, 3))
    between_rows, between_columns = map(float, spacing.PixelSpacing)
    origin = np.array(position.ImagePositionPatient, dtype=float)
    place: np.ndarray = origin + column * between_columns * right + row * between_rows * down
    return place


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not there: install Debian's dicom3tools")
@pytest.mark.parametrize("is_empty", [False, True], ids=["found", "empty"])
@pytest.mark.parametrize("name", SOURCES)
def test_the_standards_check_finds_no_error(name: str, is_empty: bool, tmp_path: Path) -> None:
    dimensions, write = SOURCES[name]
    segmentation_of(write(tmp_path), dimensions, is_empty, tmp_path / "mask.dcm")
    done = subprocess.run(["dciodvfy", str(tmp_path / "mask.dcm")], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).splitlines()
    assert "Segmentation" in said, "it knows what the object is"
    assert [line for line in said if line.startswith("Error")] == []
    assert done.returncode == 0
