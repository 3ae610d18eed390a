"""Headers on the edge of NIfTI, NRRD and MetaImage, against what nibabel and SimpleITK make of them."""

import contextlib
import gzip
import time
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from tests.worker.datasets.readers.medical_files import write_nifti
from worker.datasets.files import UnsafeFile
from worker.datasets.readers import CannotRead, LabelMask, Undecodable, WrongGeometry, read_image, read_mask

VOXELS = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
AFFINE = np.array([[0, -0.5, 0, 9], [0.75, 0, 0, -8], [0, 0, 2, 7], [0, 0, 0, 1.0]])
Nifti = Any


def _with_qform(kind: Nifti, affine: np.ndarray = AFFINE) -> Nifti:
    volume = kind(VOXELS, affine)
    volume.set_qform(affine, 1)
    volume.set_sform(None, 0)
    return volume


def _written(folder: Path, volume: Nifti, **header: tuple[int, Any]) -> None:
    """As a.nii, with elements of the header's structure changed after everything that nibabel would mend."""
    content = bytearray(volume.to_bytes())
    structure = np.frombuffer(content, dtype=volume.header.structarr.dtype, count=1)
    for name, (place, value) in header.items():
        field = structure[name][0]
        if field.ndim:
            field[place] = value
        else:
            structure[name][0] = value
    (folder / "a.nii").write_bytes(content)


def _affine_in_lps_order(image: sitk.Image) -> np.ndarray:
    turned = sitk.DICOMOrient(image, "LPS")
    affine = np.eye(4)
    affine[:3, :3] = np.array(turned.GetDirection()).reshape(3, 3) * np.array(turned.GetSpacing())
    affine[:3, 3] = turned.GetOrigin()
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_qfac_of_zero_means_one(tmp_path: Path, kind: Nifti) -> None:
    _written(tmp_path, _with_qform(kind))
    expected = read_image(tmp_path, "a.nii", 3)
    _written(tmp_path, _with_qform(kind), pixdim=(0, 0))
    image = read_image(tmp_path, "a.nii", 3)
    assert np.array_equal(image.pixels, expected.pixels)
    assert image.affine == pytest.approx(expected.affine)
    assert image.notes == ()
    if kind is nib.Nifti1Image:
        reference = sitk.ReadImage(tmp_path / "a.nii")
        assert image.affine == pytest.approx(_affine_in_lps_order(reference))


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("excess", [1e-7, 1e-5, 1e-4])
def test_a_quaternion_that_rounding_made_too_long_is_a_rotation(tmp_path: Path, kind: Nifti, excess: float) -> None:
    half_turn = np.diag([-0.5, -0.75, 2.0, 1.0])
    _written(tmp_path, _with_qform(kind, half_turn))
    expected = read_image(tmp_path, "a.nii", 3)
    _written(tmp_path, _with_qform(kind, half_turn), quatern_d=(0, 1 + excess))
    image = read_image(tmp_path, "a.nii", 3)
    assert np.array_equal(image.pixels, expected.pixels)
    assert image.affine == pytest.approx(expected.affine, abs=1e-3)


@pytest.mark.parametrize("value", [1.5, np.nan, np.inf])
def test_a_quaternion_that_is_no_rotation_is_refused(tmp_path: Path, value: float) -> None:
    _written(tmp_path, _with_qform(nib.Nifti1Image), quatern_d=(0, value))
    with pytest.raises(Undecodable, match="orientation is no rotation"):
        read_image(tmp_path, "a.nii", 3)


@pytest.mark.parametrize("seed", range(20))
def test_qforms_are_nibabels(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turned * rng.uniform(0.3, 3, 3), rng.normal(size=3) * 50
    volume = _with_qform(nib.Nifti1Image, affine)
    nib.save(volume, tmp_path / "a.nii")
    image = read_image(tmp_path, "a.nii", 3)
    assert image.frame is not None
    assert np.array_equal(image.frame.stored_affine, nib.load(tmp_path / "a.nii").affine)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_without_either_form_a_warning_tells_that_the_patients_lie_is_a_guess(tmp_path: Path, kind: Nifti) -> None:
    volume = kind(VOXELS, None)
    volume.set_sform(None, 0)
    volume.set_qform(None, 0)
    nib.save(volume, tmp_path / "a.nii.gz")
    image = read_image(tmp_path, "a.nii.gz", 3)
    assert [note.code for note in image.notes] == ["unknown_orientation"]
    assert image.frame is not None
    assert np.array_equal(image.frame.stored_affine, nib.load(tmp_path / "a.nii.gz").affine)


@pytest.mark.parametrize(
    ("qform", "words"),
    [
        (np.diag([-2.0, 1, 1, 1]), "axes that run RAS by its sform and LAS by its qform"),
        (np.diag([3.0, 1, 1, 1]), "voxels of 2 x 1 x 1 by its sform and of 3 x 1 x 1 by its qform"),
        (
            np.array([[0, 2.0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
            "axes that run RAS by its sform and ARS",
        ),
        (np.diag([2.004, 1, 1, 1]), None),
        (np.array([[1.99, -0.1, 0, 9], [0.2, 0.995, 0, 9], [0, 0, 1, 9], [0, 0, 0, 1]]), None),  # into an atlas
    ],
)
def test_forms_that_contradict_one_another_are_a_warning_and_the_sform_is_taken(
    tmp_path: Path, qform: np.ndarray, words: str | None
) -> None:
    sform = np.diag([2.0, 1, 1, 1])
    volume = nib.Nifti1Image(VOXELS, None)
    volume.set_sform(sform, 2)
    volume.header.set_qform(qform, 1)
    nib.save(volume, tmp_path / "a.nii.gz")
    image = read_image(tmp_path, "a.nii.gz", 3)
    assert image.frame is not None
    assert np.array_equal(image.frame.stored_affine, sform)
    assert [note.code for note in image.notes] == ["unknown_orientation"] * (words is not None)
    assert all(str(words) in note.text for note in image.notes)


def test_a_qform_that_is_no_rotation_takes_nothing_from_the_sform(tmp_path: Path) -> None:
    _written(tmp_path, nib.Nifti1Image(VOXELS, LPS), qform_code=(0, 1), quatern_b=(0, 2.0))
    assert read_image(tmp_path, "a.nii", 3).notes == ()


@pytest.mark.parametrize(("kind", "first"), [(nib.Nifti1Image, 352), (nib.Nifti2Image, 544)])
@pytest.mark.parametrize("is_packed", [False, True])
def test_an_offset_of_zero_is_after_the_header(tmp_path: Path, kind: Nifti, first: int, is_packed: bool) -> None:
    _written(tmp_path, kind(VOXELS, LPS), vox_offset=(0, 0))
    name = "a.nii"
    if is_packed:
        name = "a.nii.gz"
        (tmp_path / name).write_bytes(gzip.compress((tmp_path / "a.nii").read_bytes()))
    assert np.array_equal(read_image(tmp_path, name, 3).pixels[..., 0], VOXELS.transpose(2, 1, 0))
    for offset in (1, 16, first - 4):
        _written(tmp_path, kind(VOXELS, LPS), vox_offset=(0, offset))
        with pytest.raises(Undecodable, match=f"puts the voxels at byte {offset}, which lies within the header"):
            read_image(tmp_path, "a.nii", 3)


def test_an_offset_of_zero_in_a_pair_is_the_first_byte(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Pair(VOXELS, LPS), tmp_path / "a.hdr")
    assert np.array_equal(read_image(tmp_path, "a.hdr", 3).pixels[..., 0], VOXELS.transpose(2, 1, 0))


@pytest.mark.parametrize("suffix", [".mha", ".mhd", ".nrrd", ".nhdr", ".nii.gz"])
@pytest.mark.parametrize("name", ["from_nrrd_02", "nhdr", "x.nrrd.mha", "mha.nrrd", "a.nii.gz.nrrd"])
def test_the_suffix_decides_and_no_other_part_of_the_path(tmp_path: Path, suffix: str, name: str) -> None:
    path = f"nrrd/of.nhdr/{name}{suffix}"
    (tmp_path / "nrrd/of.nhdr").mkdir(parents=True)
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / path)
    assert np.array_equal(read_image(tmp_path, path, 3).pixels[..., 0], VOXELS)


@pytest.mark.parametrize(("suffix", "key"), [(".mhd", "ElementDataFile = "), (".nhdr", "data file: ")])
@pytest.mark.parametrize("named", ["./a.raw", "././a.raw", ".//a.raw"])
def test_a_data_file_may_be_named_with_its_folder(tmp_path: Path, suffix: str, key: str, named: str) -> None:
    (tmp_path / "images").mkdir()
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / f"images/a{suffix}")
    header = (tmp_path / f"images/a{suffix}").read_text()
    (tmp_path / f"images/a{suffix}").write_text(header.replace(f"{key}a.raw", f"{key}{named}"))
    assert named in (tmp_path / f"images/a{suffix}").read_text()
    assert np.array_equal(read_image(tmp_path, f"images/a{suffix}", 3).pixels[..., 0], VOXELS)


@pytest.mark.parametrize("named", ["./../secret.raw", ".", "..", "./", ".\\a.raw", "./sub/a.raw"])
@pytest.mark.parametrize(("suffix", "key"), [(".mhd", "ElementDataFile = "), (".nhdr", "data file: ")])
def test_but_not_with_another_one(tmp_path: Path, suffix: str, key: str, named: str) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / f"a{suffix}")
    header = (tmp_path / f"a{suffix}").read_text()
    (tmp_path / f"a{suffix}").write_text(header.replace(f"{key}a.raw", f"{key}{named}"))
    with pytest.raises(UnsafeFile, match=r"not next to it|with a backslash|no regular file|no NRRD or MetaImage"):
        read_image(tmp_path, f"a{suffix}", 3)


LONG = 500_000


@pytest.mark.parametrize(
    ("suffix", "line"),
    [
        (".mha", " " * LONG),
        (".mha", "a" + " " * LONG + "b"),
        (".mha", "Comment = " + " " * LONG + "b"),
        (".mha", "DimSize = " + "9 " * (LONG // 2)),
        (".mha", "DimSize = " + "9" * LONG),
        (".nrrd", "content: " + "(" * LONG),
    ],
)
def test_no_header_takes_long(tmp_path: Path, suffix: str, line: str) -> None:
    """Half a megabyte of what a careless pattern or loop would go through many times over."""
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / f"a{suffix}")
    kind, rest = (tmp_path / f"a{suffix}").read_bytes().split(b"\n", 1)
    (tmp_path / f"a{suffix}").write_bytes(kind + b"\n" + line.encode() + b"\n" + rest)
    began = time.process_time()
    with contextlib.suppress(CannotRead, UnsafeFile):
        read_image(tmp_path, f"a{suffix}", 3)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("line", ["space directions: ", 'space units: "', "kinds: none ", "sizes: ", "", "a:b"])
@pytest.mark.parametrize("suffix", [".nrrd", ".nhdr"])
def test_a_long_line_of_a_header_is_refused_before_a_library_crashes_over_it(
    tmp_path: Path, suffix: str, line: str
) -> None:
    """teem, below SimpleITK, ends the process over a field of 1100 characters that it cannot read."""
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / f"a{suffix}")
    kind, rest = (tmp_path / f"a{suffix}").read_bytes().split(b"\n", 1)
    (tmp_path / f"a{suffix}").write_bytes(kind + b"\n" + (line + "(9 " * 400).encode() + b"\n" + rest)
    with pytest.raises(UnsafeFile, match="a line of 12"):
        read_image(tmp_path, f"a{suffix}", 3)


def test_a_header_that_goes_on_beyond_what_is_looked_at_is_refused(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / "a.nhdr")
    with (tmp_path / "a.nhdr").open("a") as file:
        file.write("# a comment\n" * 90_000 + "kinds: " + "(" * 2000 + "\n")
    with pytest.raises(UnsafeFile, match="more than 1 MiB"):
        read_image(tmp_path, "a.nhdr", 3)


def test_an_absent_data_file_is_named(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / "a.mhd")
    (tmp_path / "a.raw").unlink()
    with pytest.raises(UnsafeFile, match=r"^needs a\.raw, which is not there"):
        read_image(tmp_path, "a.mhd", 3)


def test_meta_images_with_colons_name_no_other_file_unseen(tmp_path: Path) -> None:
    """MetaIO takes `:` as `=`, and the first file that is named."""
    folder = tmp_path / "data"
    folder.mkdir()
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), folder / "a.mhd")
    (folder / "a.raw").rename(tmp_path / "secret.raw")
    (folder / "a.raw").write_bytes(bytes(VOXELS.nbytes))
    header = (folder / "a.mhd").read_text()
    for line in (f"ElementDataFile : {tmp_path}/secret.raw", f"ElementDataFile: {tmp_path}/secret.raw"):
        (folder / "a.mhd").write_text(header.replace("ElementDataFile =", f"{line}\nElementDataFile ="))
        with pytest.raises(UnsafeFile, match="is no NRRD or MetaImage file"):
            read_image(folder, "a.mhd", 3)
        (folder / "a.mhd").write_text(header.replace("ElementDataFile = a.raw", line))
        with pytest.raises(UnsafeFile, match="which is not next to it"):
            read_image(folder, "a.mhd", 3)
    (folder / "a.mhd").write_text(header.replace("ElementDataFile =", "ElementDataFile :"))
    assert not read_image(folder, "a.mhd", 3).pixels.any()


def test_a_file_with_the_header_of_the_other_format_is_refused(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / "a.nrrd")
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / "b.mha")
    (tmp_path / "c.mha").write_bytes((tmp_path / "a.nrrd").read_bytes())
    (tmp_path / "c.nrrd").write_bytes((tmp_path / "b.mha").read_bytes())
    for name in ("c.mha", "c.nrrd"):
        with pytest.raises(UnsafeFile, match="is no NRRD or MetaImage file"):
            read_image(tmp_path, name, 3)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_masks_without_position_lie_on_pictures_as_stored_or_not_at_all(tmp_path: Path, axis: int) -> None:
    """Of a picture taken across x, y or z: equal pixels, or a refusal; never a mask upside down."""
    for flips in ([1, 1, 1], [-1, -1, 1], [1, -1, 1], [-1, 1, -1], [-1, -1, -1]):
        flat = VOXELS.take([2], axis=axis)
        write_nifti(tmp_path / "a.nii", flat, np.diag([*map(float, flips), 1.0]))
        image = read_image(tmp_path, "a.nii", 2)
        plane = flat.squeeze(axis).T
        np.save(tmp_path / "m.npy", plane)
        sitk.WriteImage(sitk.GetImageFromArray(plane), tmp_path / "m.nrrd")
        is_as_stored = np.array_equal(image.pixels[..., 0], plane)
        for name in ("m.npy", "m.nrrd"):
            if is_as_stored:
                mask = read_mask(tmp_path, name, image)
                assert isinstance(mask, LabelMask)
                assert np.array_equal(mask.labels, image.pixels[..., 0])
            else:
                with pytest.raises(WrongGeometry, match="does not say how the patient lies, its image does"):
                    read_mask(tmp_path, name, image)


def test_masks_with_position_are_not_turned_on_pictures_without(tmp_path: Path) -> None:
    plane = VOXELS[:, :, 2]
    sitk.WriteImage(sitk.GetImageFromArray(plane.T), tmp_path / "a.nrrd")
    image = read_image(tmp_path, "a.nrrd", 2)
    write_nifti(tmp_path / "same.nii", VOXELS[:, :, 2:3], LPS)
    mask = read_mask(tmp_path, "same.nii", image)
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, image.pixels[..., 0])
    write_nifti(tmp_path / "turned.nii", VOXELS[:, :, 2:3], np.eye(4))
    with pytest.raises(WrongGeometry, match="says how the patient lies, its image does not"):
        read_mask(tmp_path, "turned.nii", image)
