"""Small files of every format, written by the libraries of the field.

Volumes are given as [D, H, W] in the order that the file is to store: slices, rows, columns.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import nibabel as nib
import numpy as np
import pydicom
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ULTRASOUND_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"
DX_IMAGE = "1.2.840.10008.5.1.4.1.1.1.1"
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
AXIAL = (1, 0, 0, 0, 1, 0)
SAGITTAL = (0, 1, 0, 0, 0, -1)
CORONAL = (1, 0, 0, 0, 0, -1)
FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.8.498.1"


def write_nifti(path: Path, voxels: NDArray[Any], affine: NDArray[Any] | None = None) -> None:
    """voxels: [X, Y, Z, ...], as NIfTI has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(voxels, np.eye(4) if affine is None else affine), path)


def ct_slice(pixels: NDArray[Any], position: Sequence[float], **elements: Any) -> pydicom.Dataset:
    """One classic CT object. Elements replace the usual ones; those that are None are left out."""
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    usual: dict[str, Any] = {
        "SOPClassUID": CT_IMAGE,
        "SOPInstanceUID": generate_uid(),
        "Modality": "CT",
        "PatientID": "P-7",
        "PatientName": "Test^Case",
        "PatientBirthDate": "",
        "PatientSex": "",
        "AccessionNumber": "",
        "StudyID": "1",
        "StudyDate": "",
        "StudyTime": "",
        "ReferringPhysicianName": "",
        "Manufacturer": "",
        "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.2",
        "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.3",
        "FrameOfReferenceUID": FRAME_OF_REFERENCE,
        "SeriesNumber": 1,
        "InstanceNumber": 1,
        "ImagePositionPatient": [float(mm) for mm in position],
        "ImageOrientationPatient": list(AXIAL),
        "PixelSpacing": [0.5, 0.25],
        "SliceThickness": 2.0,
        "SamplesPerPixel": 1 if pixels.ndim == 2 else 3,
        "PhotometricInterpretation": "MONOCHROME2" if pixels.ndim == 2 else "RGB",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": pixels.dtype.itemsize * 8,
        "BitsStored": pixels.dtype.itemsize * 8,
        "HighBit": pixels.dtype.itemsize * 8 - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "RescaleSlope": 1,
        "RescaleIntercept": -1000,
    }
    if pixels.ndim == 3:
        usual["PlanarConfiguration"] = 0
    for keyword, value in {**usual, **elements}.items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW" if pixels.dtype.itemsize > 1 else "OB"
    return dataset


def save(dataset: pydicom.Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def ct_series(
    voxels: NDArray[Any], orientation: Sequence[float] = AXIAL, spacing: float = 2.0, **elements: Any
) -> list[pydicom.Dataset]:
    """voxels: [slices, rows, columns]; slice 0 lies at (-10, -20, 30) mm, the others along the normal."""
    normal = np.cross(orientation[:3], orientation[3:])
    return [
        ct_slice(
            pixels,
            np.array([-10.0, -20.0, 30.0]) + normal * spacing * number,
            ImageOrientationPatient=list(orientation),
            InstanceNumber=number + 1,
            **elements,
        )
        for number, pixels in enumerate(voxels)
    ]


def write_series(folder: Path, datasets: Sequence[pydicom.Dataset]) -> None:
    """Named against their order, so that who sorts by name is wrong."""
    for number, dataset in enumerate(datasets):
        save(dataset, folder / f"IM{len(datasets) - number:03d}")


def segmentation(
    datasets: Sequence[pydicom.Dataset],
    planes: Mapping[str, NDArray[Any]],
    kind: SegmentationTypeValues = SegmentationTypeValues.BINARY,
) -> pydicom.Dataset:
    """Through highdicom. planes: by name [slices, rows, columns], bool, or 0 to 1 for fractional ones."""
    descriptions = [
        SegmentDescription(
            number,
            name,
            codes.cid7150.Tissue,
            codes.cid7150.Tissue,
            SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(planes, start=1)
    ]
    stacked = np.stack(list(planes.values()), axis=-1)
    return Segmentation(
        list(datasets),
        stacked.astype(np.float32 if kind == SegmentationTypeValues.FRACTIONAL else np.uint8),
        kind,
        descriptions,
        series_instance_uid=hd.UID(),
        series_number=2,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="Test",
        manufacturer_model_name="Test",
        software_versions="1",
        device_serial_number="1",
        omit_empty_frames=True,
    )


def enhanced_ct(voxels: NDArray[Any]) -> pydicom.Dataset:
    """One multi-frame object with the functional groups of a segmentation of the same frames."""
    series = ct_series(voxels, RescaleIntercept=0)
    groups = segmentation(series, {"all": np.ones(voxels.shape, bool)})
    enhanced = series[0]
    enhanced.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(enhanced, keyword)
    enhanced.NumberOfFrames = len(voxels)
    enhanced.SharedFunctionalGroupsSequence = groups.SharedFunctionalGroupsSequence
    enhanced.PerFrameFunctionalGroupsSequence = sorted(
        groups.PerFrameFunctionalGroupsSequence,
        key=lambda group: float(group.PlanePositionSequence[0].ImagePositionPatient[2]),
    )
    enhanced.PixelData = voxels.tobytes()
    return enhanced


def structure_set(
    contours: Mapping[str, Sequence[NDArray[Any]]], frame_of_reference: str = FRAME_OF_REFERENCE, **elements: Any
) -> pydicom.Dataset:
    """contours: by name, [N, 3] points in mm (LPS)."""
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = UID(STRUCTURE_SET)
    dataset.SOPInstanceUID = generate_uid()
    dataset.Modality = "RTSTRUCT"
    dataset.PatientID = "P-7"
    reference = pydicom.Dataset()
    reference.FrameOfReferenceUID = frame_of_reference
    dataset.ReferencedFrameOfReferenceSequence = [reference]
    dataset.StructureSetROISequence = []
    dataset.ROIContourSequence = []
    for number, (name, polygons) in enumerate(contours.items(), start=1):
        structure, drawn = pydicom.Dataset(), pydicom.Dataset()
        structure.ROINumber, structure.ROIName = number, name
        structure.ReferencedFrameOfReferenceUID = frame_of_reference
        drawn.ReferencedROINumber = number
        drawn.ContourSequence = []
        for polygon in polygons:
            contour = pydicom.Dataset()
            contour.ContourGeometricType = elements.get("kind", "CLOSED_PLANAR")
            contour.NumberOfContourPoints = len(polygon)
            contour.ContourData = [f"{number:.6g}" for number in polygon.ravel()]
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(structure)
        dataset.ROIContourSequence.append(drawn)
    return dataset
