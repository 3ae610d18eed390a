"""The closed-form selector: federated linear discriminant analysis of image features.

Each site sends the count, sum and second moment of its training cases' features. From these the server computes exactly
the classifier that pooled data would give, without training and independent of the sites' order. Descriptors are sent
once, in kilobytes.

Encoder features depend on the global model, so sites describe their cases again for every model they receive, and the
classifier is kept together with the weights that its features were made with (part `selector_encoder`, the same content
as that round's global model). Moments of different encoders are never mixed: while a site that has taken part before is
absent, the classifier stays with the last encoder that all such sites have described, and the next one is a candidate
until they have.

An image whose Mahalanobis distance to every site is far above that of held-out cases is of none of them, and a linear
classifier would be surest of just those. Its probabilities are made nearly equal, so that the global model segments it.

Probabilities are calibrated: each site returns the held-out (validation) log-loss of the classifier it received on a
grid of temperatures, and the server takes the temperature with the least total.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from worker.engine.data import Case, ParticipantData, training_cases
from worker.engine.plan import Plan
from worker.engine.progress import OnProgress
from worker.engine.selectors.base import SELECTOR, ClosedFormSelector, Unlikeness
from worker.engine.selectors.calibration import (
    UNCALIBRATED,
    USUAL_DISTANCE,
    calibrate,
    check_report,
    held_out_report,
)
from worker.engine.selectors.distances import ABSENT_LOGIT, FAR_SHARE, logits_of, squared_distance, with_distances
from worker.engine.selectors.features import FeatureSet, feature_floors, features_of, num_features
from worker.engine.selectors.quadratic import quadratic_terms
from worker.engine.similarity import site_distances
from worker.engine.soundness import check_finite, check_update
from worker.engine.state import GLOBAL, State, Tensors

MOMENTS = "selector_moments"
ENCODER = "selector_encoder"
#: Part of an encoder that not all sites have described their cases with yet, and prefix of the moments that are there.
CANDIDATE = "selector_candidate"
CANDIDATE_MOMENTS = "selector_candidate_moments"
CALIBRATION = "selector_calibration"
#: Feature deviations below this are numerical noise.
MIN_DEVIATION = 1e-9


@dataclass(frozen=True)
class LdaSelector(ClosedFormSelector):
    """The closed-form selector of this file.

    shrinkage: the identity's share in the correlation matrix, 0 to 1.
    minimum_cases: the training cases that a site needs to take part.
    features: what describes a case.
    farthest: an image is of no site where its squared distance to every site is more than this many times that of
    held-out cases; infinity sets no limit.
    quadratic: how much of its covariance is a site's own, 0 (linear) to 1 (quadratic.py).
    """

    shrinkage: float
    minimum_cases: int
    features: FeatureSet
    farthest: float
    quadratic: float = 0.0

    def initial_parts(self, plan: Plan) -> State:  # noqa: ARG002 (nothing to draw)
        return {}

    def downloads(self, participant: str) -> tuple[str, ...]:
        own = f"{MOMENTS}/{participant}", f"{CANDIDATE_MOMENTS}/{participant}"
        return SELECTOR, ENCODER, CANDIDATE, *own

    def site_update(
        self,
        parts: State,
        data: ParticipantData,
        site: str,
        round_: int,  # noqa: ARG002 (the same in every round)
        plan: Plan,
        on_progress: OnProgress,
    ) -> State:
        """The moments that the server lacks, and the held-out losses once there is a classifier."""
        cases = training_cases(data)
        self._check_count(site, len(cases))
        update: State = {}
        for prefix, encoder in self._encoders(parts).items():
            if f"{prefix}/{site}" not in parts:
                update[f"{prefix}/{site}"] = moments_of(features_of(self.features, cases, plan, encoder))
        held_out = [case for site_data in data for case in site_data.val]
        index = plan.sites.index(site)
        if SELECTOR in parts and held_out and parts[SELECTOR]["bias"][index] > ABSENT_LOGIT:
            selector = with_distances(parts[SELECTOR])
            described = self._features(parts.__getitem__, held_out, plan)
            logits = logits_of(selector, described)
            distances = squared_distance(selector, described)
            update[f"{CALIBRATION}/{site}"] = held_out_report(logits, distances, index)
        on_progress(1.0)
        return update

    def aggregate(
        self,
        state: State,
        updates: Mapping[str, State],
        weights: Mapping[str, float],  # noqa: ARG002 (moments carry their own counts)
        plan: Plan,
    ) -> State:
        known = {name: part for name, part in state.items() if name.startswith((MOMENTS, CANDIDATE_MOMENTS))}
        new = {
            name: part
            for update in updates.values()
            for name, part in update.items()
            if name.startswith((MOMENTS, CANDIDATE_MOMENTS))
        }
        kept = self._promoted(state, known | new)
        if new:
            moments = {site: kept.get(f"{MOMENTS}/{site}") for site in plan.sites}
            floors = self._floors(moments, plan)
            selector = solve_lda(moments, self.shrinkage, floors)
            if self.quadratic > 0:
                selector |= quadratic_terms(moments, self.quadratic, self.shrinkage, floors, MIN_DEVIATION)
            before = UNCALIBRATED | state.get(SELECTOR, {})
            selector |= {key: before[key] for key in UNCALIBRATED}
        else:
            selector = with_distances(state[SELECTOR])
        reports = [u[name] for site, u in updates.items() if (name := f"{CALIBRATION}/{site}") in u]
        return {SELECTOR: selector | calibrate(reports), **kept}

    @property
    def encoder_parts(self) -> tuple[str, ...]:
        return () if self.features == "descriptors" else (ENCODER,)

    def sums(self, parts: State, data: ParticipantData, site: str, plan: Plan) -> State:
        cases = training_cases(data)
        self._check_count(site, len(cases))
        return {f"{MOMENTS}/{site}": moments_of(self._features(parts.__getitem__, cases, plan))}

    def check_sums(self, site: str, update: State, plan: Plan) -> None:
        name = f"{MOMENTS}/{site}"
        if list(update) != [name]:
            raise ValueError(f"site {site}: sent {', '.join(update) or 'nothing'}, expected {name} alone")
        check_finite(site, name, update[name])
        self._check_moments(site, name, update[name], plan)

    def with_sums(self, state: State, updates: Mapping[str, State], plan: Plan) -> State:
        found = self.aggregate(state, updates, {}, plan)
        return {name: part for name, part in found.items() if not name.startswith(CANDIDATE)}

    def _encoders(self, parts: State) -> dict[str, Tensors | None]:
        """By prefix of their moments, the encoders to describe cases with: the one in use, and the next one."""
        if self.features == "descriptors":
            return {MOMENTS: None}
        current: dict[str, Tensors | None] = {MOMENTS: parts[ENCODER]} if ENCODER in parts else {}
        return current | {CANDIDATE_MOMENTS: parts.get(CANDIDATE, parts[GLOBAL])}

    def _promoted(self, state: State, moments: State) -> State:
        """The moments to keep and their encoders; the candidate takes over once no known site's moments are missing."""
        if self.features == "descriptors":
            return moments
        candidate = state.get(CANDIDATE, state[GLOBAL])
        current = {name: part for name, part in moments.items() if name.startswith(f"{MOMENTS}/")}
        described = {
            name.removeprefix(f"{CANDIDATE_MOMENTS}/"): part for name, part in moments.items() if name not in current
        }
        if all(name.removeprefix(f"{MOMENTS}/") in described for name in current):
            return {ENCODER: candidate} | {f"{MOMENTS}/{site}": part for site, part in described.items()}
        return {ENCODER: state[ENCODER], CANDIDATE: candidate} | moments

    def _floors(self, moments: Mapping[str, Tensors | None], plan: Plan) -> torch.Tensor:
        size = next(len(m["sum"]) for m in moments.values() if m is not None)
        return feature_floors(self.features, plan, is_volume=size != num_features(self.features, plan, is_volume=False))

    def check(self, state: State, participant: str, update: State, plan: Plan) -> None:
        """Raises ValueError for another site's moments, and for a site's own that were never sent."""
        own = {f"{prefix}/{participant}" for prefix in (MOMENTS, CANDIDATE_MOMENTS, CALIBRATION)}
        for name, part in update.items():
            if name.startswith((MOMENTS, CANDIDATE_MOMENTS, CALIBRATION)):
                if name not in own:
                    raise ValueError(f"site {participant}: {name} is another site's: a site sends its own only")
                check_finite(participant, name, part)
        for prefix in self._encoders(state):
            name = f"{prefix}/{participant}"
            if name in update:
                self._check_moments(participant, name, update[name], plan)
            elif name not in state:
                raise ValueError(f"site {participant}: {name} is missing, and it was not sent in an earlier round")
        calibration = f"{CALIBRATION}/{participant}"
        if calibration in update:
            check_report(participant, calibration, update[calibration])

    def _check_moments(self, participant: str, name: str, moments: Tensors, plan: Plan) -> None:
        """Takes the features of a picture or of a volume; `solve_lda` checks that all sites have the same ones."""
        of_picture, of_volume = (num_features(self.features, plan, is_volume) for is_volume in (False, True))
        size = of_volume if len(moments.get("sum", ())) == of_volume else of_picture
        expected = {"count": torch.empty(1), "sum": torch.empty(size), "second_moment": torch.empty(size, size)}
        check_update(participant, name, moments, expected)
        self._check_count(participant, int(moments["count"]))

    def probabilities(self, load_part: Callable[[str], Tensors], cases: Sequence[Case], plan: Plan) -> torch.Tensor:
        return self.probabilities_and_unlikeness(load_part, cases, plan)[0]

    def probabilities_and_unlikeness(
        self, load_part: Callable[[str], Tensors], cases: Sequence[Case], plan: Plan
    ) -> tuple[torch.Tensor, list[Unlikeness | None]]:
        selector = with_distances(load_part(SELECTOR))
        described = self._features(load_part, cases, plan)
        logits = logits_of(selector, described)
        probabilities = torch.softmax(logits / selector["temperature"], dim=1)
        known = selector["bias"] > ABSENT_LOGIT
        equal = known.double() / known.sum()
        usual = selector[USUAL_DISTANCE]
        squared = squared_distance(selector, described)
        is_far = (squared > self.farthest * usual) & (usual > 0)
        shared = torch.where(is_far[:, None], FAR_SHARE * probabilities + (1 - FAR_SHARE) * equal, probabilities)
        if usual <= 0:  # no site has described its validation images yet
            return shared, [None] * len(cases)
        times = (squared / usual).sqrt()
        return shared, [Unlikeness(*each) for each in zip(times.tolist(), is_far.tolist(), strict=True)]

    def site_distances(self, parts: State, sites: Sequence[str]) -> torch.Tensor:
        return site_distances([parts[f"{MOMENTS}/{site}"] for site in sites])

    def _features(self, load_part: Callable[[str], Tensors], cases: Sequence[Case], plan: Plan) -> torch.Tensor:
        encoder = None if self.features == "descriptors" else load_part(ENCODER)
        return features_of(self.features, cases, plan, encoder)

    def _check_count(self, site: str, num_cases: int) -> None:
        """Raises ValueError for too few cases: at the site before anything leaves it, and again at the server."""
        if num_cases < self.minimum_cases:
            raise ValueError(
                f"site {site} has {num_cases} training cases, fewer than selector.minimum_cases "
                f"{self.minimum_cases}: its feature moments could reveal a case. Register more cases or lower "
                "selector.minimum_cases"
            )


def moments_of(features_ND: torch.Tensor) -> Tensors:  # noqa: N803 (shape suffix)
    """Count [1], sum [D] and second moment [D, D] of float64 features: nothing else leaves a site."""
    return {
        "count": torch.tensor([float(len(features_ND))], dtype=torch.float64),
        "sum": features_ND.sum(dim=0),
        "second_moment": features_ND.T @ features_ND,
    }


def solve_lda(moments: Mapping[str, Tensors | None], shrinkage: float, floors: torch.Tensor) -> Tensors:
    """Linear discriminant analysis with equal priors, from each site's moments.

    moments: by site, in site order; None for a site that has sent none.
    shrinkage: 0 to 1.
    floors: [D], each added to its feature's variance as a square.

    Features are standardized by the pooled within-site deviation; the correlation matrix R that remains is shrunk
    towards the identity: (1 - shrinkage) R + shrinkage I (Friedman 1989). Returns float64 `weight` [K, D] and `bias`
    [K], for logits = features weight^T + bias; and for `squared_distance` the sites' `means` [K, D], 0 for absent
    sites, and `precision` [D, D]. Raises ValueError without moments, and where sites have features of different
    numbers.
    """
    present = [m for m in moments.values() if m is not None]
    if not present:
        raise ValueError("no site has sent feature moments yet: at least one must complete the round")
    if len({len(m["sum"]) for m in present}) > 1:
        raise ValueError("sites have features of different numbers: register pictures at all sites, or volumes at all")
    num_cases = sum(float(m["count"]) for m in present)
    means = [m["sum"] / m["count"] for m in present]
    scatter = torch.zeros_like(present[0]["second_moment"])
    for m, mean in zip(present, means, strict=True):
        scatter += m["second_moment"] - m["count"] * torch.outer(mean, mean)
    within = scatter / max(num_cases - len(present), 1.0) + torch.diag(floors**2)
    deviation = within.diagonal().clamp_min(MIN_DEVIATION**2).sqrt()
    correlation = within / torch.outer(deviation, deviation)
    shrunk = (1 - shrinkage) * correlation + shrinkage * torch.eye(len(correlation), dtype=torch.float64)
    # A feature that never varied has no unit of distance, so distances leave it out.
    varies = within.diagonal() > MIN_DEVIATION**2
    precision = torch.linalg.inv(shrunk) / torch.outer(deviation, deviation) * torch.outer(varies, varies)
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
    at = iter(means)
    return {
        "weight": torch.stack(rows),
        "bias": torch.stack(biases),
        "means": torch.stack([torch.zeros_like(deviation) if sent is None else next(at) for sent in moments.values()]),
        # In rows, as it comes back from a file, because a matrix in columns is multiplied in another order.
        "precision": precision.contiguous(),
    }
