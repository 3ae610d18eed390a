"""Quadratic terms for the closed-form selector: sites that are alike in their means may differ in how they vary.

Regularized discriminant analysis (Friedman, "Regularized Discriminant Analysis", JASA 1989): site k's covariance is

    Sigma_k(q) = (q S_k + (1 - q) S) / (q (n_k - 1) + (1 - q) (n - K)),        S = sum_k S_k,

with S_k the scatter about the site's mean, so that a small site keeps more of the pooled one. q = 0 is linear
discriminant analysis, q = 1 quadratic. Features are standardized and correlations shrunk towards the identity as in
lda.py. The moments that sites send for that are enough: no byte more leaves a site.
"""

from collections.abc import Mapping

import torch

from worker.engine.state import Tensors

#: The classifier's tensors: [K, D, D], and the logarithm of each one's determinant, [K].
PRECISIONS, LOG_DETERMINANTS = "site_precisions", "site_log_determinants"


def quadratic_terms(
    moments: Mapping[str, Tensors | None], q: float, shrinkage: float, floors: torch.Tensor, least_deviation: float
) -> Tensors:
    """The sites' precisions, in site order; 0 for a site that has sent no moments.

    moments, shrinkage, floors: as `solve_lda` takes them. q: above 0, to 1. least_deviation: of a feature.
    """
    scatters = {site: _scatter(m) for site, m in moments.items() if m is not None}
    counts = {site: float(m["count"]) for site, m in moments.items() if m is not None}
    pooled = torch.stack(list(scatters.values())).sum(dim=0)
    freedom = max(sum(counts.values()) - len(counts), 1.0)
    floor = torch.diag(floors**2)
    deviation = (pooled / freedom + floor).diagonal().clamp_min(least_deviation**2).sqrt()
    identity = torch.eye(len(deviation), dtype=torch.float64)
    precisions, log_determinants = [], []
    for site in moments:
        if site not in scatters:
            precisions.append(torch.zeros_like(pooled))
            log_determinants.append(torch.zeros((), dtype=torch.float64))
            continue
        own = q * scatters[site] + (1 - q) * pooled
        covariance = own / max(q * (counts[site] - 1) + (1 - q) * freedom, 1.0) + floor
        standardized = (1 - shrinkage) * covariance / torch.outer(deviation, deviation) + shrinkage * identity
        inverse = torch.linalg.inv(standardized)
        # One unit for all sites: the deviations' own determinant is the same for each and falls out.
        log_determinants.append(-torch.linalg.slogdet(standardized).logabsdet)
        precisions.append(inverse / torch.outer(deviation, deviation))
    return {PRECISIONS: torch.stack(precisions).contiguous(), LOG_DETERMINANTS: torch.stack(log_determinants)}


def quadratic_logits(selector: Tensors, features_ND: torch.Tensor) -> torch.Tensor:  # noqa: N803 (shape suffix)
    """[N, K] float64: 1/2 log det P_k - 1/2 (x - m_k)^T P_k (x - m_k)."""
    logits = []
    for mean, precision, log_determinant in zip(
        selector["means"], selector[PRECISIONS], selector[LOG_DETERMINANTS], strict=True
    ):
        difference = features_ND - mean
        squared = ((difference @ precision) * difference).sum(dim=1)
        logits.append(0.5 * log_determinant - 0.5 * squared)
    return torch.stack(logits, dim=1)


def _scatter(moments: Tensors) -> torch.Tensor:
    mean = moments["sum"] / moments["count"]
    return moments["second_moment"] - moments["count"] * torch.outer(mean, mean)
