"""What lies around a network of FedSM Studio: from a file to its input, and from its output to masks of its size.

It needs numpy; Pillow for pictures, nibabel for volumes. Apache-2.0.

`preparation.json` next to it holds the numbers. Legend of shapes: C channels, S structures; `space` is [H, W] of a
picture or [D, H, W] of a volume, in axial slices from foot to head, rows to posterior and columns to the left (LPS).
"""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

PERCENTILES = (0.5, 99.5)
#: NIfTI's codes of units of length, in mm.
UNIT_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
#: What a mask has of the header of its NIfTI image: each program then places both alike.
KEPT = (
    "pixdim", "xyzt_units", "dim_info", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d",
    "qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z",
    "intent_code", "intent_p1", "intent_p2", "intent_p3",
)  # fmt: skip
#: Intents of several values a voxel (matrices, vectors, quaternions, colours), which a mask does not have.
INTENTS_OF_SEVERAL_VALUES = {1004, 1005, 1006, 1007, 1008, 1009, 1010, 2003, 2004}


def load_preparation(folder: Any) -> Any:
    return json.loads((Path(folder) / "preparation.json").read_text(encoding="utf-8"))


def read_image(path: Any, preparation: Any) -> Any:
    """Pixels [*space, C] as stored, spacing in mm (None where unknown), and what `write_masks` needs of the file.

    Raises ValueError for another number of channels than the model takes.
    """
    path = Path(path)
    if preparation["dimensions"] == 2:
        from PIL import Image, ImageOps

        with Image.open(path) as file:
            picture = ImageOps.exif_transpose(file)
            pixels = np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        spacing, place = None, None
    else:
        nibabel: Any = import_module("nibabel")  # it has no annotations

        volume = nibabel.load(path)
        lps = nibabel.orientations.axcodes2ornt(("L", "P", "S"))
        change = nibabel.orientations.ornt_transform(nibabel.orientations.io_orientation(volume.affine), lps)
        stored = np.asarray(volume.dataobj)
        turned = nibabel.orientations.apply_orientation(stored, change)
        pixels = turned.transpose(2, 1, 0)[..., None]
        affine = volume.affine @ nibabel.orientations.inv_ornt_aff(change, stored.shape)
        unit_mm = UNIT_MM.get(int(volume.header["xyzt_units"]) & 7, 1.0) if _is_nifti(nibabel, volume.header) else 1.0
        spacing = tuple(round(float(mm) * unit_mm, 6) for mm in np.linalg.norm(affine[:3, :3], axis=0))[::-1]
        orientation = nibabel.orientations.io_orientation(volume.affine)
        place = {"affine": volume.affine, "orientation": orientation, "header": _mask_header(nibabel, volume.header)}
    if pixels.shape[-1] == 3 and preparation["num_channels"] == 1 and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., :1]
    if pixels.shape[-1] != preparation["num_channels"]:
        raise ValueError(f"{path} has {pixels.shape[-1]} channels, and the model takes {preparation['num_channels']}")
    return pixels, spacing, place


def prepare(pixels: Any, spacing: Any, preparation: Any) -> Any:
    """What the network takes [C, *size], the same in 0 to 1 for the selector, and the selector's numbers of a scan [4]:
    log of the spacing along D, H and W, and of the intensity range. All are float32."""
    planes = np.moveaxis(pixels, -1, 0).astype(np.float32)
    low, high = _bounds(pixels, planes, preparation)
    unit = np.clip(planes / high if low == 0 else (planes - low) / (high - low), 0, 1)
    size = network_size(planes.shape[1:], preparation)
    unit = resize(unit, size)
    image = unit
    if preparation["intensity"] == "standardized":
        source = unit if pixels.ndim == 3 else resize(planes, size)
        axes = tuple(range(1, source.ndim))
        deviation = source.std(axis=axes, keepdims=True, ddof=1)
        image = (source - source.mean(axis=axes, keepdims=True)) / np.maximum(deviation, 1e-6)
    scan = np.array([*np.log(spacing or (1.0, 1.0, 1.0))[-3:], np.log(max(high - low, 1e-6))], dtype=np.float64)
    return image.astype(np.float32), unit.astype(np.float32), scan


def network_size(space: Any, preparation: Any) -> Any:
    """The size at which the network sees an image of this size; a 2D network keeps a volume's number of slices."""
    side = preparation["image_size"]
    if len(space) == 2:
        return (side, side)
    return (preparation["depth"] if preparation["spatial_dims"] == 3 else space[0], side, side)


def masks(probabilities: Any, space: Any) -> Any:
    """Probabilities [S, *size] to masks [S, *space] bool: the probabilities are resized, and then cut at 0.5."""
    return resize(probabilities.astype(np.float32), tuple(space)) > 0.5


def write_masks(masks: Any, place: Any, folder: Any, stem: Any, structures: Any) -> Any:
    """One file a structure: PNG of 0 and 255, or NIfTI of 0 and 1 in the order of voxels of the image's file."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, plane in zip(structures, masks, strict=True):
        word = name.replace(" ", "-").replace("/", "-").replace("\\", "-")
        if place is None:
            from PIL import Image

            written.append(folder / f"{stem}.{word}.png")
            Image.fromarray(plane.astype(np.uint8) * 255).save(written[-1])
        else:
            nibabel: Any = import_module("nibabel")

            lps = nibabel.orientations.axcodes2ornt(("L", "P", "S"))
            back = nibabel.orientations.ornt_transform(lps, place["orientation"])
            voxels = nibabel.orientations.apply_orientation(plane.transpose(2, 1, 0), back).astype(np.uint8)
            written.append(folder / f"{stem}.{word}.nii.gz")
            affine = place["affine"] if place["header"] is None else None
            nibabel.save(nibabel.Nifti1Image(voxels, affine, place["header"]), written[-1])
    return written


def _is_nifti(nibabel: Any, header: Any) -> bool:
    return isinstance(header, nibabel.Nifti1Header)  # NIfTI-2's is one too


def _mask_header(nibabel: Any, of_image: Any) -> Any:
    """The header of the masks of a NIfTI image: its geometry, units and intent, without its time, values and texts.

    None for an image of another format, whose affine is all that a mask can have.
    """
    if not _is_nifti(nibabel, of_image):
        return None
    header = nibabel.Nifti1Header()
    has_intent = int(of_image["intent_code"]) not in INTENTS_OF_SEVERAL_VALUES
    for name in KEPT:
        if has_intent or not name.startswith("intent"):
            header[name] = of_image[name]
    header["pixdim"][4:] = 1.0
    header.set_data_dtype(np.uint8)
    return header


def stem_of(path: Any) -> Any:
    name = Path(path).name
    return name[: -len(".nii.gz")] if name.lower().endswith(".nii.gz") else Path(name).stem


def main(segment: Any, folder: Any) -> None:
    """The command of a form: masks of the images that are named, and a line of JSON for each.

    segment: from image [C, *size], unit image, scan, preparation, and the model that takes the choice's place or None,
    to probabilities [S, *size], the model's name and the selector's probabilities of the sites, or None.
    """
    parser = argparse.ArgumentParser(description="Masks of images by a model of FedSM Studio.")
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("masks"))
    parser.add_argument(
        "--model", action="append", help="in place of the choice, as personalized/north; each has a folder in DIR"
    )
    arguments = parser.parse_args()
    preparation = load_preparation(folder)
    for model in arguments.model or [None]:
        out = arguments.out if model is None else arguments.out / model.replace("/", "_")
        taken = set()
        for path in arguments.images:
            stem, number = stem_of(path), 2
            while stem in taken:  # of images of one name in several folders
                stem, number = f"{stem_of(path)}-{number}", number + 1
            taken.add(stem)
            pixels, spacing, place = read_image(path, preparation)
            image, unit, scan = prepare(pixels, spacing, preparation)
            probabilities, chosen, of_sites = segment(image, unit, scan, preparation, model)
            found = masks(probabilities, pixels.shape[:-1])
            written = write_masks(found, place, out, stem, preparation["structures"])
            line = {"image": str(path), "chosen": chosen, "masks": [str(file) for file in written]}
            of_sites = None if of_sites is None else [float(value) for value in of_sites]
            sys.stdout.write(json.dumps(line | {"site_probabilities": of_sites}) + "\n")
            sys.stdout.flush()


def network_batch(image: Any, preparation: Any) -> Any:
    """What the network takes [B, C, *space]: a volume's slices are a batch of pictures to a 2D network."""
    is_stack = image.ndim - 1 > preparation["spatial_dims"]
    return np.ascontiguousarray(image.swapaxes(0, 1) if is_stack else image[None])


def from_batch(probabilities: Any, preparation: Any) -> Any:
    """The inverse: [S, *size]."""
    is_stack = preparation["dimensions"] > preparation["spatial_dims"]
    return probabilities.swapaxes(0, 1) if is_stack else probabilities[0]


def selector_batch(unit: Any) -> Any:
    """What the selector takes: the picture, or all slices of the volume [D, C, H, W]."""
    return np.ascontiguousarray(unit[None] if unit.ndim == 3 else unit.swapaxes(0, 1))


def chosen_model(probabilities: Any, preparation: Any) -> Any:
    """The file stem of the model for one image: that of the most probable site where its probability is above gamma,
    else the global one. Ties go to the first site."""
    if probabilities is None:
        return preparation["models"][0]
    best = int(np.argmax(probabilities))
    above = probabilities[best] > preparation["gamma"]
    return f"personalized/{preparation['sites'][best]}" if above else "global"


def resize(planes: Any, size: Any) -> Any:
    """[N, *space] to [N, *size], linear: in the plane with antialiasing when shrinking, as PyTorch's `interpolate(...,
    antialias=True)`, and then along the depth without."""
    size = tuple(size)
    for axis in range(1, planes.ndim):
        source, target = planes.shape[axis], size[axis - 1]
        if source != target:
            is_depth = planes.ndim == 4 and axis == 1
            matrix = _linear(source, target) if is_depth else _antialiased(source, target)
            planes = np.moveaxis(np.tensordot(matrix, planes, axes=(1, axis)), 0, axis)
    return planes


def _bounds(pixels: Any, planes: Any, preparation: Any) -> Any:
    """The stored values that become 0 and 1."""
    kind = preparation["intensity"]
    if kind == "window":
        return preparation["low"], preparation["high"]
    if pixels.ndim == 3 and kind != "percentile":
        return 0.0, float(np.iinfo(pixels.dtype).max) if np.issubdtype(pixels.dtype, np.integer) else 1.0
    low, high = np.percentile(planes, PERCENTILES)
    return float(low), max(float(high), float(low) + 1e-6)


def _antialiased(source: Any, target: Any) -> Any:
    """[target, source] float32: a triangle as wide as an output pixel, and never narrower than an input pixel."""
    scale = source / target
    support = max(scale, 1.0)
    centers = scale * (np.arange(target)[:, None] + 0.5)
    first = np.maximum(np.floor(centers - support + 0.5), 0)
    last = np.minimum(np.floor(centers + support + 0.5), source)
    places = np.arange(source)[None, :]
    weights = np.maximum(1 - np.abs((places - centers + 0.5) / support), 0)
    weights = np.where((places >= first) & (places < last), weights, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _linear(source: Any, target: Any) -> Any:
    """[target, source] float32: between the two nearest slices."""
    places = np.maximum((np.arange(target) + 0.5) * (source / target) - 0.5, 0)
    first = np.minimum(places.astype(np.int64), source - 1)
    share = places - first
    matrix = np.zeros((target, source))
    np.add.at(matrix, (np.arange(target), first), 1 - share)
    np.add.at(matrix, (np.arange(target), np.minimum(first + 1, source - 1)), share)
    return matrix.astype(np.float32)
