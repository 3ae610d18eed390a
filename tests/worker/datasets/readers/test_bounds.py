"""Whatever a header declares is held against the file before any loop or memory: small files that ask for the world.

Each must be refused within a second and with a few megabytes.
"""

import io
import resource
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from tests.worker.datasets.readers.medical_files import (
    ct_series,
    ct_slice,
    save,
    segmentation,
    structure_set,
    write_series,
)
from worker.datasets.files import UnsafeFile
from worker.datasets.readers import CannotRead, Undecodable, dicom_memory, read_image, read_mask, rtstruct
from worker.datasets.readers.dicom_files import parse

VOXELS = np.random.default_rng(0).integers(0, 3000, (4, 6, 8)).astype(np.uint16)
#: Of the processor. Files that were not bounded took it for minutes, or for good.
SOON_SECONDS = 5


def _refused(read: Callable[[], object], reason: str) -> None:
    memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises((CannotRead, UnsafeFile), match=reason):
        read()
    assert time.process_time() - started < SOON_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200 * 1024


def _one_slice(**elements: object) -> pydicom.Dataset:
    return ct_slice(VOXELS[0], (0, 0, 0), **elements)


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"NumberOfFrames": 2_000_000_000}, "says to hold 2000000000 x"),
        ({"NumberOfFrames": 100_000}, r"says to hold 100000 frame\(s\) of 8 x 6 pixels, which its 96 bytes"),
        ({"NumberOfFrames": -5}, "says to have no pixels"),
        ({"Rows": 65535, "Columns": 65535}, "says to hold"),
        ({"Rows": 600, "Columns": 800}, r"says to hold 1 frame\(s\) of 800 x 600 pixels"),
        ({"Rows": 0}, "says to have no pixels"),
        ({"SamplesPerPixel": 65535}, r"says to hold 1 frame|cannot be"),
        ({"BitsAllocated": 0}, "is damaged"),
    ],
)
@pytest.mark.parametrize("in_folder", [False, True])
def test_dicom_images(tmp_path: Path, elements: dict[str, int], reason: str, in_folder: bool) -> None:
    save(_one_slice(**elements), tmp_path / ("a/1.dcm" if in_folder else "a.dcm"))
    _refused(lambda: read_image(tmp_path, "a" if in_folder else "a.dcm", 2), reason)
    _refused(lambda: read_image(tmp_path, "a" if in_folder else "a.dcm", 3), reason)


def test_frames_of_compressed_objects(tmp_path: Path) -> None:
    dataset = _one_slice()
    dataset.compress(RLELossless)
    dataset.NumberOfFrames = 1_000_000
    save(dataset, tmp_path / "a.dcm")
    _refused(lambda: read_image(tmp_path, "a.dcm", 2), r"says to hold 1000000 frame\(s\)")


@pytest.mark.parametrize("num_bytes", [2_000, 8_000_000])
def test_run_lengths_that_expand_beyond_the_pixels(tmp_path: Path, num_bytes: int) -> None:
    """Two bytes stand for 128: 8 MB would be 512 MB for a slice of 48 pixels."""
    dataset = _one_slice()
    dataset.compress(RLELossless)
    header = struct.pack("<16L", 2, 64, 64 + num_bytes, *[0] * 13)
    dataset.PixelData = encapsulate([header + b"\x81\x07" * num_bytes])
    save(dataset, tmp_path / "a.dcm")
    _refused(lambda: read_image(tmp_path, "a.dcm", 2), "run lengths that expand to more than its 8 x 6 pixels")


@pytest.mark.parametrize("num_frames", [2_000_000_000, 100_000, 7])
def test_frames_of_enhanced_objects_and_segmentations(tmp_path: Path, num_frames: int) -> None:
    write_series(tmp_path / "a", ct_series(VOXELS))
    image = read_image(tmp_path, "a", 3)
    written = segmentation(ct_series(VOXELS), {"gland": VOXELS > 100})
    written.NumberOfFrames = num_frames
    save(written, tmp_path / "m.dcm")
    _refused(lambda: read_mask(tmp_path, "m.dcm", image), "says to hold")
    written.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    save(written, tmp_path / "e.dcm")
    _refused(lambda: read_image(tmp_path, "e.dcm", 3), "says to hold")


def test_items_of_sequences() -> None:
    """A million empty items are 8 MB; pydicom makes an object of each."""
    data = _structure_set()
    assert parse(data).Modality == "RTSTRUCT"
    items = b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * 2_000_000
    _refused(lambda: parse(data + items), "holds 200000[0-9] items in its sequences, more than 1533916")


def _structure_set() -> bytes:
    file = io.BytesIO()
    structure_set({"body": [np.zeros((3, 3))]}).save_as(file, enforce_file_format=True)
    return file.getvalue()


def _element(tag: int, vr: bytes, content: bytes = b"", length: int | None = None) -> bytes:
    """Explicit little endian. length: of the content, where it is given by itself."""
    length = len(content) if length is None else length
    of_length = struct.pack("<HI", 0, length) if vr in (b"SQ", b"UN") else struct.pack("<H", length)
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr + of_length + content


def _item(content: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(content)) + content


_EMPTY = b"".join(_element(0x70090000 + number, b"US") for number in range(2000))
_END = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
_ENDLESS = 0xFFFFFFFF


@pytest.mark.parametrize(
    "elements",
    [
        _EMPTY * 4,
        _element(0x70091000, b"SQ", _item(_EMPTY) * 4, _ENDLESS) + _END,
        _element(0x70091000, b"SQ", _item(_EMPTY) * 4),
        _element(0x52009230, b"UN", _item(_EMPTY) * 4),
        _element(0x70091000, b"SQ", _item(_element(0x70091000, b"SQ", _item(_EMPTY) * 4))),
    ],
    ids=["none", "endless sequence", "sequence of stated length", "sequence called unknown", "sequence in a sequence"],
)
def test_elements_that_take_many_times_their_bytes(monkeypatch: pytest.MonkeyPatch, elements: bytes) -> None:
    """8000 elements of 8 bytes take 3 MB: whether pydicom makes objects of them at once or when they are looked at."""
    monkeypatch.setattr(dicom_memory, "_LEFT_FOR_LATER", 1000)
    data = _structure_set()
    parse(data + elements)
    monkeypatch.setattr(dicom_memory, "MAX_BYTES", 2_000_000)
    parse(data)
    _refused(lambda: parse(data + elements), "holds elements and items that take more than 0.00186 GiB of memory")


def _structures(tmp_path: Path, polygons: list[np.ndarray]) -> Callable[[], object]:
    write_series(tmp_path / "a", ct_series(VOXELS))
    save(structure_set({"body": polygons}), tmp_path / "m.dcm")
    image = read_image(tmp_path, "a", 3)
    return lambda: read_mask(tmp_path, "m.dcm", image)


def test_contours_and_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    square = np.array([(-9, -19, 32), (-9, -18, 32), (-8.5, -18, 32), (-8.5, -19, 32)], float)
    read = _structures(tmp_path, [square, square + 0.1, square + 0.2])
    read()
    for limit, value, reason in (
        ("_MAX_CONTOURS", 2, "holds more than 2 contours"),
        ("_MAX_POINTS", 11, "or 11 points: export fewer structures"),
        ("_MAX_POINTS_OF_ONE", 3, "with more than 3 points"),
        ("_MAX_CONTOURS_OF_SLICE", 2, "has more than 2 contours of body on one slice"),
    ):
        with monkeypatch.context() as lower:
            lower.setattr(rtstruct, limit, value)
            _refused(read, reason)


def _written(folder: Path, name: str) -> bytes:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), folder / name, useCompression="z" in Path(name).stem)
    return (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"NDims = 3", b"NDims = 1000000000", "says to have 1000000000 axes"),
        (b"NDims = 3", b"NDims : 1000000000", "says to have 1000000000 axes"),
        (b"NDims = 3", b"NDims = 0", "says to have 0 axes"),
        (b"DimSize = 8 6 4", b"DimSize = 80000 60000 40000", "says to hold 80000 x 60000 x 40000"),
        (b"DimSize = 8 6 4", b"DimSize = 8 -6 4", "without any voxel"),
        (b"ElementType", b"ElementNumberOfChannels = 1000000000\nElementType", "says to hold 8 x 6 x 4 x 1000000000"),
    ],
)
def test_meta_image(tmp_path: Path, old: bytes, new: bytes, reason: str) -> None:
    data = _written(tmp_path, "a.mha")
    assert old in data
    (tmp_path / "a.mha").write_bytes(data.replace(old, new))
    _refused(lambda: read_image(tmp_path, "a.mha", 3), reason)


def test_compressed_meta_image(tmp_path: Path) -> None:
    data = _written(tmp_path, "z.mha")
    (tmp_path / "z.mha").write_bytes(data.replace(b"CompressedDataSize = ", b"CompressedDataSize = 999999999"))
    _refused(lambda: read_image(tmp_path, "z.mha", 3), "bytes of compressed voxels, but its file has")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"dimension: 3", b"dimension: 1000000000", "says to have 1000000000 axes"),
        (b"sizes: 8 6 4", b"sizes: 80000 60000 40000", "says to hold 80000 x 60000 x 40000"),
        (b"sizes: 8 6 4", b"sizes: 8 6 0", "without any voxel"),
        (b"sizes: 8 6 4", b"sizes: 8 6 400", "is damaged, shorter than its header says"),
        (b"sizes: 8 6 4", b"sizes: 8 6 4\nbyte skip: 999999999999", "is damaged, shorter than its header says"),
        (b"sizes: 8 6 4", b"sizes: 8 6 4\nline skip: 2000000000", "is damaged, shorter than its header says"),
    ],
)
def test_nrrd(tmp_path: Path, old: bytes, new: bytes, reason: str) -> None:
    data = _written(tmp_path, "a.nrrd")
    assert old in data
    (tmp_path / "a.nrrd").write_bytes(data.replace(old, new))
    _refused(lambda: read_image(tmp_path, "a.nrrd", 3), reason)


@pytest.mark.parametrize("layer", [1, 999_999_999])
def test_layers_of_segments(tmp_path: Path, layer: int) -> None:
    data = _written(tmp_path, "a.nrrd")
    segment = f"Segment0_Name:=gland\nSegment0_LabelValue:=1\nSegment0_Layer:={layer}\n".encode()
    (tmp_path / "m.nrrd").write_bytes(data.replace(b"\n\n", b"\n" + segment + b"\n", 1))
    image = read_image(tmp_path, "a.nrrd", 3)
    _refused(lambda: read_mask(tmp_path, "m.nrrd", image), f"names layer {layer} for its segment gland, but has 1")


def test_pages_of_a_picture_are_not_counted(tmp_path: Path) -> None:
    """A TIFF of a million pages of one pixel: 26 bytes each, and each would be a step of the decoder."""
    num_pages = 300_000
    first = 8
    page = struct.Struct("<HHHIHHHIHHHIHHI")
    with io.BytesIO() as file:
        file.write(b"II*\0" + struct.pack("<I", first))
        for number in range(num_pages):
            following = first + (number + 1) * page.size if number + 1 < num_pages else 0
            file.write(page.pack(3, 256, 4, 1, 1, 0, 257, 1, 1, 0, 273, 1, 0, 0, following)[: page.size])
        (tmp_path / "a.tif").write_bytes(file.getvalue())
    _refused(lambda: read_image(tmp_path, "a.tif", 2), "TIFF|several pages")
    pages = [Image.fromarray(VOXELS[0].astype(np.uint8))] * 2
    pages[0].save(tmp_path / "b.tif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "b.gif", save_all=True, append_images=[Image.fromarray(255 - VOXELS[0].astype(np.uint8))])
    for name in ("b.tif", "b.gif"):
        _refused(lambda name=name: read_image(tmp_path, name, 2), "holds several pages or frames")


def test_listings_of_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", VOXELS)
    assert read_image(tmp_path, "a.npz", 3).pixels.shape == (4, 6, 8, 1)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(66_000):
            archive.writestr(zipfile.ZipInfo(f"{number:040d}"), b"")
    (tmp_path / "a.npz").write_bytes(file.getvalue())
    _refused(lambda: read_image(tmp_path, "a.npz", 3), "a zip file whose listing has 5676000 bytes, more than 4194304")
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(Undecodable, match="is no zip file, or is damaged"):
        read_image(tmp_path, "a.npz", 3)
