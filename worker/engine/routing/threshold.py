"""The threshold gamma of the super model, chosen by validation cases.

A site sends, for each threshold of a grid, the sum over its validation cases of the Dice that the super model has at
it. The server adds the sums up and takes the best threshold, if it is better than gamma by more than one standard error
of the mean difference over the cases; else gamma stays, for a few cases say little. The error comes of one sum more for
each threshold: of the squared differences of the cases' Dice from what they have at gamma.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch

from worker.engine.data import Case
from worker.engine.metrics import Metric
from worker.engine.plan import Plan
from worker.engine.routing.base import COUNT, ValidationRule, report_of, require_enough
from worker.engine.selectors.base import route
from worker.engine.soundness import check_update
from worker.engine.state import GLOBAL, Tensors

GAMMA, DICE = "gamma", "dice_of_threshold"
#: Sums at gamma, and of squared differences from it; a version before sent neither, and chose without them.
DICE_AT_GAMMA, SQUARES = "dice_at_gamma", "squared_differences"
#: Differences below this are of rounding alone.
_ROUNDING = 1e-9


@final
@dataclass(frozen=True)
class ThresholdFromValidation(ValidationRule):
    """The rule of this file.

    gamma: the threshold until validation shows a better one, 0 to 1.
    thresholds: those that are tried, T of them, ascending, 0 to 1.
    best: chooses one of them by the sums of Dice, which it is given by threshold.
    minimum_cases: the validation cases that a site needs to send its sums: those of one case are its scores.
    """

    gamma: float
    thresholds: tuple[float, ...]
    best: Callable[[Mapping[float, float]], float]
    minimum_cases: int

    @property
    def part(self) -> str:
        return "selector_threshold"

    def initial(self) -> Tensors:
        return {GAMMA: torch.tensor([self.gamma], dtype=torch.float64)}

    def scored_parts(self, probabilities: Sequence[float], sites: Sequence[str]) -> frozenset[str]:
        return frozenset({GLOBAL, route(probabilities, sites, 0.0)})

    def sums(
        self,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence[Case],  # noqa: ARG002
        dice: Sequence[Mapping[str, float | None]],
        plan: Plan,
    ) -> Tensors:
        rows = probabilities_NK.tolist()
        pairs = [
            (of_case[GLOBAL], of_case[route(row, plan.sites, 0.0)]) for row, of_case in zip(rows, dice, strict=True)
        ]
        # A case whose structures no mask and no reference has counts for nothing.
        scored = [i for i, pair in enumerate(pairs) if None not in pair]
        both = torch.tensor([[value or 0.0 for value in pairs[i]] for i in scored], dtype=torch.float64).reshape(-1, 2)
        largest = torch.tensor([max(rows[i]) for i in scored], dtype=torch.float64)
        tried = torch.tensor([*self.thresholds, self.gamma], dtype=torch.float64)
        at_NT = torch.where(largest[:, None] > tried, both[:, 1:], both[:, :1])  # noqa: N806 (shape suffix)
        differences_NT = at_NT[:, :-1] - at_NT[:, -1:]  # noqa: N806 (shape suffix)
        return {
            DICE: at_NT[:, :-1].sum(dim=0),
            COUNT: torch.tensor([float(len(scored))], dtype=torch.float64),
            DICE_AT_GAMMA: at_NT[:, -1:].sum(dim=0),
            SQUARES: (differences_NT**2).sum(dim=0),
        }

    def check(self, participant: str, report: Tensors, plan: Plan) -> None:  # noqa: ARG002
        num = len(self.thresholds)
        expected = {DICE: torch.empty(num), COUNT: torch.empty(1)}
        if report.keys() & {DICE_AT_GAMMA, SQUARES}:
            expected |= {DICE_AT_GAMMA: torch.empty(1), SQUARES: torch.empty(num)}
        check_update(participant, report_of(participant), report, expected)
        require_enough(participant, float(report[COUNT]), self.minimum_cases)

    def solve(self, reports: Sequence[Tensors], plan: Plan) -> Tensors:  # noqa: ARG002
        shared = [key for key in reports[0] if all(key in report for report in reports)]
        total = {key: torch.stack([report[key] for report in reports]).sum(dim=0) for key in shared}
        best = self.best(dict(zip(self.thresholds, total[DICE].tolist(), strict=True)))
        if SQUARES in total and not self._is_clear(best, total):
            best = self.gamma
        return {GAMMA: torch.tensor([best], dtype=torch.float64)}

    def _is_clear(self, best: float, total: Tensors) -> bool:
        """Whether a threshold is better than gamma by more than the standard error of the mean difference: one case
        that differs never is enough."""
        index, count = self.thresholds.index(best), float(total[COUNT])
        if count < 2:
            return False
        mean = (float(total[DICE][index]) - float(total[DICE_AT_GAMMA])) / count
        variance = max(0.0, float(total[SQUARES][index]) / count - mean**2)
        return mean > math.sqrt(variance / (count - 1)) + _ROUNDING

    def choose(
        self,
        learned: Tensors,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence[Case],  # noqa: ARG002
        plan: Plan,
    ) -> list[str]:
        gamma = float(learned[GAMMA])
        return [route(row, plan.sites, gamma) for row in probabilities_NK.tolist()]

    def metrics(self, learned: Tensors, round_: int, num_cases: int) -> tuple[Metric, ...]:
        return (Metric(round_, "selector", "val", "gamma", None, float(learned[GAMMA]), num_cases),)
