"""Writing one case: lossless, complete or not at all, the same bytes every time."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from fedsm.public_datasets.base import Picture, PublicDataset, SourceCase, Unusable, Volume

IMAGES, MASKS = "images", "masks"
#: Of a photograph, zlib's level 1 takes a fifth of the time of level 6, and the file is a sixth larger.
_QUICKEST, _SMALLEST = 1, 6


def case_paths(output: Path, case: SourceCase, dimensions: Literal[2, 3]) -> tuple[Path, Path]:
    """Of the image and of the mask."""
    suffix = ".png" if dimensions == 2 else ".nii.gz"
    return output / case.site / IMAGES / f"{case.name}{suffix}", output / case.site / MASKS / f"{case.name}{suffix}"


def write_picture(picture: Picture, dataset: PublicDataset, image_path: Path, mask_path: Path) -> None:
    """Raises Unusable where the labels are not the data set's."""
    image, labels = picture.image, picture.labels
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != dataset.num_channels:
        raise ValueError(f"{dataset.name}: read gave an image {image.dtype} {image.shape}, not uint8 [H, W, C]")
    if labels.dtype != np.uint8 or labels.shape != image.shape[:2]:
        raise ValueError(f"{dataset.name}: read gave labels {labels.dtype} {labels.shape} for image {image.shape}")
    _require_known(labels, dataset)
    _write_png(labels, mask_path, _SMALLEST)
    _write_png(image if image.shape[2] == 3 else image[..., 0], image_path, _QUICKEST)


def write_volume(volume: Volume, dataset: PublicDataset, image_path: Path, mask_path: Path) -> None:
    """Raises Unusable where the two grids differ, nothing is outlined, or the labels are not the data set's."""
    sitk = _simpleitk()
    _require_same_grid(volume)
    labels = sitk.GetArrayViewFromImage(volume.labels)
    _require_known(labels, dataset)
    if not labels.any():
        raise Unusable("empty_mask", "the mask outlines nothing")
    # Integers of one byte: what the structures need, and no scaling that a reader could forget to apply.
    mask = sitk.Cast(volume.labels, sitk.sitkUInt8)
    _atomically(mask_path, lambda path: sitk.WriteImage(mask, str(path), useCompression=True))
    _atomically(image_path, lambda path: sitk.WriteImage(volume.image, str(path), useCompression=True))


def write_text(path: Path, text: str) -> None:
    _atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def _simpleitk() -> Any:
    """Imported where volumes are written only; the library's types are incomplete."""
    import SimpleITK

    return SimpleITK


def _write_png(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], path: Path, effort: int) -> None:
    _atomically(path, lambda temporary: Image.fromarray(pixels).save(temporary, format="PNG", compress_level=effort))


def _atomically(path: Path, write: Callable[[Path], object]) -> None:
    """The temporary name keeps the suffix, by which SimpleITK chooses the format, and starts with a dot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    write(temporary)
    os.replace(temporary, path)


def _require_known(labels: np.ndarray[tuple[int, ...], np.dtype[np.integer]], dataset: PublicDataset) -> None:
    unknown = sorted(set(np.unique(labels).tolist()) - dataset.known_label_values)
    if unknown:
        known = ", ".join(map(str, sorted(dataset.known_label_values)))
        shown = ", ".join(map(str, unknown[:8]))
        raise Unusable("unknown_label", f"the mask holds {shown}; the labels of {dataset.title} are {known}")


def _require_same_grid(volume: Volume) -> None:
    image, labels = volume.image, volume.labels
    if image.GetNumberOfComponentsPerPixel() != 1 or labels.GetNumberOfComponentsPerPixel() != 1:
        raise Unusable("unreadable_image", "the volume or its mask has several channels")
    if image.GetSize() != labels.GetSize():
        raise Unusable("size_mismatch", f"the mask is {labels.GetSize()} voxels, the image {image.GetSize()} (x, y, z)")
    if not _close(image, labels):
        raise Unusable("size_mismatch", "the mask has another origin, spacing or direction than the image")


def _close(first: Any, second: Any) -> bool:
    """To a hundredth of the smallest spacing: files round their headers."""
    tolerance = min(first.GetSpacing()) / 100
    return bool(
        np.allclose(first.GetSpacing(), second.GetSpacing(), rtol=0, atol=tolerance)
        and np.allclose(first.GetOrigin(), second.GetOrigin(), rtol=0, atol=tolerance)
        and np.allclose(first.GetDirection(), second.GetDirection(), rtol=0, atol=1e-3)
    )
