"""More rounds for a completed run, from where it stands."""

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.config_problems import in_short
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.personalized import FineTuningConfig
from backend.contracts.run_length import Extension
from backend.contracts.status import RunStatus
from backend.contracts.tasks import RunSpec
from backend.db.lookup import lock_row
from backend.db.models import Run, RunRound
from backend.errors import InvalidInput, TransitionNotAllowed
from backend.ledger.advance import advance
from backend.registry.lookup import references_of_run
from backend.runs import approvals
from backend.runs.schemas import ExtensionPreview
from backend.runs.service import set_status
from backend.runs.words import describe_run

#: Learning rates of these fall over all rounds.
FALLING = ("cosine", "polynomial")


def preview_extension(session: Session, run: Run, rounds: int) -> ExtensionPreview:
    """Changes nothing."""
    spec = run.spec
    return ExtensionPreview(
        rounds=rounds,
        from_round=run.num_rounds,
        exact=spec is not None and not _differences(run, spec, rounds),
        notes=_notes(run, spec, rounds) if spec is not None else [],
        problem=_problem(session, run, rounds),
    )


def extend_run(session: Session, run_id: str, rounds: int, actor: str) -> Run:
    """Opens the next round of a completed run. A second click, once it is under way, changes nothing.

    Raises InvalidInput for a number of rounds that it has already, TransitionNotAllowed if it cannot go on.
    """
    run = lock_row(session, Run, run_id)
    if run.extensions and run.extensions[-1].to_round == rounds and run.status != RunStatus.COMPLETED:
        return run
    if problem := _problem(session, run, rounds):
        if run.status == RunStatus.COMPLETED and rounds <= run.num_rounds:
            remedy = f"choose more than {run.num_rounds}"
            raise InvalidInput.of_field("rounds", rounds, f"the run has {run.num_rounds} rounds", remedy)
        raise TransitionNotAllowed(problem)
    assert run.spec is not None
    extension = Extension(
        from_round=run.num_rounds,
        to_round=rounds,
        best_round=run.best_round,
        at=now(),
        by=actor,
        exact=not _differences(run, run.spec, rounds),
        early_stop=run.early_stop,
    )
    run.spec = run.spec.model_copy(update={"config": _config_of(run.spec, rounds)})
    approvals.ask(session, run)
    run.extensions = [*(run.extensions or []), extension]
    message = f"{actor} gave {describe_run(run)} more rounds: {rounds} in place of {run.num_rounds}."
    run.num_rounds, run.early_stop = run.spec.config.schedule.last_round, None
    set_status(session, run, RunStatus.RUNNING, message, actor)
    advance(session, run)
    return run


def _problem(session: Session, run: Run, rounds: int) -> str | None:
    if run.status != RunStatus.COMPLETED or run.spec is None:
        return f"{describe_run(run)} is {run.status}: only a completed run is given more rounds; resume it, or wait"
    if not run.participants:
        return f"{describe_run(run)} was not trained here: start a new experiment that begins with its model"
    if run.spec.added is not None:
        return f"{describe_run(run)} adds a site to a model in closed form: there is nothing to train"
    if registered := references_of_run(session, run.id):
        return (
            f"the models of {describe_run(run)} are registered as {in_short(registered)}, and more rounds would change "
            "what the run is: start an experiment that begins with the version"
        )
    if rounds <= run.num_rounds:
        return f"{describe_run(run)} has {run.num_rounds} rounds: choose more than {run.num_rounds}"
    last = session.get(RunRound, (run.id, run.num_rounds))
    if last is None or not last.parts or last.removed_at is not None:
        return f"the state of round {run.num_rounds} is not kept any more: start a new experiment from the run's model"
    try:
        _config_of(run.spec, rounds)
    except ValidationError as error:
        return "; ".join(problem["msg"] for problem in error.errors())
    return None


def _config_of(spec: RunSpec, rounds: int) -> ExperimentConfig:
    """The settings of a run that was started with `rounds`. Raises ValidationError where a method refuses them."""
    schedule = spec.config.schedule.model_copy(update={"rounds": rounds})
    return ExperimentConfig.model_validate(
        spec.config.model_copy(update={"schedule": schedule}).model_dump(mode="json", by_alias=True)
    )


def _differences(run: Run, spec: RunSpec, rounds: int) -> list[str]:
    """Why the result is not that of a run that was started with all its rounds."""
    schedule, found = spec.config.schedule, []
    if schedule.learning_rate_schedule in FALLING:
        found.append(
            f"The learning rate ({schedule.learning_rate_schedule}) fell over {schedule.rounds} rounds. The new rounds "
            f"take the rates that they have in a run of {rounds}: it rises again in round {run.num_rounds + 1}. The "
            "result is not that of a run started with all these rounds"
        )
    if isinstance(run.strategy, FineTuningConfig):
        last = run.strategy.fine_tuning_rounds
        found.append(
            f"The last {last} round(s) fine-tuned each site's model. The new rounds go on from these models, and the "
            f"last {last} of {rounds} fine-tune again. The result is not that of a run started with all these rounds"
        )
    if isinstance(run.strategy, FedSMConfig) and run.strategy.lambda_start is not None:
        found.append(
            f"lambda rose or fell over {schedule.rounds} rounds. The new rounds take the lambda that they have in a "
            f"run of {rounds}. The result is not that of a run started with all these rounds"
        )
    if isinstance(run.strategy, FedSMConfig) and (last := run.strategy.rounds_without_pull):
        found.append(
            f"The last {last} round(s) pulled nothing. The new rounds go on from these models, and the last {last} of "
            f"{rounds} pull nothing again. The result is not that of a run started with all these rounds"
        )
    if schedule.averaging != "none":
        found.append(
            f"The models of round {run.num_rounds} are averages of late rounds, and the new rounds go on from them. "
            "The result is not that of a run started with all these rounds"
        )
    if run.early_stop is not None:
        found.append(
            f"Training {run.early_stop.in_words()}. From here the rounds without gain are counted anew, which a run "
            "started with all these rounds would not do"
        )
    return found


def _notes(run: Run, spec: RunSpec, rounds: int) -> list[str]:
    first = run.num_rounds + 1
    goes_on = f"Rounds {first} to {rounds} are trained at the same sites, on the data sets as they were at the start."
    differences = [f"{reason}." for reason in _differences(run, spec, rounds)]
    same = [] if differences else [f"The result is that of a run started with {rounds} rounds, to the bit."]
    kept = (
        [
            "Each site goes on with the optimizer's state that its worker keeps after the end of a run, 30 days unless "
            "set otherwise. One that has lost it begins with fresh moments, says so in the log, and the result differs."
        ]
        if spec.config.schedule.optimizer_state == "keep"
        else []
    )
    replaced = (
        "Best round, scores, masks and model are those of now until the last new round is trained; then all rounds "
        "are compared and tested anew. Predictions name their round and stay, reports stay as they were made."
    )
    return [goes_on, *differences, *same, *kept, replaced]
