"""Surface scores by hand, and against MONAI and SimpleITK on random masks."""

import time
from itertools import product
from typing import Any

import numpy as np
import pytest
import SimpleITK
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.meandice import compute_dice
from monai.metrics.meaniou import compute_iou
from monai.metrics.surface_dice import compute_surface_dice
from monai.metrics.surface_distance import compute_average_surface_distance
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from tests.worker.engine.distance_transforms import distances_by_transform
from worker.engine.metrics import Reference, case_scores, mask_scores
from worker.engine.surface import surface_distances, surface_of

Mask = NDArray[np.bool_]
#: SimpleITK's functions carry no types.
sitk: Any = SimpleITK
TOLERANCE = 2.0
SHAPES = (((40, 52), None), ((40, 52), (0.4, 1.3)), ((9, 26, 31), (3.6, 0.6, 0.7)), ((12, 20, 20), None))


def blobs(generator: np.random.Generator, shape: tuple[int, ...], sigma: float, share: float) -> Mask:
    """Smoothed noise above its quantile: several blobs, cut off by the borders of the image."""
    field = gaussian_filter(generator.normal(size=shape), sigma)
    return np.asarray(field > np.quantile(field, 1 - share))


def random_pairs() -> list[tuple[Mask, Mask, tuple[float, ...] | None]]:
    generator = np.random.default_rng(7)
    pairs = []
    for (shape, spacing), sigma, share in product(SHAPES, (0.6, 2.5), (0.01, 0.3)):
        reference = blobs(generator, shape, sigma, share)
        pairs.append((blobs(generator, shape, sigma, share), reference, spacing))
        shifted = np.roll(reference, 2, axis=-1)
        pairs.append((shifted, reference, spacing))
    full = np.ones((8, 9), dtype=bool)
    corner = np.zeros((8, 9), dtype=bool)
    corner[0, 0] = True
    pairs += [(full, corner, (2.0, 0.5)), (corner, full, None), (full, full, (2.0, 0.5))]
    return pairs


PAIRS = random_pairs()


def test_distances_of_two_pixels() -> None:
    """Pixels at (0, 0) and (3, 4), 2 mm by 0.5 mm apart: sqrt(6^2 + 2^2) = sqrt(40) each way; in pixels 5."""
    prediction, reference = np.zeros((4, 5), dtype=bool), np.zeros((4, 5), dtype=bool)
    prediction[0, 0] = reference[3, 4] = True
    scores = mask_scores(prediction, reference, (2.0, 0.5), TOLERANCE)
    assert (scores["hd95"], scores["assd"]) == (pytest.approx(40**0.5), pytest.approx(40**0.5))
    assert (scores["dice"], scores["nsd"], scores["sensitivity"], scores["precision"]) == (0, 0, 0, 0)
    assert mask_scores(prediction, reference, None, TOLERANCE)["hd95"] == 5
    assert mask_scores(prediction, reference, None, 5.0)["nsd"] == 1, "at the tolerance itself surfaces agree"


def test_scores_of_two_lines() -> None:
    """P = columns 0..3, R = columns 1..5 of one row; every pixel of a row one high is surface.

    From P: 1, 0, 0, 0. From R: 0, 0, 0, 1, 2. ASSD = (1 + 3) / 9. 95th percentiles: of (0, 0, 0, 1) at position 2.85
    is 0.85, of (0, 0, 0, 1, 2) at 3.8 is 1.8. NSD at 1: (4 + 4) / 9. Dice 2 * 3 / 9, IoU 3 / 6, |4 - 5| / 5,
    sensitivity 3 / 5, precision 3 / 4.
    """
    prediction, reference = np.zeros((3, 8), dtype=bool), np.zeros((3, 8), dtype=bool)
    prediction[1, 0:4] = reference[1, 1:6] = True
    assert mask_scores(prediction, reference, None, 1.0) == {
        "dice": pytest.approx(6 / 9),
        "iou": pytest.approx(3 / 6),
        "hd95": pytest.approx(1.8),
        "nsd": pytest.approx(8 / 9),
        "assd": pytest.approx(4 / 9),
        "volume_difference": pytest.approx(1 / 5),
        "sensitivity": pytest.approx(3 / 5),
        "precision": pytest.approx(3 / 4),
    }


def test_spacing_follows_the_axes_of_a_volume() -> None:
    """Neighbours in z, y and x of a volume of 4 x 2 x 1 mm voxels are 4, 2 and 1 mm away."""
    for axis, distance in enumerate((4.0, 2.0, 1.0)):
        prediction, reference = np.zeros((3, 3, 3), dtype=bool), np.zeros((3, 3, 3), dtype=bool)
        prediction[1, 1, 1] = True
        reference[tuple(1 + (axis == a) for a in range(3))] = True
        assert mask_scores(prediction, reference, (4.0, 2.0, 1.0), TOLERANCE)["hd95"] == distance


def test_missing_rules() -> None:
    empty, some = np.zeros((5, 5), dtype=bool), np.eye(5, dtype=bool)
    assert set(mask_scores(empty, empty, None, TOLERANCE).values()) == {None}
    missed = mask_scores(empty, some, None, TOLERANCE)
    assert {name for name, value in missed.items() if value is None} == {"hd95", "assd", "precision"}
    assert [missed[name] for name in ("dice", "iou", "nsd", "sensitivity", "volume_difference")] == [0, 0, 0, 0, 1]
    invented = mask_scores(some, empty, None, TOLERANCE)
    absent = {name for name, value in invented.items() if value is None}
    assert absent == {"hd95", "assd", "sensitivity", "volume_difference"}
    assert [invented[name] for name in ("dice", "iou", "nsd", "precision")] == [0, 0, 0, 0]
    with pytest.raises(ValueError, match="both hold the structure"):
        surface_distances(surface_of(empty, None), surface_of(some, None))


@pytest.mark.parametrize(("prediction", "reference", "spacing"), PAIRS)
def test_the_search_tree_finds_the_distances_of_the_transform_to_the_bit(
    prediction: Mask, reference: Mask, spacing: tuple[float, ...] | None
) -> None:
    found = surface_distances(surface_of(prediction, spacing), surface_of(reference, spacing))
    expected = distances_by_transform(prediction, reference, spacing)
    assert np.array_equal(found.from_prediction, expected.from_prediction)
    assert np.array_equal(found.from_reference, expected.from_reference)


def test_a_reference_is_prepared_once_for_all_models() -> None:
    """Its scores of each prediction are those of a reference of its own, whatever was scored before."""
    generator = np.random.default_rng(3)
    reference = Reference(blobs(generator, (40, 52), 2.5, 0.2), (0.4, 1.3))
    predictions = [blobs(generator, (40, 52), 2.5, 0.2) for _ in range(3)]
    together = [reference.scores(prediction, TOLERANCE) for prediction in predictions]
    assert together == [mask_scores(each, reference.mask, (0.4, 1.3), TOLERANCE) for each in predictions]


def test_case_scores_pairs_planes_with_names() -> None:
    prediction, reference = np.zeros((2, 4, 4), dtype=bool), np.zeros((2, 4, 4), dtype=bool)
    prediction[0, 1:3, 1:3] = reference[0, 1:3, 1:3] = True
    scores = case_scores(("disc", "cup"), prediction, reference, None, TOLERANCE)
    assert (scores["disc"]["dice"], scores["disc"]["hd95"], scores["cup"]["dice"]) == (1, 0, None)


@pytest.mark.parametrize("index", range(len(PAIRS)))
def test_scores_are_those_of_monai(index: int) -> None:
    prediction, reference, spacing = PAIRS[index]
    scores = mask_scores(prediction, reference, spacing, TOLERANCE)
    pair = tuple(torch.from_numpy(mask)[None, None] for mask in (prediction, reference))
    monai_spacing = list(spacing) if spacing else None
    expected = {
        "dice": compute_dice(*pair),
        "iou": compute_iou(*pair),
        "hd95": compute_hausdorff_distance(*pair, include_background=True, percentile=95, spacing=monai_spacing),
        "nsd": compute_surface_dice(*pair, [TOLERANCE], include_background=True, spacing=monai_spacing),
        "assd": compute_average_surface_distance(*pair, include_background=True, symmetric=True, spacing=monai_spacing),
    }
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value.item(), rel=1e-5, abs=1e-6), name


@pytest.mark.parametrize("index", range(len(PAIRS)))
def test_scores_are_those_of_simpleitk(index: int) -> None:
    """ITK's label overlaps, and its contour and Maurer distance filters."""
    prediction, reference, spacing = PAIRS[index]
    scores = mask_scores(prediction, reference, spacing, TOLERANCE)
    images = [_itk_image(mask, spacing) for mask in (prediction, reference)]
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    assert scores["dice"] == pytest.approx(overlap.GetDiceCoefficient())
    assert scores["iou"] == pytest.approx(overlap.GetJaccardCoefficient())
    assert scores["sensitivity"] == pytest.approx(1 - overlap.GetFalseNegativeError())
    assert scores["precision"] == pytest.approx(1 - overlap.GetFalseDiscoveryRate())
    contours = [sitk.LabelContour(image, fullyConnected=False) for image in images]
    forth, back = (_itk_distances(contours[i], contours[1 - i]) for i in (0, 1))
    both = np.concatenate([forth, back])
    assert scores["hd95"] == pytest.approx(max(np.percentile(forth, 95), np.percentile(back, 95)), rel=1e-5)
    assert scores["assd"] == pytest.approx(both.mean(), rel=1e-5)
    assert scores["nsd"] == pytest.approx((both <= TOLERANCE + 1e-6).mean())


def _itk_image(mask: Mask, spacing: tuple[float, ...] | None) -> Any:
    """With a border of background: ITK finds no contour where the image ends. Its axes run x, y, z."""
    image = sitk.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
    image.SetSpacing(tuple(reversed(spacing)) if spacing else (1.0,) * mask.ndim)
    return image


def _itk_distances(surface: Any, target: Any) -> NDArray[np.float64]:
    distances = sitk.SignedMaurerDistanceMap(target, squaredDistance=False, useImageSpacing=True)
    values = np.abs(sitk.GetArrayFromImage(distances)[sitk.GetArrayFromImage(surface) > 0])
    return np.asarray(values, dtype=np.float64)


@pytest.mark.speed
@pytest.mark.parametrize(("shape", "limit_seconds"), [((512, 512), 0.015), ((32, 256, 256), 0.3)])
def test_scoring_is_fast(shape: tuple[int, ...], limit_seconds: float) -> None:
    """An ellipsoid half as wide as the image. Best of five, three times the aim."""
    generator = np.random.default_rng(0)
    prediction, reference = (_ellipsoid(shape, generator.uniform(0.22, 0.25, len(shape))) for _ in range(2))
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        mask_scores(prediction, reference, None, TOLERANCE)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 3 * limit_seconds


def _ellipsoid(shape: tuple[int, ...], radii: NDArray[np.float64]) -> Mask:
    axes = np.ogrid[tuple(slice(0, size) for size in shape)]
    terms = (((axis - size / 2) / (radius * size)) ** 2 for axis, size, radius in zip(axes, shape, radii, strict=True))
    return np.asarray(sum(terms) < 1)
