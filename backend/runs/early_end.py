"""Whether the training of a run can be ended where it stands: one rule for the button and for the request."""

from backend.contracts.methods.personalized import FineTuningConfig
from backend.contracts.status import RunStatus
from backend.db.models import Run
from backend.runs.words import describe_run

#: In these nothing is trained, or what is can be given up.
STOPPED = frozenset({RunStatus.PAUSED, RunStatus.FAILED, RunStatus.CANCELLED})


def end_refusal(run: Run, finished: int) -> str | None:
    """Why not, with the remedy; None where it can be ended. finished: the number of its finished rounds."""
    if run.status not in STOPPED:
        remedy = "pause or cancel it first" if run.status != RunStatus.CREATED else "start its experiment"
        return f"{describe_run(run)} is {run.status} and its training cannot be ended: {remedy}"
    if finished == 0:
        return f"{describe_run(run)} has finished no round, so there is nothing to test: resume it, or start it again"
    if finished < run.num_rounds and (reason := _needs_its_last_rounds(run)):
        return f"{reason}: resume {describe_run(run)}, or copy its experiment with at most {finished} rounds"
    return None


def _needs_its_last_rounds(run: Run) -> str | None:
    """Why the models of an earlier round are not what the method would have given."""
    if isinstance(run.strategy, FineTuningConfig):
        return (
            f"{run.strategy.name} personalizes its models in the last {run.strategy.fine_tuning_rounds} round(s) alone"
        )
    if run.spec is not None and run.spec.config.schedule.averaging != "none":
        return f"schedule.averaging {run.spec.config.schedule.averaging} takes place after the last round"
    return None
