"""The one place that words what a table's reader must know of the methods' effort."""

from collections.abc import Mapping, Sequence

from backend.contracts.methods.references import CentralizedConfig
from backend.contracts.score_text import signed
from backend.db.models import Run
from backend.evaluations.effort.schemas import MethodEffort, Remark

#: Methods of one table whose steps differ by more than this are not trained alike.
MAX_RATIO = 1.5


def unequal_remark(runs: Sequence[Run], efforts: Sequence[MethodEffort]) -> list[Remark]:
    """Where the models that the methods are for take different numbers of gradient steps; empty where they do not."""
    own = {run.strategy_label: run.strategy.card.models[-1] for run in runs}
    steps = {
        effort.strategy_label: effort.steps
        for effort in efforts
        if effort.steps and effort.model == own.get(effort.strategy_label)
    }
    return [
        remark.model_copy(update={"words": f"{remark.words} {_remedy(runs)}"})
        for remark in unequal_steps(steps, "methods")
    ]


def unequal_steps(steps: Mapping[str, float], what: str) -> list[Remark]:
    """The remark on models by their labels, without a remedy; empty where they are trained alike. what: they are."""
    if not steps:
        return []
    most, fewest = max(steps, key=lambda label: steps[label]), min(steps, key=lambda label: steps[label])
    ratio = steps[most] / steps[fewest]
    if ratio <= MAX_RATIO:
        return []
    words = (
        f"The {what} differ in effort: {most} takes {steps[most]:,.0f} gradient steps, {ratio:.1f} times the "
        f"{steps[fewest]:,.0f} of {fewest}, so part of their difference is training time."
    )
    return [Remark(code="unequal_effort", values=dict(steps), words=words)]


def _remedy(runs: Sequence[Run]) -> str:
    """Names the run at equal effort where there is one."""
    equal = [run.strategy_label for run in runs if _is_equal_centralized(run)]
    if equal:
        return f"{equal[0]} is trained with as many steps as a site's model."
    return "Centralized training with steps equal takes as many as a site's model."


def _is_equal_centralized(run: Run) -> bool:
    return isinstance(run.strategy, CentralizedConfig) and run.strategy.steps == "equal"


def rising_remark(gains: Mapping[str, float]) -> list[Remark]:
    """gains: method to the gain in validation Dice over the last rounds, of those that still rise."""
    if not gains:
        return []
    named = ", ".join(f"{label} ({signed(gain, 'dice')})" for label, gain in gains.items())
    words = (
        f"Still rising in the last round, by validation Dice: {named}. The last fifth of the rounds is better than the "
        "fifth before, so more rounds may change the order."
    )
    return [Remark(code="still_rising", values=dict(gains), words=words)]
