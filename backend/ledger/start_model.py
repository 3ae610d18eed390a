"""The model that an experiment's runs begin with: whether it fits, and what of it is taken."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.contracts.config_problems import ConfigProblem, in_short
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.registry import Reference
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.start_model import StartFrom, StartState
from backend.contracts.status import RunStatus
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import RunSpec
from backend.db.models import Experiment, Run, RunRound
from backend.errors import InvalidInput
from backend.registry.lookup import find_version, reference_of
from backend.runs.words import describe_run

GLOBAL, SELECTOR = "global", "selector"
_REMEDY = "choose another model, or leave start_from empty"


def resolved(session: Session, federation_id: str, config: ExperimentConfig) -> ExperimentConfig:
    """With the run and the number of the registered version that it begins with, where it names one.

    Raises InvalidInput for a version that the federation does not have, and for one of another run than is named.
    """
    wanted = config.start_from
    if wanted is None or wanted.version is None:
        return config
    reference = Reference.of(wanted.version)
    version = find_version(session, federation_id, reference) if reference is not None else None
    if version is None:
        remedy = "give name:number or name@alias of a model that is registered in this federation"
        raise InvalidInput.of_problems([_problem("version", wanted.version, "is no registered model here", remedy)])
    if wanted.run not in (None, version.run_id):
        remedy = f"leave run out, or set it to {version.run_id}"
        raise InvalidInput.of_problems([_problem("run", wanted.run, f"is not that of {wanted.version}", remedy)])
    fixed = wanted.model_copy(update={"run": version.run_id, "version": reference_of(session, version)})
    return config.model_copy(update={"start_from": fixed})


def resolved_or_problems(
    session: Session, federation_id: str, config: ExperimentConfig
) -> tuple[ExperimentConfig, list[ConfigProblem]]:
    """What names no registered model begins with random weights for the rest of a check."""
    try:
        return resolved(session, federation_id, config), []
    except InvalidInput as error:
        return config.model_copy(update={"start_from": None}), [ConfigProblem.model_validate(e) for e in error.fields]


def start_problems(
    session: Session, config: ExperimentConfig, task: SegmentationTask, training: Sequence[str]
) -> Iterator[ConfigProblem]:
    """Why the runs cannot begin with the model, field by field. training: slugs of the sites that train.

    A model that is named by its version alone is no run: `resolved` finds it.
    """
    wanted = config.start_from
    if wanted is None:
        return
    run = session.get(Run, wanted.run) if wanted.run is not None else None
    if run is None:
        remedy = "give the id of a completed run, or of an imported model, of this platform"
        yield _problem("run", wanted.run, "is no run here", remedy)
        return
    if run.status != RunStatus.COMPLETED or run.spec is None or run.best_round is None:
        yield _problem("run", wanted.run, f"is {run.status}: it has no model yet", "choose a completed run")
        return
    parts = _parts(session, run)
    if not parts:
        yield _problem("run", wanted.run, f"does not keep the state of round {run.best_round} any more", _REMEDY)
        return
    yield from _network_problems(config, run.spec)
    yield from _task_problems(task, run.spec, wanted)
    yield from part_problems(parts, config, wanted, training)


def start_state(
    session: Session, config: ExperimentConfig, strategy: StrategyConfig, sites: Sequence[str]
) -> StartState | None:
    """What a run of this method at these sites begins with; None for random weights. `start_problems` was asked."""
    wanted = config.start_from
    if wanted is None:
        return None
    run = session.get_one(Run, wanted.run)
    assert run.spec is not None
    assert run.best_round is not None
    experiment = session.get_one(Experiment, run.experiment_id)
    found = _parts(session, run)
    taken = {GLOBAL}
    if wanted.models == "all":
        taken |= {f"personalized/{slug}" for slug in sites}
        if takes_selector(strategy, run, sites):
            taken.add(SELECTOR)
    parts = {name: sha256 for name, sha256 in found.items() if name in taken}
    require_artifacts(session, set(parts.values()))
    title = f"{experiment.name}: {describe_run(run)}"
    return StartState(run_id=run.id, round=run.best_round, title=title, parts=parts)


def takes_selector(strategy: StrategyConfig, run: Run, sites: Sequence[str]) -> bool:
    """A trained selector of the same sites in the same order. LDA is solved from the sites' data in round 1 anyway."""
    return (
        isinstance(strategy, FedSMConfig)
        and isinstance(run.strategy, FedSMConfig)
        and run.spec is not None
        and strategy.selector == run.strategy.selector
        and not isinstance(strategy.selector, LdaSelector)
        and tuple(sites) == run.spec.sites
    )


def start_warnings(session: Session, config: ExperimentConfig, training: Sequence[str]) -> Iterator[ConfigProblem]:
    """What is taken of the model where not everything is, and images that are prepared in another way."""
    wanted = config.start_from
    run = session.get(Run, wanted.run) if wanted is not None else None
    if wanted is None or run is None or run.spec is None or run.best_round is None:
        return
    parts = _parts(session, run)
    own = [slug for slug in training if f"personalized/{slug}" in parts]
    if wanted.models == "all" and any(name.startswith("personalized/") for name in parts) and len(own) < len(training):
        others = [slug for slug in training if slug not in own]
        message = "the model has no personalized model of this name: the site's begins as the global one"
        yield _problem("run", in_short(others), message, "go on, or choose another model")
    before, now = run.spec.config.data, config.data
    for name in ("sampling", "image_size", "depth", "spacing", "intensity", "window"):
        if getattr(before, name) != getattr(now, name):
            yield ConfigProblem(
                field=f"data.{name}",
                value=str(getattr(now, name)),
                message=f"is {getattr(before, name)} in the model that training begins with, which saw other images",
                remedy=f"set data.{name} to {getattr(before, name)}, or go on",
            )


def _parts(session: Session, run: Run) -> dict[str, str]:
    row = session.get(RunRound, (run.id, run.best_round))
    return (row.parts or {}) if row is not None and row.removed_at is None else {}


def _network_problems(config: ExperimentConfig, spec: RunSpec) -> Iterator[ConfigProblem]:
    """The name, or else every field that differs."""
    before, now = spec.config.network, config.network
    names = ["name"] if before.name != now.name else list(type(now).model_fields)
    for name in names:
        was, value = getattr(before, name), getattr(now, name)
        if was != value:
            yield ConfigProblem(
                field=f"network.{name}",
                value=_text(value),
                message=f"is {_text(was)} in the model that training begins with",
                remedy=f"set network.{name} to {_text(was)}, or begin with another model",
            )


def _task_problems(task: SegmentationTask, spec: RunSpec, wanted: StartFrom) -> Iterator[ConfigProblem]:
    here = [structure.name for structure in task.structures]
    there = [structure.name for structure in spec.task.structures]
    if here != there:
        message = f"segments {', '.join(there)} in this order, and the federation {', '.join(here)}"
        yield _problem("run", wanted.run, message, _REMEDY)
    if task.num_channels != spec.task.num_channels:
        message = f"takes images of {spec.task.num_channels} channel(s), and the federation's have {task.num_channels}"
        yield _problem("run", wanted.run, message, _REMEDY)


def part_problems(
    parts: Collection[str], config: ExperimentConfig, wanted: StartFrom, training: Sequence[str]
) -> Iterator[ConfigProblem]:
    """Of a model without a global one, which only local training can begin with, at sites that it has models of."""
    if GLOBAL in parts:
        return
    lacking = [slug for slug in training if f"personalized/{slug}" not in parts]
    others = [strategy.name for strategy in config.strategies if strategy.name != "local-only"]
    if wanted.models == "global":
        remedy = "set start_from.models to all, or choose another model"
        yield _problem("models", "global", "the run has no global model", remedy)
    elif others:
        message = f"has no global model, which {in_short(others)} would begin with"
        yield _problem("run", wanted.run, message, _REMEDY)
    elif lacking:
        message = f"has no global model, and no personalized one of {in_short(lacking)}"
        yield _problem("run", wanted.run, message, _REMEDY)


def _problem(field: str, value: str | None, message: str, remedy: str) -> ConfigProblem:
    return ConfigProblem(field=f"start_from.{field}", value=value or "", message=message, remedy=remedy)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
