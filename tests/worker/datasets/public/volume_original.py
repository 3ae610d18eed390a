"""Miniatures of volumes: one box in a ramp of 6 x 8 x 10 voxels, in each format of the originals."""

from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import highdicom
import numpy as np
import pydicom
import SimpleITK
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

SHAPE = (6, 8, 10)
SPACING = (0.5, 0.75, 3.0)
ORIGIN = (-20.0, -30.0, 40.0)


def ramp(seed: int = 0) -> np.ndarray:
    """[D, H, W], different for each seed."""
    return (np.arange(np.prod(SHAPE)).reshape(SHAPE) + 1000 * seed).astype(np.int16)


def zones(rim: int = 1, core: int = 2) -> np.ndarray:
    """[D, H, W]: 4 x 4 x 6 = 96 voxels, of which 2 x 2 x 4 = 16 are the core."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1:5, 2:6, 2:8] = rim
    labels[2:4, 3:5, 3:7] = core
    return labels


def volume(voxels: np.ndarray, spacing: Sequence[float] = SPACING) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing(tuple(spacing))
    image.SetOrigin(ORIGIN)
    return image


def save_volume(path: Path, voxels: np.ndarray, spacing: Sequence[float] = SPACING) -> Path:
    return write(path, volume(voxels, spacing))


def write(path: Path, image: SimpleITK.Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image, path)
    return path


def save_frames(path: Path, frames: Sequence[np.ndarray]) -> Path:
    """4D: the frames along the fourth axis."""
    return write(path, SimpleITK.JoinSeries([volume(frame) for frame in frames]))


def save_series(folder: Path, voxels: np.ndarray, patient: str, leave_out: int | None = None) -> list[pydicom.Dataset]:
    """One MR file a slice, from head to foot and with names that do not tell the order. leave_out: a missing slice."""
    folder.mkdir(parents=True, exist_ok=True)
    series_uid = f"1.2.826.0.1.{crc32(str(folder).encode())}"
    slices = []
    for position in reversed(range(len(voxels))):
        header = _slice_header(patient, series_uid, position)
        header.set_pixel_data(np.ascontiguousarray(voxels[position]).astype(np.uint16), "MONOCHROME2", 16)
        if position != leave_out:
            name = f"{(position * 5) % 7}.dcm"
            header.save_as(folder / name, enforce_file_format=True)
            slices.append(header)
    return slices


def _slice_header(patient: str, series_uid: str, position: int) -> pydicom.Dataset:
    header = pydicom.Dataset()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID = MRImageStorage
    header.SOPInstanceUID = f"{series_uid}.{position + 1}"
    header.SeriesInstanceUID, header.StudyInstanceUID = series_uid, f"{series_uid}.100"
    header.FrameOfReferenceUID = f"{series_uid}.200"
    header.PatientID, header.PatientName = patient, f"{patient}^"
    header.PatientBirthDate = header.PatientSex = header.AccessionNumber = header.StudyID = ""
    header.StudyDate, header.StudyTime, header.ReferringPhysicianName = "20200101", "120000", ""
    header.Modality, header.SeriesNumber, header.InstanceNumber = "MR", 1, position + 1
    header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    header.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + position * SPACING[2]]
    header.PixelSpacing, header.SliceThickness = [SPACING[1], SPACING[0]], SPACING[2]
    return header


def save_segmentation(path: Path, source: list[pydicom.Dataset], labels: np.ndarray, names: Sequence[str]) -> Path:
    """A DICOM segmentation of a series; `labels` [D, H, W] holds 1 for the first name, and so on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = sorted(source, key=lambda header: header.InstanceNumber)
    descriptions = [
        highdicom.seg.SegmentDescription(number, name, codes.SCT.Organ, codes.SCT.Prostate, "MANUAL")
        for number, name in enumerate(names, start=1)
    ]
    segmentation = highdicom.seg.Segmentation(
        source_images=ordered,
        pixel_array=labels,
        segmentation_type="BINARY",
        segment_descriptions=descriptions,
        series_instance_uid=f"{ordered[0].SeriesInstanceUID}.300",
        series_number=2,
        sop_instance_uid=f"{ordered[0].SeriesInstanceUID}.301",
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="1",
    )
    segmentation.save_as(path)
    return path


def prepared(output: Path, site: str, name: str) -> tuple[SimpleITK.Image, SimpleITK.Image]:
    """The image and the mask that a preparation wrote."""
    first, second = (SimpleITK.ReadImage(output / site / kind / f"{name}.nii.gz") for kind in ("images", "masks"))
    return first, second


def voxels(image: SimpleITK.Image) -> np.ndarray:
    return SimpleITK.GetArrayFromImage(image)
