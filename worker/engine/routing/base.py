"""The interface of a rule that the sites' validation cases choose, in place of a threshold that is set.

While a site validates the state of the round before, it sums what its validation cases say of the rule, and sends the
sums with its next update. The server adds them up and solves, so that the rule is what pooled cases would give and no
score of a case leaves a site. A state's rule is thus chosen on the models of one round before, as the temperature of a
classifier is, and on validation cases alone.

No case is judged by a rule that was learned from it. A site that scores the state takes its own sums out of the total
and puts those of its other patients back, for each patient in turn: the rule is solved again without the patient. A
closed form makes that cheap, and the total is all that the site needs of the others.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from worker.engine.metrics import Metric
from worker.engine.selectors.base import groups_of_patients
from worker.engine.state import State, Tensors

if TYPE_CHECKING:
    from worker.engine.data import Case
    from worker.engine.plan import Plan

#: Prefix of the part with a site's sums. The server keeps each site's last one, so that an absent site counts too.
REPORT = "selector_report"
#: Of a site's sums: how many cases they are of.
COUNT = "num_cases"
#: Of what was learned: [K], 1 where a site's sums are in it, in site order; and the prefix of all sites' sums.
REPORTED, TOTAL = "reported", "total_"


def report_of(site: str) -> str:
    """The name of the part that holds a site's sums."""
    return f"{REPORT}/{site}"


class ValidationRule(ABC):
    """Abstract: how the super model chooses a model for a case. Subclasses are final, frozen dataclasses.

    minimum_cases: the scored validation cases that a site needs to send its sums: those of one case are its scores.
    """

    minimum_cases: int

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
    def sums(
        self,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence["Case"],
        dice: Sequence[Mapping[str, float | None]],
        plan: "Plan",
    ) -> Tensors:
        """Over validation cases, without those that have no score; COUNT is among them.

        probabilities: [N, K] float64, of the selector. dice: for each case, part name of a scored model to the mean
        Dice of its structures, or None where all are missing.
        """

    def report(
        self,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence["Case"],
        dice: Sequence[Mapping[str, float | None]],
        plan: "Plan",
    ) -> Tensors:
        """The sums over a site's validation cases, as `sums` takes them; empty where they are of too few to leave."""
        sums = self.sums(probabilities_NK, cases, dice, plan)
        return sums if float(sums[COUNT]) >= max(1, self.minimum_cases) else {}

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

    def choose_without_own(
        self,
        learned: Tensors,
        own: Tensors,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence["Case"],
        dice: Sequence[Mapping[str, float | None]],
        plan: "Plan",
    ) -> list[str]:
        """`choose` for a site's validation cases, each by a rule that knows nothing of its patient.

        As `without_own` takes them.
        """
        names = [""] * len(cases)
        for chosen, solved in self.without_own(learned, own, probabilities_NK, cases, dice, plan):
            found = self.choose(solved, probabilities_NK[chosen], [cases[i] for i in chosen], plan)
            for index, name in zip(chosen, found, strict=True):
                names[index] = name
        return names

    def without_own(
        self,
        learned: Tensors,
        own: Tensors,
        probabilities_NK: torch.Tensor,  # noqa: N803 (shape suffix)
        cases: Sequence["Case"],
        dice: Sequence[Mapping[str, float | None]],
        plan: "Plan",
    ) -> Iterator[tuple[list[int], Tensors]]:
        """Yields the positions of each patient's cases among a site's validation cases, and what is learned without
        the patient.

        own: the site's sums that are in what was learned; empty where there are none. dice: as `sums` takes it.
        """
        if not own or REPORTED not in learned:  # nothing of the site was learned, or by a version that kept no total
            yield list(range(len(cases))), learned
            return
        owners = groups_of_patients(cases)
        members = [(owners == number).nonzero().flatten().tolist() for number in range(int(owners.max()) + 1)]
        of_patients = [
            self.sums(probabilities_NK[chosen], [cases[i] for i in chosen], [dice[i] for i in chosen], plan)
            for chosen in members
        ]
        keys = [key for key in own if TOTAL + key in learned]
        everyone = {
            key: learned[TOTAL + key] - own[key] + torch.stack([sums[key] for sums in of_patients]).sum(dim=0)
            for key in keys
        }
        for chosen, sums in zip(members, of_patients, strict=True):
            rest = {key: everyone[key] - sums[key] for key in keys}
            yield chosen, self.solve([rest], plan) if float(rest[COUNT]) > 0 else self.initial()

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


def own_sums(load_part: Callable[[str], Tensors], learned: Tensors, site: str, plan: "Plan") -> Tensors:
    """The sums of a site that are in what was learned; empty where there are none. load_part: of the state's parts."""
    if REPORTED in learned and float(learned[REPORTED][plan.sites.index(site)]) > 0:
        return load_part(report_of(site))
    return {}


def learned_parts(rule: ValidationRule | None, state: State, updates: Sequence[State], plan: "Plan") -> State:
    """The rule from each site's last sums, in site order, and these sums; nothing without a rule.

    state: the one that the sites received. updates: the parts of each site present.
    """
    if rule is None:
        return {}
    latest = {name: part for parts in (state, *updates) for name, part in parts.items() if name.startswith(REPORT)}
    reports = {name: latest[name] for site in plan.sites if (name := report_of(site)) in latest}
    return {rule.part: learned_from(rule, reports, plan) if reports else state[rule.part], **reports}


def learned_from(rule: ValidationRule, reports: State, plan: "Plan") -> Tensors:
    """What a rule learns, with the total that it is learned from. reports: at least one, by `report_of`, in site order.

    Raises ValueError where they do not fit together.
    """
    solved = rule.solve(list(reports.values()), plan)
    shared = [key for key in next(iter(reports.values())) if all(key in report for report in reports.values())]
    totals = {TOTAL + key: torch.stack([report[key] for report in reports.values()]).sum(dim=0) for key in shared}
    present = [float(report_of(site) in reports) for site in plan.sites]
    return solved | totals | {REPORTED: torch.tensor(present, dtype=torch.float64)}
