"""The pixels of DICOM objects with pydicom: decompressed, in colour, and rescaled."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import RLELossless

from worker.datasets.readers.dicom_files import DECODER_ERRORS, Dataset, number_of_frames
from worker.datasets.readers.dicom_rescale import rescale_of
from worker.datasets.readers.dicom_rle import require_expansion_fits
from worker.datasets.readers.errors import Undecodable, WrongChannels, damage_as_undecodable
from worker.datasets.readers.values import as_known_type, rescaled

#: pydicom has no type annotations.
sitk: Any = SimpleITK
_PIXEL_KEYWORDS = ("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows",
                   "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData")  # fmt: skip


def decode_frames(dataset: Dataset) -> NDArray[Any]:
    """[F, H, W, C] of one object: each frame after its rescale, in colour as RGB.

    MONOCHROME1, in which large values are dark, is inverted, so that large is bright in every image. Raises Undecodable
    or WrongChannels.
    """
    num_frames = number_of_frames(dataset)
    channels = int(dataset.get("SamplesPerPixel") or 1)
    with damage_as_undecodable(DECODER_ERRORS):
        shape = (num_frames, int(dataset.Rows), int(dataset.Columns), channels)
        frames = _stored_frames(dataset).reshape(shape)
        if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
            frames = apply_color_lut(frames[..., 0], dataset)
        if frames.shape[-1] not in (1, 3):
            raise WrongChannels(f"has {frames.shape[-1]} channels: save it as grey or RGB")
        if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
            frames = _turned_round(frames, dataset)
        return as_known_type(_rescaled_frames(frames, dataset))


def _stored_frames(dataset: Dataset) -> NDArray[Any]:
    """The frames before any rescale, compressed or not in the object. GDCM may decode what pydicom has no decoder
    for."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax == RLELossless:
        require_expansion_fits(dataset)
    if not syntax.is_compressed or syntax.is_deflated or get_decoder(syntax).is_available:
        return pixel_array(dataset)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pixels.dcm"
        _pixels_only(dataset).save_as(path, enforce_file_format=True)
        try:
            frames: NDArray[Any] = sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="GDCMImageIO"))
        except RuntimeError:
            raise Undecodable(
                f"is compressed as {syntax.name}, and damaged or not readable here: decompress it (gdcmconv --raw)"
            ) from None
        return frames


def _pixels_only(dataset: Dataset) -> Dataset:
    """The object without rescale, which GDCM would apply, and without anything of the patient."""
    bare = pydicom.Dataset()
    bare.file_meta = pydicom.dataset.FileMetaDataset()
    bare.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    bare.SOPClassUID, bare.SOPInstanceUID = pydicom.uid.SecondaryCaptureImageStorage, pydicom.uid.generate_uid()
    for keyword in _PIXEL_KEYWORDS:
        if keyword in dataset:
            bare[keyword] = dataset[keyword]
    return bare


def _turned_round(frames: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """The stored values inverted: the largest value that BitsStored allows becomes the smallest."""
    bits = int(dataset.BitsStored)
    if int(dataset.PixelRepresentation) == 1:
        return -1 - frames  # of the range -2^(bits-1) to 2^(bits-1) - 1
    return np.asarray(frames.dtype.type(2**bits - 1) - frames)


def _rescaled_frames(frames: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    if "ModalityLUTSequence" in dataset:
        return np.asarray(apply_modality_lut(frames, dataset))
    scales = [rescale_of(dataset, frame) or (1.0, 0.0) for frame in range(len(frames))]
    if len(set(scales)) == 1:
        return rescaled(frames, *scales[0])
    return np.stack([rescaled(frame, *scale).astype(np.float32) for frame, scale in zip(frames, scales, strict=True)])
