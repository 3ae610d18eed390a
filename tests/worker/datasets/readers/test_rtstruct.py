"""Structure sets, drawn in mm, on images of known geometry."""

from pathlib import Path

import numpy as np
import pytest

from tests.worker.datasets.readers.medical_files import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    ct_series,
    save,
    structure_set,
    write_nifti,
    write_series,
)
from worker.datasets.readers import NamedMask, WrongGeometry, read_image, read_mask
from worker.datasets.readers.contours import inside_odd

VOXELS = np.arange(4 * 8 * 10, dtype=np.uint16).reshape(4, 8, 10)


def _mm(orientation: tuple[float, ...], slice_number: float, corners: list[tuple[float, float]]) -> np.ndarray:
    """Of ct_series: [N, 3] mm of corners (row, column)."""
    along_row, along_column = np.array(orientation[:3]), np.array(orientation[3:])
    start = np.array([-10.0, -20.0, 30.0]) + np.cross(along_row, along_column) * 2.0 * slice_number
    return np.array([start + along_column * 0.5 * row + along_row * 0.25 * column for row, column in corners])


#: Rows 2 to 5, columns 3 to 7.
OUTER = [(1.5, 2.5), (1.5, 7.5), (5.5, 7.5), (5.5, 2.5)]
#: Rows 3 and 4, column 5.
INNER = [(2.5, 4.5), (4.5, 4.5), (4.5, 5.5), (2.5, 5.5)]
RING = np.zeros((8, 10), bool)
RING[2:6, 3:8] = True
RING[3:5, 5] = False


def _read(tmp_path: Path, contours: dict[str, list[np.ndarray]], **elements: str) -> dict[str, np.ndarray]:
    write_series(tmp_path / "a", ct_series(VOXELS))
    save(structure_set(contours, **elements), tmp_path / "m.dcm")
    mask = read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a", 3))
    assert isinstance(mask, NamedMask)
    return dict(mask.planes)


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, SAGITTAL, (0.6, 0.8, 0, 0, 0, -1)])
def test_contours_are_filled_on_their_slice(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    series = ct_series(VOXELS, orientation, RescaleIntercept=0)
    write_series(tmp_path / "a", series)
    contours = [_mm(orientation, number, corners) for number in (1, 2) for corners in (OUTER, INNER)]
    save(structure_set({"ring": contours, "marked only": []}), tmp_path / "m.dcm")
    image = read_image(tmp_path, "a", 3)
    mask = read_mask(tmp_path, "m.dcm", image)
    assert isinstance(mask, NamedMask)
    assert sorted(image.pixels[..., 0][mask.planes["ring"]]) == sorted(VOXELS[1:3][:, RING].ravel())
    assert not mask.planes["marked only"].any()


def test_a_keyhole_contour_has_its_hole(tmp_path: Path) -> None:
    """One contour: round the outside, along a channel of no width to the inner one, round it, and back."""
    keyhole = [*OUTER, OUTER[0], INNER[0], *INNER[1:], INNER[0], OUTER[0]]
    planes = _read(tmp_path, {"ring": [_mm(AXIAL, 1, keyhole)]})
    assert np.array_equal(planes["ring"][1], RING)
    assert planes["ring"].sum() == RING.sum()


def test_the_order_of_points_does_not_matter(tmp_path: Path) -> None:
    planes = _read(tmp_path, {"one": [_mm(AXIAL, 1, OUTER)], "other": [_mm(AXIAL, 1, OUTER[::-1])]})
    assert np.array_equal(planes["one"], planes["other"])
    assert planes["one"].sum() == 4 * 5


def test_points_and_lines_enclose_nothing(tmp_path: Path) -> None:
    planes = _read(tmp_path, {"line": [_mm(AXIAL, 1, OUTER)]}, kind="OPEN_PLANAR")
    assert not planes["line"].any()


def test_a_contour_beyond_the_edge_is_cut(tmp_path: Path) -> None:
    planes = _read(tmp_path, {"body": [_mm(AXIAL, 0, [(-5, -5), (-5, 50), (50, 50), (50, -5)])]})
    assert planes["body"][0].all()
    assert not planes["body"][1:].any()


@pytest.mark.parametrize(
    ("contour", "reason"),
    [
        (_mm(AXIAL, 1.5, OUTER), r"a contour of body between the slices of its image.*slice 1.50 to 1.50"),
        (_mm(AXIAL, 9, OUTER), "a contour of body at slice 9, beyond its image of 10 x 8 x 4 voxels"),
        (_mm(AXIAL, 1, OUTER) + np.array([[0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]]), "tilted against them"),
    ],
)
def test_contours_off_the_slices_are_refused(tmp_path: Path, contour: np.ndarray, reason: str) -> None:
    with pytest.raises(WrongGeometry, match=reason):
        _read(tmp_path, {"body": [contour]})


def test_contours_of_another_patient_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongGeometry, match=r"was drawn in the coordinates 1\.2\.3, its image has 1\.2\.826"):
        _read(tmp_path, {"body": [_mm(AXIAL, 1, OUTER)]}, frame_of_reference="1.2.3")


def test_a_picture_takes_the_contours_of_its_slice(tmp_path: Path) -> None:
    save(ct_series(VOXELS)[1], tmp_path / "a.dcm")
    save(structure_set({"ring": [_mm(AXIAL, 1, OUTER), _mm(AXIAL, 1, INNER), _mm(AXIAL, 3, OUTER)]}), tmp_path / "m")
    mask = read_mask(tmp_path, "m", read_image(tmp_path, "a.dcm", 2))
    assert isinstance(mask, NamedMask)
    assert np.array_equal(mask.planes["ring"], RING)


def test_contours_lie_on_a_nifti_image(tmp_path: Path) -> None:
    """LPS (-10, -20, 30) of ct_series is RAS (10, 20, 30)."""
    affine = np.diag([-0.25, -0.5, 2.0, 1.0])
    affine[:3, 3] = 10, 20, 30
    write_nifti(tmp_path / "a.nii", VOXELS.transpose(2, 1, 0), affine)
    save(structure_set({"ring": [_mm(AXIAL, 1, OUTER), _mm(AXIAL, 1, INNER)]}), tmp_path / "m.dcm")
    mask = read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a.nii", 3))
    assert isinstance(mask, NamedMask)
    assert np.array_equal(mask.planes["ring"][1], RING)


def test_filling_agrees_with_the_winding_number() -> None:
    """Of a star on 200 x 200 pixels: seen from inside, its outline turns by a full circle, from outside by nothing."""
    angles = np.linspace(0, 2 * np.pi, 21)[:-1]
    radii = np.where(np.arange(20) % 2, 30.3, 90.7)
    star = np.stack([100.2 + radii * np.sin(angles), 99.6 + radii * np.cos(angles)], axis=1)
    corners = star[:, 0] + 1j * star[:, 1]
    centres = np.arange(200)[:, None, None] + 1j * np.arange(200)[None, :, None]
    turned = np.angle((np.roll(corners, -1) - centres) / (corners - centres)).sum(axis=-1)
    assert np.array_equal(inside_odd([star], (200, 200)), np.abs(turned) > np.pi)


def test_neighbours_share_no_pixel() -> None:
    """Two squares with a common edge through pixel centres cover 4 x 8 pixels, each once."""
    left = np.array([(0, 0), (0, 4), (4, 4), (4, 0)], float)
    right = left + np.array([0, 4])
    one, other = inside_odd([left], (8, 10)), inside_odd([right], (8, 10))
    assert one.sum() == other.sum() == 16
    assert not (one & other).any()


def test_crossing_contours_are_united_and_warned_of(tmp_path: Path) -> None:
    crossing = [(2.5, 5.5), (2.5, 9.5), (4.5, 9.5), (4.5, 5.5)]
    write_series(tmp_path / "a", ct_series(VOXELS))
    contours = {"one": [_mm(AXIAL, 1, OUTER), _mm(AXIAL, 1, crossing)], "two": [_mm(AXIAL, 2, OUTER)]}
    save(structure_set(contours), tmp_path / "m.dcm")
    mask = read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a", 3))
    assert isinstance(mask, NamedMask)
    assert mask.planes["one"].sum() == 4 * 5 + 2 * 2
    (note,) = mask.notes
    assert note.code == "crossing_contours"
    assert "has contours of one that cross on 1 slice(s) (the first is slice 1, from 0)" in note.text


def test_two_rois_of_one_name_are_united(tmp_path: Path) -> None:
    """Each drawn on its own: what one has inside the other is no hole."""
    write_series(tmp_path / "a", ct_series(VOXELS))
    written = structure_set({"one": [_mm(AXIAL, 1, OUTER)], "other": [_mm(AXIAL, 1, INNER)]})
    written.StructureSetROISequence[1].ROIName = "one"
    save(written, tmp_path / "m.dcm")
    mask = read_mask(tmp_path, "m.dcm", read_image(tmp_path, "a", 3))
    assert isinstance(mask, NamedMask)
    assert mask.planes["one"].sum() == 4 * 5


def test_repeated_contours_in_a_file_count_once(tmp_path: Path) -> None:
    once = _read(tmp_path / "1", {"ring": [_mm(AXIAL, 1, OUTER), _mm(AXIAL, 1, INNER)]})
    twice = _read(tmp_path / "2", {"ring": [_mm(AXIAL, 1, OUTER), _mm(AXIAL, 1, INNER)] * 2})
    assert np.array_equal(once["ring"], twice["ring"])
    exclusive = _read(tmp_path / "3", {"ring": [_mm(AXIAL, 1, OUTER)] * 2}, kind="CLOSEDPLANAR_XOR")
    assert not exclusive["ring"].any()


def test_structures_that_nobody_wants_may_lie_anywhere(tmp_path: Path) -> None:
    write_series(tmp_path / "a", ct_series(VOXELS))
    contours = {"body": [_mm(AXIAL, 1, OUTER)], "couch": [_mm(AXIAL, -30, OUTER), _mm(AXIAL, 1.5, INNER)]}
    save(structure_set(contours), tmp_path / "m.dcm")
    image = read_image(tmp_path, "a", 3)
    mask = read_mask(tmp_path, "m.dcm", image, lambda name: name == "body")
    assert isinstance(mask, NamedMask)
    assert mask.names == ("body", "couch")
    assert mask.planes["body"].sum() == 4 * 5
    with pytest.raises(WrongGeometry, match="a contour of couch"):
        read_mask(tmp_path, "m.dcm", image)
