"""Volumes that do not say how large their voxels are, or say what is no size: `missing_spacing`, in every format."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from backend.contracts.datasets import CheckedCase, SplitFractions
from backend.contracts.task_definition import SegmentationTask, Structure
from tests.worker.datasets.readers.medical_files import ct_series, save, write_nifti, write_series
from worker.datasets.folder import check_folder
from worker.datasets.readers import MissingSpacing, Undecodable, read_image, read_mask

VOXELS = np.random.default_rng(0).integers(0, 900, (4, 5, 6)).astype(np.int16)
LABELS = np.zeros(VOXELS.shape, np.uint8)
LABELS[1:3, 1:4, 2:5] = 1
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
TASK = SegmentationTask(
    modality="CT", dimensions=3, num_channels=1, structures=(Structure(name="block", label_values=(1,)),)
)


def _nrrd(fields: str, voxels: np.ndarray = VOXELS) -> bytes:
    sizes = " ".join(str(length) for length in voxels.shape[::-1])
    kind = {"i": "int16", "u": "uint8"}[voxels.dtype.kind]
    head = f"NRRD0004\ntype: {kind}\ndimension: {voxels.ndim}\nsizes: {sizes}\nendian: little\nencoding: raw\n"
    return f"{head}{fields}\n".encode() + voxels.tobytes()


def _mha(fields: str, voxels: np.ndarray = VOXELS) -> bytes:
    sizes = " ".join(str(length) for length in voxels.shape[::-1])
    kind = {"i": "MET_SHORT", "u": "MET_UCHAR"}[voxels.dtype.kind]
    head = f"ObjectType = Image\nNDims = {voxels.ndim}\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
    return (
        f"{head}{fields}DimSize = {sizes}\nElementType = {kind}\nElementDataFile = LOCAL\n".encode() + voxels.tobytes()
    )


def _nifti(pixdim: tuple[float, float, float], qform: int, is_2: bool = False, voxels: np.ndarray = VOXELS) -> bytes:
    volume = (nib.Nifti2Image if is_2 else nib.Nifti1Image)(voxels.transpose(2, 1, 0), None)
    volume.header["qform_code"], volume.header["sform_code"] = qform, 0
    volume.header["pixdim"][0] = 1
    volume.header["pixdim"][1:4] = pixdim
    content = volume.to_bytes()
    where = 104 if is_2 else 76
    kind = "<f8" if is_2 else "<f4"
    return content[:where] + np.array([1, *pixdim], kind).tobytes() + content[where + np.dtype(kind).itemsize * 4 :]


DIRECTIONS = "space: left-posterior-superior\nspace directions: {} (0,0.5,0) (0,0,2)\n"
UNKNOWN = "does not say how large its voxels are, which distances and volumes need"
NO_SIZE = "which is no size"
FILES: dict[str, tuple[bytes, str]] = {
    "bare.nrrd": (_nrrd(""), UNKNOWN),
    "nan.nrrd": (_nrrd("spacings: nan nan nan\n"), UNKNOWN),
    "one_nan.nrrd": (_nrrd("spacings: 1 nan 1\n"), UNKNOWN),
    "zero.nrrd": (_nrrd("spacings: 0 1 1\n"), NO_SIZE),
    "negative.nrrd": (_nrrd("spacings: 1 -1 1\n"), NO_SIZE),
    "infinite.nrrd": (_nrrd("spacings: 1 inf 1\n"), NO_SIZE),
    "ends.nrrd": (_nrrd("axis mins: 0 0 0\naxis maxs: 6 5 4\n"), UNKNOWN),
    "nan_direction.nrrd": (_nrrd(DIRECTIONS.format("(nan,nan,nan)")), UNKNOWN),
    "nan_part.nrrd": (_nrrd(DIRECTIONS.format("(nan,0,0)")), "is unknown (nan)"),
    "nan_directions.nrrd": (_nrrd("space: LPS\nspace directions: " + "(nan,nan,nan) " * 3 + "\n"), UNKNOWN),
    "no_direction.nrrd": (_nrrd(DIRECTIONS.format("(0,0,0)")), NO_SIZE),
    "bare.mha": (_mha(""), UNKNOWN),
    "nan.mha": (_mha("ElementSpacing = nan nan nan\n"), NO_SIZE),
    "zero.mha": (_mha("ElementSpacing = 0 0 0\n"), NO_SIZE),
    "negative.mha": (_mha("ElementSpacing = 1 1 -1\n"), NO_SIZE),
    "zero_size.mha": (_mha("ElementSize = 0 1 1\n"), NO_SIZE),
    "zero.nii": (_nifti((0, 0, 0), qform=0), UNKNOWN),
    "zero_q.nii": (_nifti((1, 1, 0), qform=1), UNKNOWN),
    "zero_2.nii": (_nifti((0, 1, 1), qform=1, is_2=True), UNKNOWN),
    "nan.nii": (_nifti((1, np.nan, 1), qform=1), NO_SIZE),
    "negative.nii": (_nifti((1, 1, -1), qform=0), NO_SIZE),
    "infinite_2.nii": (_nifti((1, np.inf, 1), qform=0, is_2=True), NO_SIZE),
}  # fmt: skip


def _checked(folder: Path) -> CheckedCase:
    (case,) = check_folder(folder, TASK, SplitFractions(), 0).cases
    return case


@pytest.mark.parametrize("name", FILES)
def test_such_images_lack_their_spacing(tmp_path: Path, name: str) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / name).write_bytes(FILES[name][0])
    write_nifti(tmp_path / "masks" / f"{Path(name).stem}.nii.gz", LABELS.transpose(2, 1, 0), LPS)
    case = _checked(tmp_path)
    assert case.reason_code == "missing_spacing"
    assert FILES[name][1] in str(case.reason)
    assert ": s" in str(case.reason), "what helps"


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
@pytest.mark.parametrize("given", ["1 -1 1", "0 0 0", "1 1 0"])
def test_such_masks_are_told_the_cause(tmp_path: Path, suffix: str, given: str) -> None:
    write_nifti(tmp_path / "images" / "a.nii.gz", VOXELS.transpose(2, 1, 0), LPS)
    (tmp_path / "masks").mkdir()
    of_nrrd = suffix == ".nrrd"
    content = _nrrd(f"spacings: {given}\n", LABELS) if of_nrrd else _mha(f"ElementSpacing = {given}\n", LABELS)
    (tmp_path / "masks" / f"a{suffix}").write_bytes(content)
    case = _checked(tmp_path)
    assert case.reason_code == "missing_spacing"
    assert f"masks/a{suffix} says that its voxels measure {given.replace(' ', ' x ')}" in str(case.reason)


@pytest.mark.parametrize("content", [_nrrd("", LABELS), _mha("", LABELS)])
def test_a_bare_mask_of_equal_size_lies_on_its_image_voxel_by_voxel_with_a_warning(
    tmp_path: Path, content: bytes
) -> None:
    write_nifti(tmp_path / "images" / "a.nii.gz", VOXELS.transpose(2, 1, 0), np.diag([2, -1, 1, 1]))
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / f"a{'.nrrd' if content.startswith(b'NRRD') else '.mha'}").write_bytes(content)
    case = _checked(tmp_path)
    assert case.reason_code is None
    assert [warning.code for warning in case.warnings] == ["unknown_orientation"]
    assert "it was laid on its image voxel by voxel" in case.warnings[0].message
    mask = read_mask(tmp_path, str(case.mask), read_image(tmp_path, case.image, 3))
    assert np.array_equal(mask.labels, LABELS[:, :, ::-1])


@pytest.mark.parametrize("given", [None, [0, 0], [-1, 1], ["nan", 1]])
def test_dicom_series_without_pixel_spacing(tmp_path: Path, given: list[float] | None) -> None:
    write_series(tmp_path / "images" / "a", ct_series(VOXELS.astype(np.uint16), PixelSpacing=given))
    write_nifti(tmp_path / "masks" / "a.nii.gz", LABELS.transpose(2, 1, 0), LPS)
    case = _checked(tmp_path)
    assert case.reason_code == "missing_spacing"
    assert UNKNOWN in str(case.reason) if given is None else NO_SIZE in str(case.reason)


def test_a_picture_needs_no_spacing(tmp_path: Path) -> None:
    (tmp_path / "a.nrrd").write_bytes(_nrrd("", VOXELS[0]))
    (tmp_path / "b.mha").write_bytes(_mha("", VOXELS[0]))
    save(ct_series(VOXELS[:1].astype(np.uint16), PixelSpacing=None, RescaleIntercept=0)[0], tmp_path / "c.dcm")
    for name in ("a.nrrd", "b.mha", "c.dcm"):
        picture = read_image(tmp_path, name, 2)
        assert picture.spacing is None
        assert np.array_equal(picture.pixels[..., 0], VOXELS[0])
    (tmp_path / "d.nrrd").write_bytes(_nrrd("spacings: 0.25 0.5\n", VOXELS[0]))
    assert read_image(tmp_path, "d.nrrd", 2).spacing == (0.5, 0.25)
    (tmp_path / "e.nrrd").write_bytes(_nrrd("spacings: 0.25 0\n", VOXELS[0]))
    with pytest.raises(MissingSpacing, match=r"measure 0\.25 x 0, which is no size"):
        read_image(tmp_path, "e.nrrd", 2)


@pytest.mark.parametrize(
    ("name", "content", "spacing"),
    [
        ("a.nrrd", _nrrd("spacings: 0.5 1 2\n"), (2, 1, 0.5)),
        ("b.mha", _mha("ElementSize = 0.5 1 2\n"), (2, 1, 0.5)),
        ("c.nii", _nifti((0.5, 1, 2), qform=0), (2, 1, 0.5)),
    ],
)
def test_sizes_without_orientation_are_used_with_a_warning(
    tmp_path: Path, name: str, content: bytes, spacing: tuple[float, ...]
) -> None:
    (tmp_path / name).write_bytes(content)
    image = read_image(tmp_path, name, 3)
    assert image.spacing == spacing
    assert [note.code for note in image.notes] == ["unknown_orientation"]
    reference = sitk.ReadImage(tmp_path / name)
    assert reference.GetSpacing() == spacing[::-1]


@pytest.mark.parametrize(
    "fields",
    [
        DIRECTIONS.format("(0.5,0,0)"),
        DIRECTIONS.format("(0.5,0,0)").replace("left-posterior-superior", "RAS"),
        DIRECTIONS.format("(0.5,0,0)").replace("space directions", "spacedirections"),
    ],
)
def test_known_orientations_are_not_warned_of(tmp_path: Path, fields: str) -> None:
    (tmp_path / "a.nrrd").write_bytes(_nrrd(fields))
    assert read_image(tmp_path, "a.nrrd", 3).notes == ()
    (tmp_path / "b.mha").write_bytes(_mha("TransformMatrix = 1 0 0 0 1 0 0 0 1\nElementSpacing = 1 1 1\n"))
    assert read_image(tmp_path, "b.mha", 3).notes == ()


def test_axes_without_a_named_space_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "a.nrrd").write_bytes(
        _nrrd(DIRECTIONS.format("(0.5,0,0)").replace("space: left-posterior-superior", "space dimension: 3"))
    )
    assert [note.code for note in read_image(tmp_path, "a.nrrd", 3).notes] == ["unknown_orientation"]


_IN_SPACE = "space: left-posterior-superior\nspace directions: (2,0,0) (0,2,0) (0,0,5)\nspace origin: (1,2,3)\n"


@pytest.mark.parametrize(
    ("fields", "spacing"),
    [
        (_IN_SPACE + 'space units: "mm" "mm" "mm"\n', (2, 2, 5)),
        (_IN_SPACE + 'space units: "um" "um" "um"\n', (0.002, 0.002, 0.005)),
        (_IN_SPACE + 'space units: "microns" "microns" "microns"\n', (0.002, 0.002, 0.005)),
        (_IN_SPACE + 'space units: "micrometres" "micrometres" "micrometres"\n', (0.002, 0.002, 0.005)),
        (_IN_SPACE + 'space units: "cm" "cm" "cm"\n', (20, 20, 50)),
        (_IN_SPACE + 'space units: "m" "m" "m"\n', (2000, 2000, 5000)),
        (_IN_SPACE + 'space units: "" "" ""\n', (2, 2, 5)),
        ('spacings: 2 2 5\nunits: "cm" "cm" "cm"\n', (20, 20, 50)),
    ],
)
def test_units_of_a_nrrd_become_millimetres(tmp_path: Path, fields: str, spacing: tuple[float, ...]) -> None:
    (tmp_path / "a.nrrd").write_bytes(_nrrd(fields))
    affine = read_image(tmp_path, "a.nrrd", 3).affine
    assert affine is not None
    assert sorted(np.linalg.norm(affine[:3, :3], axis=0)) == pytest.approx(sorted(spacing))


@pytest.mark.parametrize("units", ['"furlong" "furlong" "furlong"', '"mm" "mm" "cm"'])
def test_a_unit_that_nobody_knows_is_refused(tmp_path: Path, units: str) -> None:
    (tmp_path / "a.nrrd").write_bytes(_nrrd(f"{_IN_SPACE}space units: {units}\n"))
    with pytest.raises(Undecodable, match="with an unknown unit of length"):
        read_image(tmp_path, "a.nrrd", 3)
