"""Masks as a DICOM segmentation (highdicom) that references the images which it was made of."""

import hashlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import highdicom
import numpy as np
import pydicom
from highdicom.color import CIELabColor
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from worker.datasets.readers import looks_like_dicom
from worker.datasets.readers.model import Frame
from worker.datasets.readers.orientation import as_stored
from worker.predicting.terminology import CATEGORY, CodedStructure

_SERIES_NUMBER = 900
#: How far a slice may lie from its voxels, as a share of the distance between slices.
_TOLERANCE = 0.1


def dicom_seg_file(
    mask: NDArray[np.bool_], structures: Sequence[CodedStructure], frame: Frame | None, source: Path, made_by: str
) -> bytes:
    """mask: [S, *space] bool, as the image's pixels lie. source: the DICOM file, or the folder of the series.
    made_by: the model, in a few words.

    The object holds the frames in which some structure is, and all frames where none is anywhere, because an object
    without frames is none. Equal masks of equal images have equal UIDs. Raises ValueError where the images do not say
    where they lie.
    """
    if frame is None or frame.stored_affine is None or frame.frame_of_reference is None:
        raise ValueError(
            "a DICOM segmentation needs a DICOM image that says where it lies (ImagePositionPatient, "
            "FrameOfReferenceUID): take the masks as NIfTI or PNG"
        )
    images = _source_images(source)
    stored = np.stack([as_stored(plane, frame) for plane in mask])
    frames = _frames_of(images, stored, frame.stored_affine)
    seed = f"{made_by}|{[image.SOPInstanceUID for image in images]}|{hashlib.sha256(frames.tobytes()).hexdigest()}"
    with warnings.catch_warnings():
        # It says that nothing was found, which the table of predictions says too.
        warnings.filterwarnings("ignore", message=".*[Ee]ncoding an empty segmentation.*")
        made = highdicom.seg.Segmentation(
            source_images=images,
            pixel_array=frames,
            segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[_description(n, each, made_by) for n, each in enumerate(structures, start=1)],
            series_instance_uid=_uid(f"series|{seed}"),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=_uid(f"instance|{seed}"),
            instance_number=1,
            manufacturer="FedSM Studio",
            manufacturer_model_name="FedSM Studio",
            software_versions="1",
            device_serial_number="0",
            content_label="SEGMENTATION",
            content_description="Predicted by a model of FedSM Studio",
            series_description="FedSM Studio prediction",
            omit_empty_frames=True,
        )
    file = io.BytesIO()
    made.save_as(file)
    return file.getvalue()


def _source_images(source: Path) -> list[Dataset]:
    paths = sorted(path for path in source.iterdir() if looks_like_dicom(path)) if source.is_dir() else [source]
    return [pydicom.dcmread(path) for path in paths]


def _frames_of(images: Sequence[Dataset], stored: NDArray[np.bool_], affine: NDArray[np.float64]) -> NDArray[np.uint8]:
    """[frames, rows, columns, S], in the order of the source's frames. stored: [S, X, Y, Z]."""
    to_voxel = np.linalg.inv(np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)
    planes = []
    for position in (place for image in images for place in _positions(image)):
        x, y, z = (to_voxel @ np.append(position, 1.0))[:3]
        index = round(float(z))
        if max(abs(x), abs(y), abs(z - index)) > _TOLERANCE or not 0 <= index < stored.shape[3]:
            raise ValueError(f"a slice at {position} mm lies outside of the image that was read: give the whole series")
        planes.append(stored[..., index].transpose(2, 1, 0))
    return np.stack(planes).astype(np.uint8)


def _positions(image: Dataset) -> list[list[float]]:
    if "ImagePositionPatient" in image:
        return [[float(value) for value in image.ImagePositionPatient]]
    return [
        [float(value) for value in group.PlanePositionSequence[0].ImagePositionPatient]
        for group in image.PerFrameFunctionalGroupsSequence
    ]


def _description(number: int, structure: CodedStructure, made_by: str) -> highdicom.seg.SegmentDescription:
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=structure.name[:64],
        segmented_property_category=CATEGORY,
        segmented_property_type=structure.code,
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=made_by[:64], version="1", family=codes.DCM.ArtificialIntelligence
        ),
        display_color=CIELabColor.from_rgb(*structure.color),
    )


def _uid(text: str) -> str:
    """A UID of a UUID's form (DICOM PS3.5 B.2) that the text determines."""
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:15])}"
