"""What the closed-form selector's stored tensors say of features: logits, and how far the nearest site is."""

import torch

from worker.engine.selectors.calibration import UNCALIBRATED
from worker.engine.selectors.quadratic import PRECISIONS, quadratic_logits
from worker.engine.state import Tensors

#: The share of its own probabilities that a far image keeps next to equal ones: they keep their order and no more.
FAR_SHARE = 0.05
#: The logit of a site that has not sent its moments: probability 0, and a finite number in the file.
ABSENT_LOGIT = -1e30


def logits_of(selector: Tensors, features_ND: torch.Tensor) -> torch.Tensor:  # noqa: N803 (shape suffix)
    """[N, K] float64, linear in the features, or quadratic where the classifier has the terms for it."""
    if PRECISIONS not in selector:
        return features_ND @ selector["weight"].T + selector["bias"]
    absent = selector["bias"] <= ABSENT_LOGIT
    return quadratic_logits(selector, features_ND).masked_fill(absent, ABSENT_LOGIT)


def with_distances(selector: Tensors) -> Tensors:
    """The classifier with what distances need; one that was stored before distances were kept has no image far from a
    site."""
    if "means" in selector:
        return selector
    weight = selector["weight"]
    nowhere = {"means": torch.zeros_like(weight), "precision": weight.new_zeros(weight.shape[1], weight.shape[1])}
    return UNCALIBRATED | nowhere | selector


def squared_distance(selector: Tensors, features_ND: torch.Tensor) -> torch.Tensor:  # noqa: N803 (shape suffix)
    """[N] float64: squared Mahalanobis distance to the nearest site's mean."""
    squares = []
    for mean, bias in zip(selector["means"], selector["bias"], strict=True):
        if bias > ABSENT_LOGIT:
            difference = features_ND - mean
            squares.append(((difference @ selector["precision"]) * difference).sum(dim=1))
    return torch.stack(squares).min(dim=0).values
