"""SoftPull that pulls more from sites whose images are alike: an option beyond the paper.

A row of weights over the other sites replaces SoftPull's equal shares. docs/theory.md, claims 13 to 15, says what that
changes: the mean is no longer kept, and sites with near neighbours count more.
"""

from collections.abc import Sequence

import torch

from worker.engine.aggregation import linear_combination
from worker.engine.state import Tensors

#: Distances below this, in within-site deviations, mean that the same images are registered twice. It bounds weights.
MIN_DISTANCE = 1e-6
#: A feature whose within-site variance is below this is constant up to rounding and tells nothing.
MIN_VARIANCE = 1e-18
#: Rows of weights sum to 1 up to this rounding error.
ROW_SUM_TOLERANCE = 1e-9


def site_distances(moments: Sequence[Tensors]) -> torch.Tensor:
    """[K, K] float64: the root mean square over features of the difference of site means, in within-site deviations.

    moments: for each site, in site order, its `count` [1], `sum` [D] and `second_moment` [D, D] of the same features
    (selectors/lda.py, `moments_of`). Deviations are pooled over sites, and features that vary within no site are left
    out. For two sites with the same distribution the square is 1/n_i + 1/n_j in expectation, so small sites look no
    more alike than they are known to be. Raises ValueError where no feature varies within a site.
    """
    counts = torch.cat([m["count"] for m in moments]).double()
    means_KD = torch.stack([m["sum"] / m["count"] for m in moments]).double()  # noqa: N806 (shape suffix)
    squares = torch.stack([m["second_moment"].diagonal() for m in moments]).sum(dim=0)
    within = (squares - (counts[:, None] * means_KD**2).sum(dim=0)) / (counts.sum() - len(moments)).clamp_min(1)
    varying = within > MIN_VARIANCE
    if not varying.any():
        raise ValueError(
            "no image feature varies within a site, so distances have no unit: use uniform SoftPull, or register more "
            "than one image a site"
        )
    standardized = means_KD[:, varying] / within[varying].sqrt()
    return torch.cdist(standardized, standardized, compute_mode="donot_use_mm_for_euclid_dist") / varying.sum().sqrt()


def similarity_weights(distances: torch.Tensor, sharpness: float) -> torch.Tensor:
    """[K, K] float64 with a zero diagonal and rows that sum to 1: entry (k, j) is in proportion to 1 /
    distance_kj^sharpness.

    distances: [K, K] float64, as `site_distances` gives them. sharpness: 0 gives SoftPull's equal shares; the larger it
    is, the more the nearest sites get. K = 1 gives a zero. Raises ValueError for a negative sharpness.
    """
    if sharpness < 0:
        raise ValueError(f"sharpness {sharpness} would pull most from the least similar site: choose 0 or more")
    others = ~torch.eye(len(distances), dtype=torch.bool)
    log_kernel = torch.where(others, -sharpness * distances.clamp_min(MIN_DISTANCE).log(), -torch.inf)
    return torch.softmax(log_kernel, dim=1) if len(distances) > 1 else torch.zeros(1, 1, dtype=torch.float64)


def soft_pull_weighted(models: Sequence[Tensors], lambda_: float, weights: torch.Tensor) -> list[Tensors]:
    """w_k <- lambda w_k + (1 - lambda) * sum over j != k of weights_kj w_j, for all k; sums run in site order, in
    float64.

    weights: [K, K] with a zero diagonal and rows that sum to 1; with 1 / (K - 1) everywhere this is `soft_pull`. With K
    = 1 there are no others, so the model stays as it was trained. Raises ValueError for other weights.
    """
    num_models = len(models)
    if num_models == 1:
        return [dict(models[0])]
    _check_weights(weights, num_models)
    mixing = ((1 - lambda_) * weights.double() + lambda_ * torch.eye(num_models, dtype=torch.float64)).tolist()
    return [linear_combination(models, row) for row in mixing]


def _check_weights(weights: torch.Tensor, num_models: int) -> None:
    if weights.shape != (num_models, num_models):
        raise ValueError(
            f"weights have shape {tuple(weights.shape)}, expected one row and column for each of the "
            f"{num_models} models"
        )
    if weights.diagonal().abs().max() > 0 or weights.min() < 0:
        raise ValueError(
            "weights need a zero diagonal and no negative entry: lambda is the share of a site's own model"
        )
    if (weights.sum(dim=1) - 1).abs().max() > ROW_SUM_TOLERANCE:
        raise ValueError(f"rows of weights must sum to 1, they sum to {weights.sum(dim=1).tolist()}")
