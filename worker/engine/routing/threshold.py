"""The threshold gamma of the super model, chosen by validation cases.

A site sends, for each threshold of a grid, the sum over its validation cases of the Dice that the super model has at
it. The server adds the sums up and takes the best threshold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch

from worker.engine.aggregation import check_update
from worker.engine.data import Case
from worker.engine.metrics import Metric
from worker.engine.plan import Plan
from worker.engine.routing.base import ValidationRule, report_of, require_enough
from worker.engine.selectors.base import route
from worker.engine.state import GLOBAL, Tensors

GAMMA, DICE, COUNT = "gamma", "dice_of_threshold", "num_cases"


@final
@dataclass(frozen=True)
class ThresholdFromValidation(ValidationRule):
    """The rule of this file.

    gamma: the threshold until a round has been validated, 0 to 1.
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

    def report(
        self,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence[Case],  # noqa: ARG002
        dice: Sequence[Mapping[str, float | None]],
        plan: Plan,
    ) -> Tensors:
        sums, num_cases = [0.0] * len(self.thresholds), 0
        for row, scores in zip(probabilities_NK.tolist(), dice, strict=True):
            shared, own = scores[GLOBAL], scores[route(row, plan.sites, 0.0)]
            if shared is None or own is None:  # a case whose structures no mask and no reference has
                continue
            num_cases += 1
            for index, gamma in enumerate(self.thresholds):
                sums[index] += own if max(row) > gamma else shared
        if num_cases < max(1, self.minimum_cases):
            return {}
        return {
            DICE: torch.tensor(sums, dtype=torch.float64),
            COUNT: torch.tensor([float(num_cases)], dtype=torch.float64),
        }

    def check(self, participant: str, report: Tensors, plan: Plan) -> None:  # noqa: ARG002
        expected = {DICE: torch.empty(len(self.thresholds)), COUNT: torch.empty(1)}
        check_update(participant, report_of(participant), report, expected)
        require_enough(participant, float(report[COUNT]), self.minimum_cases)

    def solve(self, reports: Sequence[Tensors], plan: Plan) -> Tensors:  # noqa: ARG002
        sums = torch.stack([report[DICE] for report in reports]).sum(dim=0)
        best = self.best(dict(zip(self.thresholds, sums.tolist(), strict=True)))
        return {GAMMA: torch.tensor([best], dtype=torch.float64)}

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
