"""Similarity-weighted SoftPull, worked by hand."""

import pytest
import torch

from worker.engine.aggregation import soft_pull
from worker.engine.selectors.lda import moments_of
from worker.engine.selectors.softmax import SoftmaxSelector
from worker.engine.similarity import similarity_weights, site_distances, soft_pull_weighted
from worker.engine.state import Tensors


def moments(*values: float) -> Tensors:
    """Of one feature, and of a second that is the same in every image."""
    return moments_of(torch.tensor([[value, 5.0] for value in values], dtype=torch.float64))


def line() -> list[Tensors]:
    """Means 0, 2 and 6; each site's two values are 1 off its mean: scatter 2 a site, 6 over 6 - 3 is variance 2."""
    return [moments(-1, 1), moments(1, 3), moments(5, 7)]


def test_distances_are_in_within_site_deviations() -> None:
    """2 / sqrt 2, 4 / sqrt 2, 6 / sqrt 2; the constant feature is left out."""
    distances = site_distances(line())
    root = 2**0.5
    expected = torch.tensor([[0, 2, 6], [2, 0, 4], [6, 4, 0]], dtype=torch.float64) / root
    torch.testing.assert_close(distances, expected)


def test_weights_by_hand() -> None:
    """Sharpness 1. Row 0: 1/2, 1/6 -> 3/4, 1/4. Row 1: 1/2, 1/4 -> 2/3, 1/3. Row 2: 1/6, 1/4 -> 2/5, 3/5."""
    expected = torch.tensor([[0, 3 / 4, 1 / 4], [2 / 3, 0, 1 / 3], [2 / 5, 3 / 5, 0]], dtype=torch.float64)
    torch.testing.assert_close(similarity_weights(site_distances(line()), 1.0), expected)


def test_sharpness_0_is_soft_pull() -> None:
    models: list[Tensors] = [{"w": torch.tensor([value])} for value in (1.0, 4.0, 10.0)]
    uniform = soft_pull_weighted(models, 0.7, similarity_weights(site_distances(line()), 0.0))
    for pulled, expected in zip(uniform, soft_pull(models, 0.7), strict=True):
        torch.testing.assert_close(pulled["w"], expected["w"])


def test_a_weighted_pull_by_hand() -> None:
    """lambda 0.5: 0.5 * 0 + 0.5 (0.75 * 4 + 0.25 * 8) = 2.5; 0.5 * 4 + 0.5 (2/3 * 0 + 1/3 * 8) = 10/3;
    0.5 * 8 + 0.5 (0.4 * 0 + 0.6 * 4) = 5.2."""
    models: list[Tensors] = [{"w": torch.tensor([value])} for value in (0.0, 4.0, 8.0)]
    pulled = soft_pull_weighted(models, 0.5, similarity_weights(site_distances(line()), 1.0))
    assert [m["w"].item() for m in pulled] == pytest.approx([2.5, 10 / 3, 5.2])


def test_one_site_has_nobody_to_pull_from() -> None:
    model = {"w": torch.tensor([3.0])}
    assert similarity_weights(site_distances([moments(1, 2)]), 1.0).tolist() == [[0.0]]
    assert soft_pull_weighted([model], 0.7, torch.zeros(1, 1))[0]["w"].tolist() == [3.0]


def test_the_same_images_twice_have_finite_weights() -> None:
    weights = similarity_weights(site_distances([moments(-1, 1), moments(-1, 1), moments(5, 7)]), 2.0)
    assert torch.isfinite(weights).all()
    assert weights[0, 1].item() == pytest.approx(1)


def test_negative_sharpness_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sharpness -1\.0 would pull most from the least similar site"):
        similarity_weights(site_distances(line()), -1.0)


def test_features_that_never_vary_are_refused() -> None:
    with pytest.raises(ValueError, match="no image feature varies within a site"):
        site_distances([moments(1, 1), moments(2, 2)])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (torch.zeros(3, 3), "rows of weights must sum to 1"),
        (torch.eye(2), "zero diagonal and no negative entry"),
        (torch.ones(1, 2), r"weights have shape \(1, 2\), expected one row and column for each of the 2 models"),
    ],
)
def test_unsound_weights_are_refused(weights: torch.Tensor, message: str) -> None:
    models: list[Tensors] = [{"w": torch.zeros(1)} for _ in range(len(weights) if len(weights) > 1 else 2)]
    with pytest.raises(ValueError, match=message):
        soft_pull_weighted(models, 0.7, weights)


def test_a_selector_without_moments_knows_no_distances() -> None:
    with pytest.raises(ValueError, match="SoftmaxSelector knows no distances between sites"):
        SoftmaxSelector("cnn", 1e-3, "reference").site_distances({}, ("a", "b"))
