"""A model of a file becomes a run of its own kind: completed, never trained here, with the models of its only state.

So it is listed, downloaded, tried on images, tested and begun from like any other.
"""

from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.clock import now
from backend.contracts.config_problems import ConfigProblem
from backend.contracts.model_file import ModelDescription, ModelFile
from backend.contracts.status import RunStatus
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import RunSpec
from backend.db.base import new_id
from backend.db.lookup import get_row
from backend.db.models import Experiment, Federation, Run, RunRound
from backend.errors import InvalidInput
from backend.events import service as events

KIND = "import"


def require_fit(task: SegmentationTask, found: ModelDescription) -> None:
    """Raises InvalidInput where the model is for another task than the federation's."""
    remedy = "import it into a federation with the same task"
    problems = [
        ConfigProblem(field=f"model.json.task.{field}", value=str(there), message=f"is {here} here", remedy=remedy)
        for field, here, there in (
            ("structures", [s.name for s in task.structures], [s.name for s in found.task.structures]),
            ("num_channels", task.num_channels, found.task.num_channels),
            ("dimensions", task.dimensions, found.task.dimensions),
        )
        if here != there
    ]
    if problems:
        raise InvalidInput.of_problems(problems)


def store_model(session: Session, federation_id: str, file: ModelFile, file_name: str, actor: str) -> Run:
    """The parts are stored already."""
    federation, found = get_row(session, Federation, federation_id), file.description
    require_fit(federation.task, found)
    require_artifacts(session, set(file.parts.values()))
    experiment = Experiment(
        federation_id=federation_id,
        kind=KIND,
        name=(found.experiment_name or file_name)[:80],
        description=f"Imported from {file_name}.",
        config=found.config.model_copy(update={"strategies": (found.strategy,), "seeds": (found.seed,)}),
        created_at=now(),
        created_by=actor,
        started_at=now(),
    )
    session.add(experiment)
    session.flush()
    run = _imported_run(experiment, federation.task, found)
    session.add(run)
    session.flush()
    session.add(
        RunRound(
            run_id=run.id,
            round=found.round,
            opened_at=now(),
            finished_at=now(),
            parts=dict(file.parts),
            downloads={},
        )
    )
    message = f"{actor} imported the model {found.strategy_label} of {file_name}."
    events.record_of_run(session, run, "status", message, actor, round=found.round)
    session.flush()
    return run


def _imported_run(experiment: Experiment, task: SegmentationTask, found: ModelDescription) -> Run:
    run_id = new_id()
    return Run(
        id=run_id,
        experiment_id=experiment.id,
        position=0,
        strategy=found.strategy,
        strategy_label=found.strategy_label,
        seed=found.seed,
        status=RunStatus.COMPLETED,
        round=found.round,
        num_rounds=found.round,
        minimum_sites=1,
        spec=RunSpec(
            run_id=run_id,
            config=experiment.config,
            strategy=found.strategy,
            seed=found.seed,
            task=task,
            sites=tuple(found.sites),
        ),
        participants=[],
        evaluators=[],
        best_round=found.round,
        code_version=found.code_version,
        created_at=now(),
        started_at=now(),
        finished_at=now(),
    )
