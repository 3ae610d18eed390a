"""Runs: their state, tasks, metrics and weights; pause, resume, cancel."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url
from backend.contracts.metrics import MetricName, Split
from backend.contracts.values import Id, Label, RoundNumber, RowNumber
from backend.db.lookup import get_row
from backend.db.models import Artifact, Metric, Run, RunRound, Task
from backend.dependencies import ArtifactsDep, ReadSession, WriteSession
from backend.errors import NotFound
from backend.ledger import damage, extension, finish, rerun
from backend.ledger import service as rounds
from backend.paging import PageDep
from backend.policy import CanFollow, CanRead, CanRunExperiments
from backend.runs import service
from backend.runs.curves import CurveQuery, run_curves
from backend.runs.failures import failure_of
from backend.runs.schemas import (
    ExtensionPreview,
    MetricRecord,
    RunCurves,
    RunExtend,
    RunRecord,
    RunRoundState,
    StatePart,
    TaskDetail,
    TaskRecord,
)

router = APIRouter(prefix="/runs", tags=["runs"])

#: SQLite takes 32,766 values in a statement.
HASHES_A_STATEMENT = 10_000


@router.get("/{run_id}")
def get_run(_user: CanRead, run_id: Id, session: ReadSession) -> RunRecord:
    return service.run_record(session, get_row(session, Run, run_id))


@router.get("/{run_id}/tasks")
def list_run_tasks(
    _user: CanFollow,
    run_id: Id,
    session: ReadSession,
    page: PageDep,
    after_round: Annotated[RoundNumber | None, Query(description="Only tasks of later rounds.")] = None,
) -> list[TaskRecord]:
    """The swim-lane: by round, then in the order of opening."""
    get_row(session, Run, run_id)
    query = select(Task).where(Task.run_id == run_id)
    if after_round is not None:
        query = query.where(Task.round > after_round)
    query = query.order_by(Task.round, Task.created_at, Task.id)
    return [service.task_record(task) for task in page.rows(session, query, Task.id)]


@router.get("/{run_id}/tasks/{task_id}")
def get_run_task(_user: CanFollow, run_id: Id, task_id: Id, session: ReadSession) -> TaskDetail:
    """One cell of the swim-lane, with its failure and whether it can be rerun."""
    run = get_row(session, Run, run_id)
    task = rerun.task_of_run(session, run_id, task_id)
    return TaskDetail(
        **service.task_record(task).model_dump(),
        failure=failure_of(task),
        detail=task.failure_detail,
        rerun_problem=rerun.rerun_problem(session, run, task),
    )


@router.post("/{run_id}/tasks/{task_id}/rerun")
def rerun_task(user: CanRunExperiments, run_id: Id, task_id: Id, session: WriteSession) -> TaskRecord:
    """Send a site's failed task again, without restarting the run. Before the round is aggregated it is counted in;
    afterwards 409 `rerun_not_possible` says why not and what to do."""
    return service.task_record(rerun.rerun_task(session, run_id, task_id, user))


@router.get("/{run_id}/curves")
def get_run_curves(
    _user: CanRead,
    run_id: Id,
    session: ReadSession,
    after: Annotated[RowNumber | None, Query(description="Only what is newer than this id.")] = None,
    name: Annotated[MetricName | None, Query(description="Left out: all.")] = None,
    split: Annotated[Split | None, Query(description="Left out: all.")] = None,
    structure: Annotated[Label | None, Query(description="Left out: the mean over structures.")] = None,
) -> RunCurves:
    """The metrics as lines, far smaller than one by one."""
    get_row(session, Run, run_id)
    return run_curves(session, run_id, after or 0, CurveQuery(name, split, structure))


@router.get("/{run_id}/metrics")
def list_run_metrics(
    _user: CanRead,
    run_id: Id,
    session: ReadSession,
    after: Annotated[RowNumber | None, Query(description="Only metrics after this id.")] = None,
) -> list[MetricRecord]:
    """In order of id. A later id for the same round, site, model, split, name and structure replaces the earlier."""
    get_row(session, Run, run_id)
    query = select(Metric).where(Metric.run_id == run_id, Metric.id > (after or 0)).order_by(Metric.id)
    return [MetricRecord.model_validate(metric) for metric in session.scalars(query)]


@router.post("/{run_id}/pause")
def pause_run(user: CanRunExperiments, run_id: Id, session: WriteSession) -> RunRecord:
    """Let the round under way end, then hold."""
    return service.run_record(session, rounds.pause_run(session, run_id, user))


@router.post("/{run_id}/resume")
def resume_run(user: CanRunExperiments, run_id: Id, session: WriteSession, artifacts: ArtifactsDep) -> RunRecord:
    """Go on with a paused, failed or cancelled run from its last finished round whose files are whole."""
    damage.go_back_to_whole_round(session, artifacts, run_id, user)
    return service.run_record(session, rounds.resume_run(session, run_id, user))


@router.post("/{run_id}/cancel")
def cancel_run(user: CanRunExperiments, run_id: Id, session: WriteSession) -> RunRecord:
    """Stop a run. It can be resumed later."""
    return service.run_record(session, rounds.cancel_run(session, run_id, user))


@router.post("/{run_id}/finish")
def finish_run(user: CanRunExperiments, run_id: Id, session: WriteSession, artifacts: ArtifactsDep) -> RunRecord:
    """End the training of a paused, failed or cancelled run after its last finished round, and test its best round so
    far. Then it is completed like any other: compared, downloaded, or given more rounds."""
    damage.go_back_to_whole_round(session, artifacts, run_id, user)
    return service.run_record(session, finish.finish_run(session, run_id, user))


@router.get("/{run_id}/extension")
def preview_extension(
    _user: CanRead,
    run_id: Id,
    session: ReadSession,
    rounds: Annotated[int, Query(ge=2, le=1000, description="How many rounds the run would have in the end.")],
) -> ExtensionPreview:
    """What more rounds would do to a completed run: what goes on, what is replaced, and whether the result is that of a
    run started with as many. Changes nothing."""
    return extension.preview_extension(session, get_row(session, Run, run_id), rounds)


@router.post("/{run_id}/extend")
def extend_run(user: CanRunExperiments, run_id: Id, body: RunExtend, session: WriteSession) -> RunRecord:
    """Train a completed run on from where it stands, to `rounds` in all. 409 for a run that cannot go on."""
    return service.run_record(session, extension.extend_run(session, run_id, body.rounds, user))


@router.get("/{run_id}/rounds")
def list_run_rounds(_user: CanRead, run_id: Id, session: ReadSession) -> list[RunRoundState]:
    """The weights after every finished round; round 0 is the initial state."""
    get_row(session, Run, run_id)
    query = select(RunRound).where(RunRound.run_id == run_id, RunRound.finished_at.is_not(None))
    rows = session.scalars(query.order_by(RunRound.round)).all()
    sizes = _sizes(session, rows)
    return [_round_state(row, sizes) for row in rows]


@router.get("/{run_id}/rounds/{round_number}")
def get_run_round(_user: CanRead, run_id: Id, round_number: RoundNumber, session: ReadSession) -> RunRoundState:
    """The weights after a round."""
    row = session.get(RunRound, (run_id, round_number))
    if row is None or row.finished_at is None:
        raise NotFound(f"run {run_id} has not finished a round {round_number}")
    return _round_state(row, _sizes(session, [row]))


def _sizes(session: Session, rows: Sequence[RunRound]) -> dict[str, int]:
    """Of the artifacts of rounds whose states are kept, by hash."""
    hashes = sorted({sha256 for row in rows if row.removed_at is None for sha256 in (row.parts or {}).values()})
    sizes: dict[str, int] = {}
    for start in range(0, len(hashes), HASHES_A_STATEMENT):
        some = Artifact.sha256.in_(hashes[start : start + HASHES_A_STATEMENT])
        query = select(Artifact.sha256, Artifact.num_bytes).where(some)
        sizes |= dict(session.execute(query).all())
    return sizes


def _round_state(row: RunRound, sizes: dict[str, int]) -> RunRoundState:
    is_kept = row.removed_at is None
    return RunRoundState(
        round=row.round,
        removed_at=row.removed_at,
        parts=[
            StatePart(
                name=name,
                sha256=sha256,
                num_bytes=sizes.get(sha256) if is_kept else None,
                url=artifact_url(sha256) if is_kept else None,
            )
            for name, sha256 in (row.parts or {}).items()
        ],
    )
