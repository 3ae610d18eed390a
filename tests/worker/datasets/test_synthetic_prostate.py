"""The synthetic prostate sites: repeatable, geometrically sound, and different in the ways they claim."""

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from scipy.ndimage import binary_dilation, label

from backend.contracts.datasets import ManifestCase, SplitFractions
from fedsm.synthetic_prostate import (
    PROSTATE_TASK,
    SITES,
    make_prostate_case,
    patient_of,
    write_prostate_sites,
)
from fedsm.synthetic_prostate.anatomy import (
    Pelvis,
    Points,
    Prostate,
    Wave,
    displaced,
    draw_pelvis,
    prostate_level,
)
from fedsm.synthetic_prostate.annotators import Annotator, annotate
from fedsm.synthetic_prostate.scanner import Grid
from worker.datasets.folder import check_folder, read_case

DETAIL = 0.5
ELM, FIR, GORSE, HAZEL = SITES
#: 1 mm voxels, 60 mm around the middle of a gland.
FINE_GRID = Grid(shape=(61, 61, 81), spacing=(1.0, 1.0, 1.0), first=(-30.0, -30.0, -40.0))


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*.nii.gz"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_prostate_sites(tmp_path / name, seed, DETAIL, num_cases=(2, 2, 2, 2))
    first, second, other = (hashes(tmp_path / name) for name in "abc")
    assert len(first) == 4 * 2 * 2
    assert first == second
    assert all(first[name] != other[name] for name in first)


def test_more_cases_change_no_earlier_one(tmp_path: Path) -> None:
    write_prostate_sites(tmp_path / "few", 1, DETAIL, num_cases=(1,))
    write_prostate_sites(tmp_path / "more", 1, DETAIL, num_cases=(3, 1))
    assert hashes(tmp_path / "few").items() <= hashes(tmp_path / "more").items()


def test_files_hold_what_they_say(tmp_path: Path) -> None:
    """Read by two libraries: integers, a spacing that is the scanner's, an orientation that is the site's, and after
    it is brought to LPS the very voxels that were made."""
    slugs = write_prostate_sites(tmp_path, 3, DETAIL, num_cases=(1, 1, 1, 1))
    assert slugs == sorted(slugs) == [site.slug for site in SITES]
    assert len({site.orientation for site in SITES}) == len(SITES)
    for site in SITES:
        case = make_prostate_case(site, 0, 3, DETAIL)
        for kind, voxels, data_type in (("images", case.image, np.int16), ("masks", case.mask, np.uint8)):
            path = tmp_path / site.slug / kind / f"{site.slug.split('-')[0]}-001.nii.gz"
            stored = nibabel.load(path)
            assert stored.get_data_dtype() == data_type
            assert "".join(nibabel.aff2axcodes(stored.affine)) == site.orientation
            lps = SimpleITK.DICOMOrient(SimpleITK.ReadImage(path), "LPS")
            np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(lps), voxels)
            np.testing.assert_allclose(lps.GetSpacing(), case.grid.spacing[::-1], rtol=1e-5)
            np.testing.assert_allclose(lps.GetOrigin(), case.grid.first[::-1], atol=1e-4)


def test_spacing_is_anisotropic() -> None:
    for site in SITES:
        scanner = site.scanner
        assert 0.6 <= scanner.in_plane <= 1.2
        assert 3.0 <= scanner.thickness <= 3.6
    assert len({(site.scanner.in_plane, site.scanner.thickness) for site in SITES}) == len(SITES)


def test_detail_changes_voxels_not_the_field_of_view() -> None:
    coarse, fine = make_prostate_case(ELM, 0, 0, 0.5), make_prostate_case(ELM, 0, 0, 1.0)
    assert coarse.image.shape == (18, 40, 40)
    assert fine.image.shape == (18, 80, 80)
    assert coarse.grid.spacing == (3.0, 2.0, 2.0)
    volume_ml = [(case.mask > 0).sum() * np.prod(case.grid.spacing) / 1000 for case in (coarse, fine)]
    assert volume_ml[0] == pytest.approx(volume_ml[1], rel=0.05)


def test_patients_with_two_examinations(tmp_path: Path) -> None:
    """Elm's 14th case is its first patient again: the same anatomy scanned anew, and the table says so."""
    write_prostate_sites(tmp_path, 0, 0.25)
    for site in SITES:
        with (tmp_path / site.slug / "cases.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == site.num_cases
        assert len({row["patient"] for row in rows}) == site.num_cases - site.num_repeats
        assert [path.name for path in sorted((tmp_path / site.slug / "images").iterdir())] == [
            f"{row['name']}.nii.gz" for row in rows
        ]
    first, again, other = (make_prostate_case(ELM, index, 0, DETAIL) for index in (0, 13, 1))
    assert not np.array_equal(first.image, again.image)
    volumes = [(case.mask > 0).sum() for case in (first, again, other)]
    assert abs(volumes[0] - volumes[1]) < 0.12 * volumes[0]


def test_all_sites_pass_the_check_and_are_read_back(tmp_path: Path) -> None:
    """As the platform reads them: every case is used, a patient's examinations share a split, and what a case becomes
    are the voxels that were made, whatever the orientation of its file."""
    write_prostate_sites(tmp_path, 5, DETAIL)
    for site in SITES:
        root = tmp_path / site.slug
        checked = check_folder(root, PROSTATE_TASK, SplitFractions(), seed=0).cases
        assert [case.reason for case in checked if case.reason] == []
        assert len(checked) == site.num_cases
        for repeat in range(site.num_cases - site.num_repeats, site.num_cases):
            assert checked[repeat].split == checked[patient_of(site, repeat)].split
        first, made = checked[0], make_prostate_case(site, 0, 5, DETAIL)
        fields = {name: getattr(first, name) for name in ("name", "split", "image", "mask")}
        hashes = {"image_sha256": first.image_sha256, "mask_sha256": first.mask_sha256}
        read = read_case(root, ManifestCase(case_id="first", **fields, **hashes), PROSTATE_TASK)
        np.testing.assert_array_equal(read.image[..., 0], made.image)
        np.testing.assert_array_equal(read.structures, [made.mask > 0, made.mask == 2])
        assert read.spacing == pytest.approx(made.grid.spacing, rel=1e-5)


@pytest.mark.parametrize("num_cases", [(), (1, 1, 1, 1, 1), (3, 0)])
def test_impossible_numbers_of_cases(tmp_path: Path, num_cases: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="num_cases"):
        write_prostate_sites(tmp_path, 0, DETAIL, num_cases=num_cases)


@pytest.mark.parametrize("detail", [0.1, 5.0, float("nan")])
def test_impossible_detail(tmp_path: Path, detail: float) -> None:
    with pytest.raises(ValueError, match="detail"):
        write_prostate_sites(tmp_path, 0, detail)


def test_sites_that_are_there_are_not_overwritten(tmp_path: Path) -> None:
    write_prostate_sites(tmp_path, 0, DETAIL, num_cases=(1,))
    with pytest.raises(FileExistsError):
        write_prostate_sites(tmp_path, 1, DETAIL, num_cases=(1,))


def test_a_gland_without_taper_is_nearly_an_ellipsoid() -> None:
    """On the axes the level is the distance over the half axis, to the power 2.2 / 2.3; 1 on the surface."""
    gland = Prostate(20.0, 15.0, 18.0, taper=0.0, tilt=0.0, hollow=0.0, transition=0.6, transition_apex=-0.5)
    x, y, z = np.float32([20, 0, 0, 10]), np.float32([0, -15, 0, 0]), np.float32([0, 0, 18, 0])
    np.testing.assert_allclose(prostate_level(gland, Points(x, y, z)), [1, 1, 1, 0.5 ** (2.2 / 2.3)], rtol=1e-5)


def test_a_wave_displaces() -> None:
    """A quarter period away from its origin, the sine is 1: the displacement is the amplitude."""
    wave = Wave(vector=(0.0, 0.0, np.pi / 20), amplitude=(3.0, 2.0, 1.0), phase=0.0)
    moved = displaced(Points(x=np.float32([10]), y=np.float32([0]), z=np.float32([0])), (wave,))
    np.testing.assert_allclose([moved.z[0], moved.y[0], moved.x[0]], [3, 2, 11], atol=1e-5)


def test_deformations_fold_nothing() -> None:
    """The determinant of the Jacobian stays positive: each point of the pelvis is seen once."""
    for index in range(10):
        pelvis = draw_pelvis(np.random.default_rng(index), ELM.patients)
        points = FINE_GRID.points()
        moved = displaced(points, pelvis.waves)
        axes = [np.broadcast_to(axis, FINE_GRID.shape) for axis in (moved.z, moved.y, moved.x)]
        jacobian = np.array([np.gradient(axis) for axis in axes]).transpose(2, 3, 4, 0, 1)
        assert np.linalg.det(jacobian).min() > 0.3


def pelvises(num: int = 12) -> list[Pelvis]:
    return [draw_pelvis(np.random.default_rng(index), GORSE.patients) for index in range(num)]


def outlines(annotator: Annotator) -> np.ndarray:
    """[N, D, H, W] of the same pelvises at 1 mm."""
    steady = replace(annotator, jitter=0.0)
    return np.array([annotate(np.random.default_rng(0), steady, pelvis, FINE_GRID.points()) for pelvis in pelvises()])


def test_annotators_disagree_as_they_say() -> None:
    """At the middle of the gland a margin m widens it by 2 m; shares of the length that are cut are missing; the zone
    grows with its scale; a shift moves the outline to the back."""
    truth = outlines(Annotator())
    middle = FINE_GRID.shape[0] // 2
    widths = lambda masks: (masks[:, middle] > 0).any(axis=1).sum(axis=1).mean()  # noqa: E731
    for margin in (2.0, -1.0):
        assert widths(outlines(Annotator(margin=margin))) - widths(truth) == pytest.approx(2 * margin, abs=0.6)
    heights = lambda masks: (masks > 0).any(axis=(2, 3)).sum(axis=1)  # noqa: E731
    kept = heights(outlines(Annotator(apex_cut=0.22, base_cut=0.16))) / [
        2 * pelvis.prostate.half_length for pelvis in pelvises()
    ]
    assert kept == pytest.approx(1 - 0.22 - 0.16, abs=0.06)
    zone = (truth == 2).sum()
    assert (outlines(Annotator(transition_scale=1.15)) == 2).sum() > 1.15 * zone
    assert (outlines(Annotator(transition_scale=0.85)) == 2).sum() < 0.85 * zone
    rows = np.arange(FINE_GRID.shape[1])[:, None]
    centre = lambda masks: (rows * (masks > 0)).sum() / (masks > 0).sum()  # noqa: E731
    assert centre(outlines(Annotator(shift=3.0))) - centre(truth) == pytest.approx(3.0, abs=0.3)


def test_sites_differ_in_their_annotators() -> None:
    assert len({site.annotator for site in SITES}) == len(SITES)


def test_masks_are_one_gland_that_contains_its_zone() -> None:
    """One connected gland, the zone in its front half, nearer to the base than to the apex, and not cut by the field
    of view in the plane."""
    for site in SITES:
        for index in range(3):
            mask = make_prostate_case(site, index, 5).mask
            assert set(np.unique(mask)) == {0, 1, 2} == set(PROSTATE_TASK.known_label_values)
            assert label(mask > 0)[1] == 1
            rows, columns = np.nonzero((mask > 0).any(axis=0))
            assert 0 < rows.min() < rows.max() < mask.shape[1] - 1
            assert 0 < columns.min() < columns.max() < mask.shape[2] - 1
            front, back = (np.nonzero(mask == value)[1].mean() for value in (2, 1))
            assert front < back
            heights = np.nonzero(mask == 2)[0].mean(), np.nonzero(mask == 1)[0].mean()
            assert heights[0] > heights[1]


def test_tissues_look_as_on_t2() -> None:
    """What a radiologist sees at once: the peripheral zone outshines the transition zone, muscles are dark, fat
    is bright. Not near the endorectal coil, whose light hides all this."""
    for site in (ELM, GORSE, HAZEL):
        for index in range(3):
            case = make_prostate_case(site, index, 3)
            peripheral, transition = (np.median(case.image[case.mask == value]) for value in (1, 2))
            assert peripheral > 1.3 * transition
            surround = ~binary_dilation(case.mask > 0, iterations=4)
            dark, bright = np.percentile(case.image[surround], (2, 60))
            assert dark < 0.65 * transition
            assert bright > transition


def test_the_endorectal_coil_is_bright_behind_the_gland_and_dark_in_front() -> None:
    for index in range(3):
        case = make_prostate_case(FIR, index, 3)
        rows = np.nonzero(case.mask > 0)[1]
        back, front = int(np.percentile(rows, 95)), int(np.percentile(rows, 5))
        inside = case.mask > 0
        behind, ahead = inside.copy(), inside.copy()
        behind[:, :back], ahead[:, front:] = False, False
        assert np.median(case.image[behind]) > 2 * np.median(case.image[ahead])


def test_scanners_differ_in_scale_and_noise() -> None:
    """Median of the image, and deviation of the difference of neighbours within fat, over it."""
    scales, grains = [], []
    for site in SITES:
        image = np.concatenate([make_prostate_case(site, index, 1).image.ravel() for index in range(2)])
        scales.append(np.median(image))
        case = make_prostate_case(site, 0, 1).image[2].astype(float)
        grains.append(np.median(np.abs(np.diff(case, axis=1))) / np.median(case))
    assert scales[3] > 2 * scales[0]
    assert scales[0] > 2 * scales[2]
    assert grains[2] > 1.5 * grains[0]
