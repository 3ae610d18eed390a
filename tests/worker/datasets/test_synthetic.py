"""The synthetic sites: repeatable, accepted by the check, and different from each other in the ways they claim."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from fedsm.synthetic_fundus import FUNDUS_TASK, SITES, make_fundus_case, write_fundus_sites
from fedsm.synthetic_fundus.anatomy import Outline, draw_eye
from fedsm.synthetic_fundus.annotators import Annotator, annotate
from tests.worker.datasets.fundus_folder import check
from worker.datasets.readers import read_image
from worker.engine.descriptors import describe_image

SIDE = 96


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_fundus_sites(tmp_path / name, seed, SIDE, num_cases=(2, 2, 2, 2))
    first, second, other = (hashes(tmp_path / name) for name in "abc")
    assert len(first) == 4 * 2 * 2
    assert first == second
    assert all(first[name] != other[name] for name in first)


def test_more_cases_change_no_earlier_one(tmp_path: Path) -> None:
    write_fundus_sites(tmp_path / "few", 1, SIDE, num_cases=(1,))
    write_fundus_sites(tmp_path / "more", 1, SIDE, num_cases=(3, 1))
    assert hashes(tmp_path / "few").items() <= hashes(tmp_path / "more").items()


def test_all_sites_pass_the_check(tmp_path: Path) -> None:
    slugs = write_fundus_sites(tmp_path, 0, 64)
    assert slugs == sorted(slugs) == [site.slug for site in SITES]
    for site in SITES:
        cases = check(tmp_path / site.slug, FUNDUS_TASK).cases
        assert [case.reason for case in cases if case.reason] == []
        assert len(cases) == site.num_cases
        assert all(case.structure_shares["optic disc"] > case.structure_shares["optic cup"] > 0 for case in cases)


@pytest.mark.parametrize("num_cases", [(), (1, 1, 1, 1, 1), (3, 0)])
def test_impossible_numbers_of_cases(tmp_path: Path, num_cases: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="num_cases"):
        write_fundus_sites(tmp_path, 0, SIDE, num_cases=num_cases)


def test_too_small_a_side(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="image_side 32 is too small"):
        write_fundus_sites(tmp_path, 0, 32)


def test_sites_that_are_there_are_not_overwritten(tmp_path: Path) -> None:
    write_fundus_sites(tmp_path, 0, SIDE, num_cases=(1,))
    with pytest.raises(FileExistsError):
        write_fundus_sites(tmp_path, 1, SIDE, num_cases=(1,))


def test_annotators_disagree_as_they_say() -> None:
    """The same 40 eyes outlined by each site's annotator: areas go with the square of the scales."""
    eyes = [draw_eye(np.random.default_rng(index), SITES[1].eyes, 192) for index in range(40)]

    def mean_areas(annotator: Annotator) -> np.ndarray:
        masks = [annotate(np.random.default_rng(index), annotator, eye, 192) for index, eye in enumerate(eyes)]
        return np.array([[(mask > 0).sum(), (mask == 2).sum()] for mask in masks]).mean(axis=0)

    truth = mean_areas(Annotator(jitter=0.0))
    for site in SITES:
        ratio = mean_areas(site.annotator) / truth
        assert ratio == pytest.approx([site.annotator.disc_scale**2, site.annotator.cup_scale**2], rel=0.08)


def test_an_outline_is_an_ellipse_of_its_radius() -> None:
    """Stretch 1.44 and radius 10: 10 / 1.2 to the right and 10 * 1.2 down."""
    outline = Outline(x=50, y=60, radius=10, stretch=1.44, amplitudes=(0.0, 0.0, 0.0), phases=(0.0, 0.0, 0.0))
    x, y = np.float32([50 + 10 / 1.2, 50, 50]), np.float32([60, 60 + 12, 60])
    np.testing.assert_allclose(outline.level(x, y), [1, 1, 0], atol=1e-5)


def test_a_bump_of_an_outline() -> None:
    """Amplitude 0.1 of cos(2 angle): radius 11 to the right, 9 down."""
    outline = Outline(x=0, y=0, radius=10, stretch=1.0, amplitudes=(0.1, 0.0, 0.0), phases=(0.0, 0.0, 0.0))
    np.testing.assert_allclose(outline.level(np.float32([11, 0]), np.float32([0, 9])), [1, 1], atol=1e-5)


def test_disc_is_bright_and_the_surround_black() -> None:
    """What a person sees at once: in every case the disc outshines the retina, the cup the rim, corners are black."""
    for site in SITES:
        for index in range(4):
            image, mask = make_fundus_case(site, index, 3, 192)
            grey = image.mean(axis=2)
            retina = np.median(grey[(mask == 0) & (grey > 20)])
            assert np.median(grey[mask > 0]) > 1.25 * retina
            assert np.median(grey[mask == 2]) > np.median(grey[mask == 1])
            assert image[0, 0].max() < 25
            red, _, blue = image[mask == 0].reshape(-1, 3).mean(axis=0)
            assert red > 1.3 * blue


def test_sites_are_told_apart_by_their_descriptors() -> None:
    """The nearest of four site means in standardized descriptors names the site of at least 90 % of unseen cases."""

    def descriptors(indices: range) -> np.ndarray:
        images = [[make_fundus_case(site, index, 0, SIDE)[0] for index in indices] for site in SITES]
        unit = [[(image / np.float32(255)).transpose(2, 0, 1) for image in row] for row in images]
        return np.array([[describe_image(image) for image in row] for row in unit])

    seen, unseen = descriptors(range(12)), descriptors(range(12, 20))
    deviation = (seen - seen.mean(axis=1, keepdims=True)).std(axis=(0, 1))
    distance = np.linalg.norm((unseen[:, :, None] - seen.mean(axis=1)) / deviation, axis=-1)
    named = distance.argmin(axis=-1)
    assert (named == np.arange(len(SITES))[:, None]).mean() >= 0.9


def test_images_are_png_of_8_bits(tmp_path: Path) -> None:
    write_fundus_sites(tmp_path, 0, SIDE, num_cases=(1,))
    image = read_image(tmp_path / SITES[0].slug, "images/aster-001.png", 2).pixels
    assert image.dtype == np.uint8
    assert image.shape == (SIDE, SIDE, 3)
