"""More methods and more seeds for an experiment that exists, so that what is trained need not be trained again."""

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.config_problems import ConfigProblem
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.refusals import one_by_one
from backend.contracts.status import RunStatus
from backend.contracts.strategy_configs import StrategyConfig
from backend.db.lookup import lock_row
from backend.db.models import Experiment, Federation, Run
from backend.errors import Conflict, InvalidInput
from backend.experiments.labels import strategy_labels
from backend.experiments.schemas import RunsAdd
from backend.ledger.snapshot import problems_on, sites_with_data
from backend.problems import describe_problem
from backend.runs import service as runs


def add_runs(session: Session, experiment_id: str, body: RunsAdd) -> tuple[Experiment, list[Run]]:
    """Makes the runs that the new methods and seeds need, which begin as `created`; the configuration lists them too.

    Runs that exist keep everything but their label, which has to tell variants apart. Raises InvalidInput for what the
    experiment has already or its sites cannot run, Conflict for one that compares no methods, as a test.
    """
    experiment = lock_row(session, Experiment, experiment_id)
    if experiment.kind != "training":
        raise Conflict(f"{experiment.name!r} compares no methods: add methods and seeds to an experiment that does")
    config = _with(experiment.config, body)
    federation = session.get_one(Federation, experiment.federation_id)
    problems = problems_on(session, config, sites_with_data(session, federation.id), federation.task)
    _refuse(problems, experiment.config)
    experiment.config = config
    labels = dict(zip(config.strategies, strategy_labels(config.strategies), strict=True))
    existing = runs.list_runs(session, experiment.id)
    for run in existing:
        run.strategy_label = labels.get(run.strategy, run.strategy_label)
    present = {(run.strategy, run.seed) for run in existing}
    position = max((run.position for run in existing), default=-1)
    wanted = ((strategy, seed) for strategy in config.strategies for seed in config.seeds)
    added = []
    for strategy, seed in wanted:
        if (strategy, seed) not in present:
            position += 1
            added.append(new_run(experiment, position, strategy, labels[strategy], seed))
    session.add_all(added)
    session.flush()
    return experiment, added


def new_run(experiment: Experiment, position: int, strategy: StrategyConfig, label: str, seed: int) -> Run:
    return Run(
        experiment_id=experiment.id,
        position=position,
        strategy=strategy,
        strategy_label=label,
        seed=seed,
        status=RunStatus.CREATED,
        round=0,
        num_rounds=experiment.config.schedule.last_round,
        minimum_sites=experiment.config.minimum_sites,
        created_at=now(),
    )


def _with(config: ExperimentConfig, body: RunsAdd) -> ExperimentConfig:
    """The configuration with what is added, held to the same rules as a new one."""
    if not body.strategies and not body.seeds:
        raise InvalidInput.of_field("strategies", "none", "adds nothing", "name a method or a seed")
    known = [seed for seed in body.seeds if seed in config.seeds]
    if known:
        text = ", ".join(map(str, known))
        raise InvalidInput.of_field("seeds", text, "is in the experiment already", "name other seeds")
    for index, strategy in enumerate(body.strategies):
        if strategy in config.strategies:
            label = strategy.card.label
            raise InvalidInput.of_field(
                f"strategies.{index}", label, "is in the experiment with these settings", "change one of its settings"
            )
    fields = config.model_dump(by_alias=True)
    fields["strategies"] = [s.model_dump(by_alias=True) for s in (*config.strategies, *body.strategies)]
    fields["seeds"] = [*config.seeds, *body.seeds]
    try:
        return ExperimentConfig.model_validate(fields)
    except ValidationError as error:
        found = [entry | {"loc": ("body", *entry["loc"])} for entry in one_by_one(error.errors())]
        _refuse([ConfigProblem.model_validate(describe_problem(entry, fields)) for entry in found], config)
        raise


def _refuse(problems: list[ConfigProblem], before: ExperimentConfig) -> None:
    """Raises InvalidInput where there is a problem. Its field is that of the request, which counts new methods alone:
    `strategies.0` is the first one of them, and `config.strategies.0` the experiment's."""
    if problems:
        asked = [problem.model_copy(update={"field": _asked(problem.field, before)}) for problem in problems]
        raise InvalidInput.of_problems(asked)


def _asked(field: str, before: ExperimentConfig) -> str:
    match field.split("."):
        case ["strategies", number, *rest] if number.isdigit():
            place = int(number) - len(before.strategies)
            return ".".join(["strategies", str(place), *rest]) if place >= 0 else f"config.{field}"
    return field
