"""What lies around a network of FedSM Studio: from a file to its input, and from its output to masks of its size.

It needs numpy; Pillow for pictures, nibabel for NIfTI, SimpleITK for DICOM, NRRD and MetaImage. Apache-2.0.

`preparation.json` next to it holds the numbers. Legend of shapes: C channels, S structures; `space` is [H, W] of a
picture or [D, H, W] of a volume, in axial slices from foot to head, rows to posterior and columns to the left (LPS).
"""

import argparse
import itertools
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

PERCENTILES = (0.5, 99.5)
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
ITK = (".nrrd", ".nhdr", ".mha", ".mhd")
#: By one of them a header of NRRD or MetaImage says how large its voxels are.
SPACINGS = (b"space directions", b"spacings", b"elementspacing")
#: DICOM's elements PhotometricInterpretation, ImagePositionPatient, SpacingBetweenSlices and SliceThickness.
COLOURS, POSITION, BETWEEN, THICKNESS = SAID = ("0028|0004", "0020|0032", "0018|0088", "0018|0050")
#: From mm in LPS, as DICOM and ITK have them, to mm in RAS, as NIfTI does.
RAS_OF_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
#: How far a slice may lie off its place, as a share of the distance between slices.
UNEVEN = 0.12
#: Windows in one forward pass.
BATCH = 8
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

    path: a picture, NIfTI, NRRD, MetaImage or DICOM file, or the folder of a DICOM series. Raises ValueError for
    another number of channels than the model takes, and for what would not lie as it was trained.
    """
    path = Path(path)
    if path.suffix.lower() in PICTURES:
        pixels, spacing, place = _picture(path), None, None
        if preparation["dimensions"] == 3:
            raise ValueError(f"{path} is a picture, and the model takes volumes")
    else:
        by_itk = path.is_dir() or path.suffix.lower() in ITK or _is_dicom(path)
        read = _by_itk(path) if by_itk else _by_nibabel(path)
        pixels, spacing, place = _as_seen(path, preparation["dimensions"], *read)
    if pixels.shape[-1] == 3 and preparation["num_channels"] == 1 and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., :1]
    if pixels.shape[-1] != preparation["num_channels"]:
        raise ValueError(f"{path} has {pixels.shape[-1]} channels, and the model takes {preparation['num_channels']}")
    return pixels, spacing, place


def _picture(path: Any) -> Any:
    from PIL import Image, ImageOps

    with Image.open(path) as file:
        picture = ImageOps.exif_transpose(file)
        pixels = np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _by_nibabel(path: Any) -> Any:
    """Voxels [X, Y, Z, C] as stored, their affine to mm in RAS, the mask's header or None, and the number of axes."""
    nibabel: Any = import_module("nibabel")  # it has no annotations

    volume = nibabel.load(path)
    voxels = np.asarray(volume.dataobj)
    num_axes = min(voxels.ndim, 3)
    if voxels.ndim == 5 and voxels.shape[3] == 1:  # NIfTI's own place for several values a voxel
        voxels = voxels[:, :, :, 0]
    voxels = voxels[:, :, None] if voxels.ndim == 2 else voxels
    affine = volume.affine.copy()
    if _is_nifti(nibabel, volume.header):
        affine[:3] *= UNIT_MM.get(int(volume.header["xyzt_units"]) & 7, 1.0)
    return voxels[..., None] if voxels.ndim == 3 else voxels, affine, _mask_header(nibabel, volume.header), num_axes


def _by_itk(path: Any) -> Any:
    """As `_by_nibabel`; the affine is None of a DICOM picture that does not say where it lies."""
    sitk: Any = import_module("SimpleITK")  # it has no annotations

    is_series, is_dicom = path.is_dir(), path.suffix.lower() not in ITK
    reader = sitk.ImageSeriesReader() if is_series else sitk.ImageFileReader()
    if is_series:
        series = reader.GetGDCMSeriesIDs(str(path))
        if len(series) != 1:
            raise ValueError(f"{path} holds {len(series)} DICOM series: keep one in each folder")
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(path), series[0]))
        reader.MetaDataDictionaryArrayUpdateOn()
    else:
        reader.SetFileName(str(path))
    image = reader.Execute()
    if image.GetDimension() != 3 or (is_dicom and not is_series and image.GetDepth() > 1):
        raise ValueError(f"{path} is no volume or slice with a position that is read here: `fedsm predict` may read it")
    if not is_dicom and not any(word in path.read_bytes()[:65536].lower() for word in SPACINGS):
        raise ValueError(f"{path} does not say how large its voxels are: save it with its spacing")
    slices = [(index,) for index in range(image.GetDepth())] if is_series else [()]
    headers = [{key: reader.GetMetaData(*at, key) for key in SAID if reader.HasMetaDataKey(*at, key)} for at in slices]
    if any(said.get(COLOURS, "").strip() == "MONOCHROME1" for said in headers):
        raise ValueError(f"{path} is MONOCHROME1, in which large values are dark: save it as MONOCHROME2")
    array = sitk.GetArrayFromImage(image)
    voxels = (array if image.GetNumberOfComponentsPerPixel() > 1 else array[..., None]).transpose(2, 1, 0, 3)
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    if is_dicom and len(headers) == 1:
        thickness = float(headers[0].get(BETWEEN) or headers[0].get(THICKNESS) or 1)
        affine[:3, 2] *= abs(thickness) / np.linalg.norm(affine[:3, 2])
    if len(headers) > 1:
        affine[:3, 2] = _even_step(path, [said[POSITION] for said in headers], affine[:3, :2])
    return voxels, None if is_dicom and POSITION not in headers[0] else RAS_OF_LPS @ affine, None, 3


def _even_step(path: Any, positions: Any, in_plane: Any) -> Any:
    """From one slice to the next in mm. Raises ValueError where slices are missing, uneven, or shifted by a tilt."""
    places = np.array([[float(number) for number in text.split("\\")] for text in positions])
    step = (places[-1] - places[0]) / (len(places) - 1)
    off = np.abs(places - places[0] - np.arange(len(places))[:, None] * step).max()
    across = np.abs(in_plane.T @ step / np.linalg.norm(in_plane, axis=0)).max()
    length = np.linalg.norm(step)
    if off > UNEVEN * length or across > 0.05 * length:
        raise ValueError(f"{path} lacks slices, or has uneven ones or a tilted gantry: give an upright, whole series")
    return step


def _is_dicom(path: Any) -> Any:
    with open(path, "rb") as file:
        return file.read(132)[128:] == b"DICM"


def _as_seen(path: Any, dimensions: Any, voxels: Any, affine: Any, header: Any, num_axes: Any) -> Any:
    """Pixels, spacing and place of voxels [X, Y, Z, C]: a volume in LPS, or the picture of its only slice."""
    if affine is None:
        return voxels.transpose(2, 1, 0, 3)[0], None, None
    orientations: Any = import_module("nibabel").orientations
    orientation = orientations.io_orientation(affine)
    change = orientations.ornt_transform(orientation, orientations.axcodes2ornt(("L", "P", "S")))
    pixels = orientations.apply_orientation(voxels, change).transpose(2, 1, 0, 3)
    turned = affine @ orientations.inv_ornt_aff(change, voxels.shape[:3])
    spacing = tuple(round(float(mm), 6) for mm in np.linalg.norm(turned[:3, :3], axis=0))[::-1]
    flat = None
    if dimensions == 2:
        flat = next((axis for axis in range(3) if pixels.shape[axis] == 1), None)
        if flat is None:
            raise ValueError(f"{path} is a volume, and the model takes pictures: save its slices")
        pixels = pixels.take(0, axis=flat)
        pixels = pixels if flat == 0 else pixels[::-1]  # superior is up
        spacing = tuple(mm for axis, mm in enumerate(spacing) if axis != flat)
    place = {"affine": affine, "orientation": orientation, "header": header, "flat": flat, "num_axes": num_axes}
    return pixels, spacing, place


def prepare(pixels: Any, spacing: Any, preparation: Any) -> Any:
    """What the network takes [C, *size], the same in 0 to 1 for the selector, and the selector's numbers of a scan [4]:
    log of the spacing along D, H and W, and of the intensity range. All are float32."""
    planes = np.moveaxis(pixels, -1, 0).astype(np.float32)
    low, high = _bounds(pixels, planes, preparation)
    unit = np.clip(planes / high if low == 0 else (planes - low) / (high - low), 0, 1)
    size = network_size(planes.shape[1:], preparation, spacing)
    unit = resize(unit, size)
    image = unit
    if preparation["intensity"] == "standardized":
        source = unit if pixels.ndim == 3 else resize(planes, size)
        axes = tuple(range(1, source.ndim))
        deviation = source.std(axis=axes, keepdims=True, ddof=1)
        image = (source - source.mean(axis=axes, keepdims=True)) / np.maximum(deviation, 1e-6)
    of_scan = spacing if spacing is not None and len(spacing) == 3 else (1.0, 1.0, 1.0)
    scan = np.array([*np.log(of_scan), np.log(max(high - low, 1e-6))], dtype=np.float64)
    return image.astype(np.float32), unit.astype(np.float32), scan


def network_size(space: Any, preparation: Any, spacing: Any = None) -> Any:
    """The size at which the image is held for the network; a 2D network keeps a volume's number of slices.

    It is one size for all images, or, where the model sees patches, the image's own or that of the wanted spacing.
    """
    side, num_dims = preparation["image_size"], preparation["spatial_dims"]
    wanted = preparation["spacing"]
    if preparation["overlap"] is None:
        return (side, side) if len(space) == 2 else (preparation["depth"] if num_dims == 3 else space[0], side, side)
    if wanted is None:
        return tuple(space)
    own = (spacing or (1.0,) * len(space))[-num_dims:]
    sides = zip(space[-num_dims:], own, wanted[-num_dims:], strict=True)
    return (*space[:-num_dims], *(max(round(n * have / want), 1) for n, have, want in sides))


def probabilities_of(network: Any, batch: Any, preparation: Any) -> Any:
    """Probabilities [B, S, *space] of prepared images [B, C, *space]. network: calls the model's graph.

    A graph of whole images gives probabilities. One of patches gives logits: it sees overlapping windows, whose logits
    are averaged with Gaussian weights before the sigmoid, as MONAI's SlidingWindowInferer does.
    """
    if preparation["overlap"] is None:
        return network(batch)
    space, depth = batch.shape[2:], preparation["depth"]
    size = (depth, preparation["image_size"], preparation["image_size"])[-len(space) :]
    short = [max(side - n, 0) for n, side in zip(space, size, strict=True)]
    padded = np.pad(batch, [(0, 0), (0, 0), *((by // 2, by - by // 2) for by in short)])
    corners = itertools.product(*map(_starts, padded.shape[2:], size, [preparation["overlap"]] * len(size)))
    windows: Any = [tuple(slice(at, at + n) for at, n in zip(corner, size, strict=True)) for corner in corners]
    places = [(row, window) for row in range(len(batch)) for window in windows]
    weights, total = _gaussian(size), np.zeros(padded.shape[2:], np.float32)
    summed: Any = None
    for window in windows:
        total[window] += weights
    for first in range(0, len(places), BATCH):
        some = places[first : first + BATCH]
        logits = network(np.stack([padded[(row, slice(None), *window)] for row, window in some]))
        if summed is None:
            summed = np.zeros((len(batch), logits.shape[1], *total.shape), np.float32)
        for (row, window), found in zip(some, logits, strict=True):
            summed[(row, slice(None), *window)] += found * weights
    inside: Any = tuple(slice(by // 2, by // 2 + n) for by, n in zip(short, space, strict=True))
    return 1 / (1 + np.exp(-np.clip((summed / total)[(..., *inside)], -80, 80)))


def _starts(length: Any, side: Any, overlap: Any) -> Any:
    """Of the windows along an axis; the last one ends where the image does."""
    step = max(int(side * (1 - overlap)), 1)
    return [*range(0, length - side, step), length - side]


def _gaussian(size: Any) -> Any:
    """[*size] float32: the product of the axes' curves, whose deviation is an eighth of the side."""
    weights = np.ones(size, dtype=np.float32)
    for axis, side in enumerate(size):
        places = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
        curve = np.exp(places**2 / (-2 * (0.125 * side) ** 2)).astype(np.float32)
        weights = weights * curve.reshape([-1 if other == axis else 1 for other in range(len(size))])
    return np.maximum(weights, max(float(weights.min()), 1e-3))


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
            flat = place["flat"]
            volume = plane if flat is None else np.expand_dims(plane if flat == 0 else plane[::-1], flat)
            voxels = nibabel.orientations.apply_orientation(volume.transpose(2, 1, 0), back).astype(np.uint8)
            voxels = voxels[:, :, 0] if place["num_axes"] == 2 else voxels
            written.append(folder / f"{stem}.{word}.nii.gz")
            mask = nibabel.Nifti1Image(voxels, None if place["header"] else place["affine"], place["header"])
            if place["header"] is None:
                mask.header["xyzt_units"] = 2
                mask.set_sform(place["affine"], 1)
                mask.set_qform(place["affine"], 1)
            nibabel.save(mask, written[-1])
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
