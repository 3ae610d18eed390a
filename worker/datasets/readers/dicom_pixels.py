"""The pixels of DICOM objects with pydicom: decompressed, as colours, rescaled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array

from worker.datasets.readers.dicom_files import DECODER_ERRORS, Dataset, find
from worker.datasets.readers.errors import Undecodable, WrongChannels, damage_as_undecodable
from worker.datasets.readers.values import as_known_type, require_size, rescaled


def decode_frames(dataset: Dataset) -> NDArray[Any]:
    """[F, H, W, C] of one object: each frame after its rescale, in colour as RGB.

    MONOCHROME1, where large values are dark, is turned round, so that large is bright in every image.
    Raises Undecodable or WrongChannels.
    """
    num_frames = int(dataset.get("NumberOfFrames") or 1)
    channels = int(dataset.get("SamplesPerPixel") or 1)
    with damage_as_undecodable(DECODER_ERRORS):
        shape = (num_frames, int(dataset.Rows), int(dataset.Columns), channels)
        require_size(shape, max(1, int(dataset.get("BitsAllocated") or 8) // 8))
        _require_decoder(dataset)
        frames = pixel_array(dataset).reshape(shape)
        if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
            frames = apply_color_lut(frames[..., 0], dataset)
        if frames.shape[-1] not in (1, 3):
            raise WrongChannels(f"has {frames.shape[-1]} channels: save it as grey or RGB")
        if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
            frames = _turned_round(frames, dataset)
        return as_known_type(_rescaled_frames(frames, dataset))


def _require_decoder(dataset: Dataset) -> None:
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not syntax.is_deflated and not get_decoder(syntax).is_available:
        raise Undecodable(f"is compressed as {syntax.name}, which is not read here: decompress it (gdcmconv --raw)")


def _turned_round(frames: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Of stored values: the largest value that BitsStored allows becomes the smallest."""
    bits = int(dataset.BitsStored)
    if int(dataset.PixelRepresentation) == 1:
        return -1 - frames  # of the range -2^(bits-1) to 2^(bits-1) - 1
    return np.asarray(frames.dtype.type(2**bits - 1) - frames)


def _rescaled_frames(frames: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    if "ModalityLUTSequence" in dataset:
        return np.asarray(apply_modality_lut(frames, dataset))
    scales = [
        tuple(
            float(default if value is None else value)
            for default, value in (
                (1, find(dataset, frame, "PixelValueTransformationSequence", "RescaleSlope")),
                (0, find(dataset, frame, "PixelValueTransformationSequence", "RescaleIntercept")),
            )
        )
        for frame in range(len(frames))
    ]
    if len(set(scales)) == 1:
        return rescaled(frames, *scales[0])
    return np.stack([rescaled(frame, *scale).astype(np.float32) for frame, scale in zip(frames, scales, strict=True)])
