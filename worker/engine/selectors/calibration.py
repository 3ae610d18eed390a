"""Temperature scaling (Guo et al., ICML 2017) of a federated classifier, and how well calibrated it is.

A site counts on its held-out cases, and the server adds the counts up. The result is exactly what pooled held-out cases
would give.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from worker.engine.soundness import check_update
from worker.engine.state import Tensors

#: Temperatures tried, log-spaced. None is below 1, because a few held-out cases without an error would always ask for
#: the sharpest: they may soften what the Gaussian model says and never sharpen it.
TEMPERATURES = torch.logspace(0, 2, 31, dtype=torch.float64)
#: Bins of equal width of the largest probability, for the expected calibration error.
NUM_BINS = 10
#: A report's tensors: the sum over cases of -log p(own site), [T], and in each bin the number of cases, the sum of
#: their largest probabilities and the number of right ones, [T, NUM_BINS, 3].
LOSSES, BINS = "loss_of_temperature", "bins_of_temperature"
#: A report's tensor [1]: the sum over cases of the logarithm of their squared distance to the nearest site.
LOG_DISTANCES = "log_distances"
#: The selector's tensor [1]: the geometric mean of held-out cases' squared distances, 0 where none is known.
USUAL_DISTANCE = "usual_distance"
#: Squared distances below this count as this.
MIN_DISTANCE = 1e-12
#: The selector's tensor [4] of `held_out_quality`.
HELD_OUT = "held_out"
#: The tensors of a classifier that no site has tried on held-out cases.
UNCALIBRATED: Tensors = {
    "temperature": torch.ones(1, dtype=torch.float64),
    HELD_OUT: torch.zeros(4, dtype=torch.float64),
    USUAL_DISTANCE: torch.zeros(1, dtype=torch.float64),
}


@dataclass(frozen=True)
class HeldOutQuality:
    """The quality of the classifier that the sites last received, at the temperature chosen from the same cases.

    num_cases: held-out cases of all sites.
    nll: mean of -log p(own site) over cases, in nats.
    accuracy: share of cases whose most probable site is their own, 0 to 1.
    ece: expected calibration error, 0 to 1: the mean over cases of the difference between accuracy and mean largest
    probability in their bin.
    """

    num_cases: int
    accuracy: float
    nll: float
    ece: float


def held_out_report(logits_NK: torch.Tensor, distances_N: torch.Tensor, site_index: int) -> Tensors:  # noqa: N803
    """The sums over its held-out cases that a site sends; the label of each case is the site itself.

    logits: [N, K] float64. distances_N: squared Mahalanobis distances to the nearest site.
    """
    log_p_TNK = torch.log_softmax(logits_NK[None] / TEMPERATURES[:, None, None], dim=2)  # noqa: N806
    largest, chosen = log_p_TNK.exp().max(dim=2)
    bins = (largest * NUM_BINS).long().clamp_max(NUM_BINS - 1)
    values = torch.stack([torch.ones_like(largest), largest, (chosen == site_index).double()], dim=2)
    counts = torch.zeros(len(TEMPERATURES), NUM_BINS, 3, dtype=torch.float64)
    counts.scatter_add_(1, bins[:, :, None].expand(-1, -1, 3), values)
    return {
        LOSSES: -log_p_TNK[:, :, site_index].sum(dim=1),
        BINS: counts,
        LOG_DISTANCES: distances_N.clamp_min(MIN_DISTANCE).log().sum().reshape(1),
    }


def check_report(participant: str, part: str, report: Tensors) -> None:
    """Raises ValueError naming site and tensor where the report's keys or shapes differ from those expected."""
    bins = torch.empty(len(TEMPERATURES), NUM_BINS, 3)
    expected = {LOSSES: torch.empty_like(TEMPERATURES), BINS: bins, LOG_DISTANCES: torch.empty(1)}
    check_update(participant, part, report, expected)


def calibrate(reports: Sequence[Tensors]) -> Tensors:
    """The temperature with the least held-out loss over all sites, the quality at it, and the usual distance, as
    tensors.

    It is empty where there are no reports.
    """
    if not reports:
        return {}
    losses = torch.stack([report[LOSSES] for report in reports]).sum(dim=0)
    best = int(losses.argmin())
    count, confidence, right = torch.stack([report[BINS] for report in reports]).sum(dim=0)[best].unbind(dim=1)
    num_cases = count.sum()
    ece = (confidence - right).abs().sum() / num_cases
    quality = torch.stack([num_cases, right.sum() / num_cases, losses[best] / num_cases, ece])
    usual = (torch.stack([report[LOG_DISTANCES] for report in reports]).sum(dim=0) / num_cases).exp()
    return {"temperature": TEMPERATURES[best].reshape(1), HELD_OUT: quality, USUAL_DISTANCE: usual}


def held_out_quality(selector: Tensors) -> HeldOutQuality | None:
    """The quality that `calibrate` found; None before any site has tried the classifier on held-out cases."""
    num_cases, accuracy, nll, ece = selector[HELD_OUT].tolist()
    return HeldOutQuality(int(num_cases), accuracy, nll, ece) if num_cases else None
