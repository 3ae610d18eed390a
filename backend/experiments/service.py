"""Experiments: from a configuration to runs."""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from typing import cast

from sqlalchemy.orm import Session

from backend.artifacts.store import ArtifactStore
from backend.clock import now
from backend.contracts.config_problems import in_short, num_present
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig, soft_pull_contraction
from backend.contracts.status import RunStatus
from backend.datasets import service as datasets
from backend.db.lookup import get_row, lock_row
from backend.db.models import Experiment, Federation
from backend.errors import Conflict, ExperimentRunning
from backend.events import service as events
from backend.events.changes import from_to
from backend.experiments import additions, files
from backend.experiments.additions import new_run
from backend.experiments.labels import strategy_labels
from backend.experiments.schemas import (
    ConfigCheckResult,
    ExperimentCreate,
    ExperimentKind,
    ExperimentRecord,
    ExperimentUpdate,
    RunsAdd,
)
from backend.experiments.warnings import as_warnings, warnings_of_empty_cases, warnings_on
from backend.ledger import service as rounds
from backend.ledger.damage import go_back_to_whole_round
from backend.ledger.snapshot import problems_on, require_runnable, sites_with_data
from backend.ledger.start_model import resolved, resolved_or_problems, start_warnings
from backend.registry import lookup as registry
from backend.runs import service as runs
from backend.runs.schemas import RunRecord
from backend.sites import service as sites

#: From the least finished: the order in which an experiment's status is looked for among its runs'.
STATUS_ORDER = (
    RunStatus.CREATED,
    RunStatus.QUEUED,
    RunStatus.RUNNING,
    RunStatus.EVALUATING,
    RunStatus.PAUSED,
    RunStatus.FAILED,
    RunStatus.CANCELLED,
    RunStatus.COMPLETED,
)

#: What *Resume all* goes on with.
RESUMABLE = frozenset({RunStatus.PAUSED, RunStatus.FAILED, RunStatus.CANCELLED})


def create_experiment(session: Session, federation_id: str, body: ExperimentCreate, actor: str) -> Experiment:
    """Makes one run for each strategy and seed. Raises InvalidInput if they cannot run on the federation's sites."""
    federation = get_row(session, Federation, federation_id)
    config = resolved(session, federation_id, body.config)
    require_runnable(session, config, sites_with_data(session, federation_id), federation.task)
    experiment = Experiment(
        federation_id=federation_id,
        name=body.name,
        description=body.description,
        config=config,
        created_at=now(),
        created_by=actor,
    )
    session.add(experiment)
    session.flush()
    labels = strategy_labels(body.config.strategies)
    labelled = zip(body.config.strategies, labels, strict=True)
    for position, ((strategy, label), seed) in enumerate(itertools.product(labelled, body.config.seeds)):
        session.add(new_run(experiment, position, strategy, label, seed))
    session.flush()
    _record(session, experiment, f"{actor} created the experiment {experiment.name}.", actor)
    return experiment


def check_config(session: Session, federation_id: str, config: ExperimentConfig) -> ConfigCheckResult:
    """What `create_experiment` would refuse, without creating anything."""
    federation = get_row(session, Federation, federation_id)
    config, unknown = resolved_or_problems(session, federation_id, config)
    data = sites_with_data(session, federation_id)
    lambdas = [strategy.lambda_ for strategy in config.strategies if isinstance(strategy, FedSMConfig)]
    num_training = sum(entry.site.slug not in config.held_out_sites for entry in data)
    records = sites.site_records(session, sites.active_sites(session, federation_id))
    num_empty = {
        entry.site.name: sum(datasets.num_empty_training_cases(session, dataset) for dataset in entry.datasets)
        for entry in data
        if entry.site.slug not in config.held_out_sites
    }
    num_slices = {
        entry.site.slug: datasets.num_training_slices(session, [dataset.id for dataset in entry.datasets])
        for entry in (data if federation.task.dimensions == 3 and config.network.spatial_dims == 2 else ())
    }
    return ConfigCheckResult(
        problems=[*unknown, *problems_on(session, config, data, federation.task)],
        warnings=[
            *warnings_on(config, records, federation.task, num_slices),
            *as_warnings(warnings_of_empty_cases(config, num_empty)),
            *as_warnings(start_warnings(session, config, [entry.site.slug for entry in data])),
        ],
        num_sites=len(data),
        num_runs=len(config.strategies) * len(config.seeds),
        rho={str(lambda_): soft_pull_contraction(lambda_, num_present(config, num_training)) for lambda_ in lambdas},
    )


def start_experiment(session: Session, experiment_id: str, actor: str) -> Experiment:
    """Starts the runs that were never started; a second click finds none and answers the same."""
    experiment = lock_row(session, Experiment, experiment_id)
    created = [run for run in runs.list_runs(session, experiment_id) if run.status == RunStatus.CREATED]
    if created:
        experiment.started_at = experiment.started_at or now()
        _record(session, experiment, f"{actor} started the experiment {experiment.name}.", actor)
    for run in created:
        rounds.start_run(session, run.id, actor)
    return experiment


def cancel_experiment(session: Session, experiment_id: str, actor: str) -> Experiment:
    """Cancels the runs that are not over."""
    experiment = lock_row(session, Experiment, experiment_id)
    for run in runs.list_runs(session, experiment_id):
        rounds.cancel_run(session, run.id, actor)
    return experiment


def resume_experiment(session: Session, artifacts: ArtifactStore, experiment_id: str, actor: str) -> Experiment:
    """Goes on with every run that was paused, failed or was cancelled; the others are left alone."""
    experiment = lock_row(session, Experiment, experiment_id)
    for run in runs.list_runs(session, experiment_id):
        if run.status in RESUMABLE:
            go_back_to_whole_round(session, artifacts, run.id, actor)
            rounds.resume_run(session, run.id, actor)
    return experiment


def add_runs(session: Session, experiment_id: str, body: RunsAdd, actor: str) -> Experiment:
    """What `additions.add_runs` makes and refuses; started at once where that is asked for."""
    experiment, added = additions.add_runs(session, experiment_id, body)
    labels = ", ".join(dict.fromkeys(f"{run.strategy_label} with seed {run.seed}" for run in added))
    _record(session, experiment, f"{actor} added runs to the experiment {experiment.name}: {labels}.", actor)
    return start_experiment(session, experiment_id, actor) if body.start else experiment


def update_experiment(session: Session, experiment_id: str, body: ExperimentUpdate, actor: str) -> Experiment:
    """Changes what is given and leaves the rest."""
    experiment = get_row(session, Experiment, experiment_id)
    if body.archived:
        _require_no_run_under_way(session, experiment)
    if body.name is not None and body.name != experiment.name:
        _record(session, experiment, f"{actor} renamed the experiment {experiment.name} to {body.name}.", actor)
        experiment.name = body.name
    if body.description is not None and body.description != experiment.description:
        changed = from_to(experiment.description, body.description)
        message = f"{actor} changed the description of the experiment {experiment.name} {changed}."
        _record(session, experiment, message, actor)
        experiment.description = body.description
    if body.archived is not None and body.archived != (experiment.archived_at is not None):
        experiment.archived_at = now() if body.archived else None
        done = "archived" if body.archived else "restored"
        _record(session, experiment, f"{actor} {done} the experiment {experiment.name}.", actor)
    return experiment


def delete_experiment(session: Session, experiment_id: str, actor: str) -> None:
    """Raises ExperimentRunning while a run is under way, Conflict while models of it are registered.

    Its events stay."""
    experiment = lock_row(session, Experiment, experiment_id)
    _require_no_run_under_way(session, experiment)
    if registered := registry.references_of_experiment(session, experiment_id):
        raise Conflict(
            f"models of the experiment {experiment.name!r} are registered as {in_short(registered)}: remove these "
            "versions first, or archive the experiment, which hides it and loses nothing"
        )
    session.delete(experiment)
    _record(session, experiment, f"{actor} deleted the experiment {experiment.name}.", actor)


def _require_no_run_under_way(session: Session, experiment: Experiment) -> None:
    for run in runs.list_runs(session, experiment.id):
        if run.status in rounds.UNDER_WAY or run.status == RunStatus.PAUSED:
            raise ExperimentRunning(
                f"the experiment {experiment.name!r} has a run that is {run.status}: cancel the experiment first"
            )


def experiment_record(session: Session, experiment: Experiment) -> ExperimentRecord:
    return experiment_records(session, [experiment])[0]


def experiment_records(session: Session, experiments: Sequence[Experiment]) -> list[ExperimentRecord]:
    """In the same order, with as many queries as for one."""
    records = runs.run_records(session, runs.list_runs_of(session, [experiment.id for experiment in experiments]))
    of_experiment: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        of_experiment[record.experiment_id].append(record)
    return [_experiment_record(experiment, of_experiment[experiment.id]) for experiment in experiments]


def _experiment_record(experiment: Experiment, records: list[RunRecord]) -> ExperimentRecord:
    statuses = {record.status for record in records}
    return ExperimentRecord(
        id=experiment.id,
        federation_id=experiment.federation_id,
        kind=cast(ExperimentKind, experiment.kind),
        tested_run_id=experiment.tested_run_id,
        name=experiment.name,
        description=experiment.description,
        config=experiment.config,
        created_at=experiment.created_at,
        created_by=experiment.created_by,
        started_at=experiment.started_at,
        archived_at=experiment.archived_at,
        status=next(status for status in STATUS_ORDER if status in statuses),
        runs=records,
    )


def _record(session: Session, experiment: Experiment, message: str, actor: str) -> None:
    federation_id = experiment.federation_id
    events.record(session, "experiment", message, actor, experiment_id=experiment.id, federation_id=federation_id)


def write_experiment_file(session: Session, experiment: Experiment) -> str:
    """As YAML: read back, it makes the same runs."""
    federation = session.get_one(Federation, experiment.federation_id)
    origin = f"Of experiment {experiment.id}, created {experiment.created_at:%Y-%m-%d %H:%M} UTC."
    return files.write_file(experiment.name, experiment.description, experiment.config, federation.name, origin)
