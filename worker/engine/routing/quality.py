"""Routing by expected quality: a case gets the model that is expected to segment it best, whatever site it is from.

Sites score the K + 1 models on their validation cases. Each model's Dice is regressed on a short vector x that
describes the case (the selector's probabilities, or the image descriptors), by ridge regression on standardized x with
an intercept that is not shrunk:

    minimise over (a_m, b_m):  1/N sum_i (y_im - a_m - z_i . b_m)^2 + ridge ||b_m||^2,     z = (x - mean) / deviation

A site sends sums over its validation cases (count, x, y, x x^T, x y^T) and no score of a case. From the added sums the
server solves the normal equations in closed form, so the result is that of pooled cases and independent of the sites'
order. A case gets the model with the largest expected Dice, the global one among them, without a threshold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

import torch

from worker.engine.data import Case
from worker.engine.descriptors import num_descriptors
from worker.engine.plan import Plan
from worker.engine.routing.base import COUNT, ValidationRule, report_of, require_enough
from worker.engine.selectors.base import groups_of_patients, route
from worker.engine.selectors.features import features_of
from worker.engine.soundness import check_update
from worker.engine.state import GLOBAL, Tensors, personalized

X, Y, XX, XY = "x", "y", "xx", "xy"
MEAN, SCALE, INTERCEPT, WEIGHT = "mean", "scale", "intercept", "weight"
#: A feature whose deviation is below this is the same for all cases, and says nothing.
MIN_DEVIATION = 1e-6


@final
@dataclass(frozen=True)
class ExpectedQuality(ValidationRule):
    """The rule of this file.

    describes: x, what the Dice is expected from.
    ridge: strength of the shrinkage, above 0.
    minimum_cases: the validation cases that a site needs to send its sums.
    gamma: the threshold that routes cases until there are sums, 0 to 1.
    """

    describes: Literal["probabilities", "descriptors"]
    ridge: float
    minimum_cases: int
    gamma: float

    @property
    def part(self) -> str:
        return "selector_quality"

    @property
    def scores_all_models(self) -> bool:
        return True

    def initial(self) -> Tensors:
        return {COUNT: torch.zeros(1, dtype=torch.float64)}

    def scored_parts(self, probabilities: Sequence[float], sites: Sequence[str]) -> frozenset[str]:  # noqa: ARG002
        return frozenset(models_of(sites))

    def sums(
        self,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence[Case],
        dice: Sequence[Mapping[str, float | None]],
        plan: Plan,
    ) -> Tensors:
        models = models_of(plan.sites)
        scores = [[case[name] for name in models] for case in dice]
        scored = [i for i, row in enumerate(scores) if None not in row]
        x = self.described(probabilities_NK, cases, plan)[scored]
        y = torch.tensor([[score or 0.0 for score in scores[i]] for i in scored], dtype=torch.float64)
        y = y.reshape(len(scored), len(models))
        return {
            COUNT: torch.tensor([float(len(scored))], dtype=torch.float64),
            X: x.sum(dim=0),
            Y: y.sum(dim=0),
            XX: (x.T @ x).contiguous(),
            XY: (x.T @ y).contiguous(),
        }

    def check(self, participant: str, report: Tensors, plan: Plan) -> None:
        """Takes the descriptors of a picture or of a volume; `solve` checks that all sites have the same ones.

        Raises ValueError.
        """
        sizes = self._sizes(plan)
        size = len(report[X]) if X in report and report[X].ndim == 1 and len(report[X]) in sizes else sizes[0]
        models = len(plan.sites) + 1
        shapes = {COUNT: (1,), X: (size,), Y: (models,), XX: (size, size), XY: (size, models)}
        check_update(participant, report_of(participant), report, {key: torch.empty(s) for key, s in shapes.items()})
        require_enough(participant, float(report[COUNT]), self.minimum_cases)

    def solve(self, reports: Sequence[Tensors], plan: Plan) -> Tensors:  # noqa: ARG002
        """The weights that the sums of all sites give.

        Raises ValueError where sites have different numbers of descriptors.
        """
        if len({len(report[X]) for report in reports}) > 1:
            raise ValueError(
                "sites have descriptors of different numbers: register pictures at all sites, or volumes at all"
            )
        total = {key: torch.stack([report[key] for report in reports]).sum(dim=0) for key in (COUNT, X, Y, XX, XY)}
        count = total[COUNT]
        mean, mean_y = total[X] / count, total[Y] / count
        covariance = total[XX] / count - torch.outer(mean, mean)
        variance = covariance.diagonal().clamp_min(0)
        scale = torch.where(variance > MIN_DEVIATION**2, variance.clamp_min(MIN_DEVIATION**2).rsqrt(), 0.0)
        correlation = covariance * torch.outer(scale, scale)
        with_y = (total[XY] / count - torch.outer(mean, mean_y)) * scale[:, None]
        ridged = correlation + self.ridge * torch.eye(len(mean), dtype=torch.float64)
        return {
            COUNT: count,
            MEAN: mean,
            SCALE: scale,
            INTERCEPT: mean_y,
            WEIGHT: torch.linalg.solve(ridged, with_y).contiguous(),
        }

    def choose(
        self,
        learned: Tensors,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence[Case],
        plan: Plan,
    ) -> list[str]:
        """Cases of one patient share the mean of their expectations. Ties go to the global model, then in site
        order."""
        if float(learned[COUNT]) == 0:
            return [route(row, plan.sites, self.gamma) for row in probabilities_NK.tolist()]
        expected = self.expected(learned, self.described(probabilities_NK, cases, plan))
        owners = groups_of_patients(cases)
        sums = torch.zeros(int(owners.max()) + 1, expected.shape[1], dtype=torch.float64).index_add_(
            0, owners, expected
        )
        models = models_of(plan.sites)
        return [models[index] for index in (sums / torch.bincount(owners)[:, None]).argmax(dim=1)[owners].tolist()]

    def expected(self, learned: Tensors, described_ND: torch.Tensor) -> torch.Tensor:  # noqa: N803 (shape suffix)
        """[N, K + 1] float64: the expected Dice of the global and each site's model, in site order. described: x."""
        return learned[INTERCEPT] + ((described_ND - learned[MEAN]) * learned[SCALE]) @ learned[WEIGHT]

    def described(
        self,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence[Case],
        plan: Plan,
    ) -> torch.Tensor:
        """[N, D] float64: x of each case."""
        if self.describes == "probabilities":
            return probabilities_NK
        return features_of("descriptors", cases, plan, None)

    def _sizes(self, plan: Plan) -> tuple[int, ...]:
        if self.describes == "probabilities":
            return (len(plan.sites),)
        return tuple(num_descriptors(plan.num_channels, is_volume) for is_volume in (False, True))


def models_of(sites: Sequence[str]) -> tuple[str, ...]:
    """The part names of the K + 1 models: the global one, then the sites' in site order."""
    return (GLOBAL, *map(personalized, sites))
