"""The closed-form selector: federated linear discriminant analysis of image descriptors.

Each site sends, once, the count, sum and second moment of its training images' descriptors. From these the server
computes exactly the classifier that pooled data would give. No rounds, kilobytes, independent of the sites' order.
Its probabilities are then calibrated: each site returns the held-out (validation) log-loss of the classifier on a grid
of temperatures, and the server takes the temperature with the least total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from worker.engine.aggregation import check_finite, check_update
from worker.engine.data import Case, ParticipantData, training_cases
from worker.engine.descriptors import num_descriptors
from worker.engine.local_training import OnProgress
from worker.engine.plan import Plan, State, Tensors
from worker.engine.selectors.base import SELECTOR, Selector

#: Temperatures tried, log-spaced. None below 1: a few held-out cases without an error would always ask for the
#: sharpest, so they may soften what the Gaussian model says and never sharpen it.
TEMPERATURES = torch.logspace(0, 2, 31, dtype=torch.float64)
MOMENTS = "selector_moments"
CALIBRATION = "selector_calibration"
#: The calibration's only tensor, [T].
LOSSES = "loss_of_temperature"
#: Descriptor deviations below this are numerical noise.
SMALLEST_DEVIATION = 1e-9
#: The logit of a site that has not sent its moments: probability 0, and a finite number in the file.
ABSENT_LOGIT = -1e30


@dataclass(frozen=True)
class LdaSelector(Selector):
    shrinkage: float
    minimum_cases: int

    def initial_parts(self, plan: Plan) -> State:  # noqa: ARG002 (nothing to draw)
        return {}

    def downloads(self, participant: str) -> tuple[str, ...]:
        return SELECTOR, f"{MOMENTS}/{participant}"

    def site_update(
        self,
        parts: State,
        data: ParticipantData,
        site: str,
        round_: int,  # noqa: ARG002 (the same in every round)
        plan: Plan,
        on_progress: OnProgress,
    ) -> State:
        """The moments while the server lacks them, and the held-out losses once there is a classifier."""
        update: State = {}
        if f"{MOMENTS}/{site}" not in parts:
            update[f"{MOMENTS}/{site}"] = self._moments(training_cases(data), site)
        held_out = [case for site_data in data for case in site_data.val]
        if SELECTOR in parts and held_out:
            losses = held_out_losses(parts[SELECTOR], held_out, plan.sites.index(site))
            update[f"{CALIBRATION}/{site}"] = {LOSSES: losses}
        on_progress(1.0)
        return update

    def aggregate(
        self,
        state: State,
        updates: Mapping[str, State],
        weights: Mapping[str, float],  # noqa: ARG002 (moments carry their own counts)
        plan: Plan,
    ) -> State:
        moments = {name: part for name, part in state.items() if name.startswith(MOMENTS)}
        new = {name: update[name] for site, update in updates.items() if (name := f"{MOMENTS}/{site}") in update}
        moments |= new
        losses = [u[name][LOSSES] for site, u in updates.items() if (name := f"{CALIBRATION}/{site}") in u]
        if new:
            selector = solve_lda({s: moments.get(f"{MOMENTS}/{s}") for s in plan.sites}, self.shrinkage)
        elif losses:
            temperature = TEMPERATURES[torch.stack(losses).sum(dim=0).argmin()]
            selector = state[SELECTOR] | {"temperature": temperature.reshape(1)}
        else:
            selector = state[SELECTOR]
        return {SELECTOR: selector, **moments}

    def check(self, state: State, participant: str, update: State, plan: Plan) -> None:
        moments, calibration = f"{MOMENTS}/{participant}", f"{CALIBRATION}/{participant}"
        for name, part in update.items():
            if name.startswith((MOMENTS, CALIBRATION)):
                if name not in (moments, calibration):
                    raise ValueError(f"site {participant}: {name} is another site's: a site sends its own only")
                check_finite(participant, name, part)
        if moments in update:
            check_update(participant, moments, update[moments], _empty_moments(plan.num_channels))
            self._check_count(participant, int(update[moments]["count"]))
        elif moments not in state:
            raise ValueError(f"site {participant}: {moments} is missing, and it was not sent in an earlier round")
        if calibration in update:
            check_update(participant, calibration, update[calibration], {LOSSES: torch.empty_like(TEMPERATURES)})

    def probabilities(self, selector: Tensors, cases: Sequence[Case], plan: Plan) -> torch.Tensor:  # noqa: ARG002
        return torch.softmax(_logits(selector, cases) / selector["temperature"], dim=1)

    def _moments(self, cases: tuple[Case, ...], site: str) -> Tensors:
        self._check_count(site, len(cases))
        return moments_of(_descriptors(cases))

    def _check_count(self, site: str, num_cases: int) -> None:
        """At the site before anything leaves it, and again at the server."""
        if num_cases < self.minimum_cases:
            raise ValueError(
                f"site {site} has {num_cases} training cases, fewer than selector.minimum_cases "
                f"{self.minimum_cases}: its feature moments could reveal a case. Register more cases or lower "
                "selector.minimum_cases"
            )


def moments_of(descriptors_ND: torch.Tensor) -> Tensors:  # noqa: N803 (shape suffix)
    """Count [1], sum [D] and second moment [D, D] of float64 descriptors: all that leaves a site."""
    return {
        "count": torch.tensor([float(len(descriptors_ND))], dtype=torch.float64),
        "sum": descriptors_ND.sum(dim=0),
        "second_moment": descriptors_ND.T @ descriptors_ND,
    }


def _empty_moments(num_channels: int) -> Tensors:
    """The keys and shapes that moments must have."""
    size = num_descriptors(num_channels)
    return {"count": torch.empty(1), "sum": torch.empty(size), "second_moment": torch.empty(size, size)}


def solve_lda(moments: Mapping[str, Tensors | None], shrinkage: float) -> Tensors:
    """Linear discriminant analysis with equal priors from each site's moments (None: it has sent none), in site order.

    Descriptors are standardized by the pooled within-site deviation; the correlation matrix that is left is shrunk
    towards the identity: (1 - shrinkage) R + shrinkage I (Friedman 1989). Returns `weight` [K, D], `bias` [K],
    `temperature` [1], float64: logits = descriptors weight^T + bias.
    """
    present = [m for m in moments.values() if m is not None]
    if not present:
        raise ValueError("no site has sent feature moments yet: at least one must complete the round")
    num_cases = sum(float(m["count"]) for m in present)
    means = [m["sum"] / m["count"] for m in present]
    scatter = torch.zeros_like(present[0]["second_moment"])
    for m, mean in zip(present, means, strict=True):
        scatter += m["second_moment"] - m["count"] * torch.outer(mean, mean)
    within = scatter / max(num_cases - len(present), 1.0)
    deviation = within.diagonal().clamp_min(SMALLEST_DEVIATION**2).sqrt()
    correlation = within / torch.outer(deviation, deviation)
    shrunk = (1 - shrinkage) * correlation + shrinkage * torch.eye(len(correlation), dtype=torch.float64)
    rows, biases = [], []
    remaining = iter(means)
    for sent in moments.values():
        if sent is None:
            rows.append(torch.zeros_like(deviation))
            biases.append(torch.tensor(ABSENT_LOGIT, dtype=torch.float64))
            continue
        mean = next(remaining) / deviation
        direction = torch.linalg.solve(shrunk, mean)
        rows.append(direction / deviation)
        biases.append(-0.5 * mean @ direction)
    return {
        "weight": torch.stack(rows),
        "bias": torch.stack(biases),
        "temperature": torch.ones(1, dtype=torch.float64),
    }


def held_out_losses(selector: Tensors, cases: Sequence[Case], site_index: int) -> torch.Tensor:
    """[T] float64: the sum over cases of -log p(own site) at each temperature."""
    logits_NK = _logits(selector, cases)  # noqa: N806 (shape suffix)
    log_p_TNK = torch.log_softmax(logits_NK[None] / TEMPERATURES[:, None, None], dim=2)  # noqa: N806
    return -log_p_TNK[:, :, site_index].sum(dim=1)


def _logits(selector: Tensors, cases: Sequence[Case]) -> torch.Tensor:
    return _descriptors(cases) @ selector["weight"].T + selector["bias"]


def _descriptors(cases: Sequence[Case]) -> torch.Tensor:
    return torch.from_numpy(np.stack([case.descriptor for case in cases]))
