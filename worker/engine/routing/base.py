"""The interface of a rule that the sites' validation cases choose, in place of a threshold that is set.

While a site validates the state of the round before, it sums what its validation cases say of the rule, and sends the
sums with its next update. The server adds them up and solves, so that the rule is what pooled cases would give and no
score of a case leaves a site. A state's rule is thus chosen on the models of one round before, as the temperature of a
classifier is, and on validation cases alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from worker.engine.metrics import Metric
from worker.engine.state import State, Tensors

if TYPE_CHECKING:
    from worker.engine.data import Case
    from worker.engine.plan import Plan

#: Prefix of the part with a site's sums. The server keeps each site's last one, so that an absent site counts too.
REPORT = "selector_report"


def report_of(site: str) -> str:
    """The name of the part that holds a site's sums."""
    return f"{REPORT}/{site}"


class ValidationRule(ABC):
    """Abstract: how the super model chooses a model for a case. Subclasses are final, frozen dataclasses."""

    @property
    @abstractmethod
    def part(self) -> str:
        """The name of the state's part that holds what was learned."""

    @property
    def scores_all_models(self) -> bool:
        """Whether every model is scored on every validation case."""
        return False

    @abstractmethod
    def initial(self) -> Tensors:
        """The part of round 0, before any site has validated."""

    @abstractmethod
    def scored_parts(self, probabilities: Sequence[float], sites: Sequence[str]) -> frozenset[str]:
        """The models whose Dice on a validation case the sums need, by part name.

        probabilities: the selector's for the case, in site order.
        """

    @abstractmethod
    def report(
        self,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence["Case"],
        dice: Sequence[Mapping[str, float | None]],
        plan: "Plan",
    ) -> Tensors:
        """The sums over a site's validation cases; empty where it may or can send none.

        probabilities: [N, K] float64, of the selector. dice: for each case, part name of a scored model to the mean
        Dice of its structures, or None where all are missing.
        """

    @abstractmethod
    def check(self, participant: str, report: Tensors, plan: "Plan") -> None:
        """Raises ValueError naming site and tensor where the sums cannot be added up."""

    @abstractmethod
    def solve(self, reports: Sequence[Tensors], plan: "Plan") -> Tensors:
        """The state's part from all sites' sums, at least one. Raises ValueError where they do not fit together."""

    @abstractmethod
    def choose(
        self,
        learned: Tensors,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence["Case"],
        plan: "Plan",
    ) -> list[str]:
        """The part name of the model for each case, in order. learned: the state's part."""

    def metrics(self, learned: Tensors, round_: int, num_cases: int) -> tuple[Metric, ...]:  # noqa: ARG002
        """What of the rule is a number of the round; nothing by default. num_cases: validation cases of the site."""
        return ()


def require_enough(participant: str, num_cases: float, minimum_cases: int) -> None:
    """Raises ValueError where a site's sums are of fewer cases."""
    if num_cases < minimum_cases:
        raise ValueError(
            f"site {participant}: its sums are of {num_cases:g} validation cases, and {minimum_cases} are needed: "
            "scores of so few could reveal a case"
        )


def check_reports(rule: ValidationRule | None, participant: str, parts: State, plan: "Plan") -> None:
    """Raises ValueError where a site's update holds sums that are not its own, not asked for, or of wrong shapes."""
    for name, part in parts.items():
        if name.startswith(REPORT):
            if rule is None or name != report_of(participant):
                raise ValueError(f"site {participant}: {name} is not expected: a site sends its own sums only")
            rule.check(participant, part, plan)


def learned_parts(rule: ValidationRule | None, state: State, updates: Sequence[State], plan: "Plan") -> State:
    """The rule from each site's last sums, in site order, and these sums; nothing without a rule.

    state: the one that the sites received. updates: the parts of each site present.
    """
    if rule is None:
        return {}
    latest = {name: part for parts in (state, *updates) for name, part in parts.items() if name.startswith(REPORT)}
    reports = {name: latest[name] for site in plan.sites if (name := report_of(site)) in latest}
    return {rule.part: rule.solve(list(reports.values()), plan) if reports else state[rule.part], **reports}
