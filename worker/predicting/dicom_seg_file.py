"""Masks as a DICOM segmentation (highdicom) that references the images which it was made of."""

import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import highdicom
import numpy as np
from highdicom.color import CIELabColor
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from worker.datasets.readers.dicom_files import parse
from worker.datasets.readers.model import Frame
from worker.datasets.readers.names import series_files
from worker.datasets.readers.orientation import as_stored
from worker.predicting.terminology import CATEGORY, CodedStructure

_SERIES_NUMBER = 900
#: What every object of a patient has, if only without a value (DICOM PS3.3 C.7.1.1, C.7.2.1); programs that take names
#: away often take the whole element.
_MAY_BE_EMPTY = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID",
                 "StudyDate", "StudyTime")  # fmt: skip
#: How far a slice may lie from its voxels, as a share of the distance between slices.
_TOLERANCE = 0.1


def dicom_seg_file(
    mask: NDArray[np.bool_], structures: Sequence[CodedStructure], frame: Frame | None, source: Path, made_by: str
) -> bytes:
    """mask: [S, *space] bool, as the image's pixels lie. source: the DICOM file, or the folder of the series.
    made_by: the model, in a few words.

    The object holds the frames in which some structure is; where none is anywhere one empty frame a structure, because
    an object without frames is none. Equal masks of equal images have equal UIDs. Raises ValueError where the images do
    not say where they lie, or lack what a segmentation needs.
    """
    if frame is None or frame.stored_affine is None or frame.frame_of_reference is None:
        raise ValueError(
            "a DICOM segmentation needs a DICOM image that says where it lies (ImagePositionPatient, "
            "FrameOfReferenceUID): take the masks as NIfTI or PNG"
        )
    images = _source_images(source)
    stored = np.stack([as_stored(plane, frame) for plane in mask])
    with _said_as_a_problem():
        positions = [place for image in images for place in _positions(image)]
        uids = [image.SOPInstanceUID for image in images]
    frames = _frames_of(positions, stored, frame.stored_affine)
    only: list[highdicom.PlanePositionSequence] | None = None
    if not frames.any():
        frames = frames[:1]
        only = [highdicom.PlanePositionSequence(highdicom.CoordinateSystemNames.PATIENT, positions[0])]
    seed = f"{made_by}|{uids}|{hashlib.sha256(frames.tobytes()).hexdigest()}"
    with warnings.catch_warnings(), _said_as_a_problem():
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
            plane_positions=only,
            omit_empty_frames=only is None,
        )
        file = io.BytesIO()
        made.save_as(file)
    return file.getvalue()


@contextmanager
def _said_as_a_problem() -> Iterator[None]:
    """highdicom asks the source for elements as attributes, and says by many errors what it lacks."""
    try:
        yield
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"the DICOM image lacks what a segmentation of it needs ({error}): take the masks as NIfTI (`--form files`)"
        ) from error


def _source_images(source: Path) -> list[Dataset]:
    """As the reader takes them, with all elements that may be empty and with the direction of the first: between
    classic objects it may differ by rounding."""
    root = source.parent
    names = series_files(root, source.name) if source.is_dir() else [source.name]
    images: list[Dataset] = [parse((root / name).read_bytes()) for name in names]
    for image in images:
        for keyword in _MAY_BE_EMPTY:
            if keyword not in image:
                setattr(image, keyword, "")
        if "ImageOrientationPatient" in image:
            image.ImageOrientationPatient = images[0].ImageOrientationPatient
    return images


def _frames_of(
    positions: Sequence[Sequence[float]], stored: NDArray[np.bool_], affine: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """[frames, rows, columns, S], in the order of the source's frames. stored: [S, X, Y, Z]."""
    to_voxel = np.linalg.inv(np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)
    planes = []
    for position in positions:
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
