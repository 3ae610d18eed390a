"""A run whose files are damaged or lost goes on from its last whole round: what is done again has the same bits."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.artifacts.store import ArtifactStore
from backend.contracts.status import RunStatus, TaskStatus
from backend.db.lookup import lock_row
from backend.db.models import Metric, Run, RunRound, Task
from backend.events import service as events
from backend.runs.words import describe_run
from backend.task_status import Failure, withdraw


def go_back_to_whole_round(session: Session, store: ArtifactStore, run_id: str, actor: str) -> None:
    """Before a failed or cancelled run is resumed. Does nothing where all that the run needs is whole."""
    run = lock_row(session, Run, run_id)
    if run.status not in (RunStatus.FAILED, RunStatus.CANCELLED):
        return
    kept = _kept_rounds(session, run)
    if not kept:
        return
    damaged = [row.round for row in kept if _num_bad(store, row.parts or {})]
    needed = {kept[-1].round, run.best_round}
    if first := min((number for number in damaged if number in needed), default=None):
        _go_back(session, run, first, [row.round for row in kept if row.round not in damaged], actor)
    elif 0 in damaged and kept[-1].round == 0:
        _go_back(session, run, 0, [], actor)
    else:
        _retrain_damaged_updates(session, store, run)


def _kept_rounds(session: Session, run: Run) -> list[RunRound]:
    query = select(RunRound).where(
        RunRound.run_id == run.id, RunRound.finished_at.is_not(None), RunRound.removed_at.is_(None)
    )
    return list(session.scalars(query.order_by(RunRound.round)))


def _num_bad(store: ArtifactStore, parts: dict[str, str]) -> int:
    return sum(store.problem(sha256) is not None for sha256 in parts.values())


def _go_back(session: Session, run: Run, damaged: int, whole: list[int], actor: str) -> None:
    """Forgets everything after the last whole round before the damaged one; without any, the run begins anew."""
    last_whole = max((number for number in whole if number < damaged), default=None)
    keep = -1 if last_whole is None else last_whole
    session.execute(delete(RunRound).where(RunRound.run_id == run.id, RunRound.round > keep))
    session.execute(delete(Metric).where(Metric.run_id == run.id, Metric.round > keep))
    begun = delete(Task).where(Task.run_id == run.id, Task.round > keep)
    session.execute(begun)
    again = ("validate_site", "evaluate_site")  # opened anew when the next round is, or at the end
    session.execute(delete(Task).where(Task.run_id == run.id, Task.round == keep, Task.kind.in_(again)))
    run.best_round = run.best_dice = None
    run.round = max(0, keep)
    session.expire_all()
    place = "begins anew" if last_whole is None else f"goes on from round {last_whole}, the last whole one"
    message = (
        f"{describe_run(run)}: files of the state after round {damaged} are damaged or lost, so that the run {place}. "
        "What is done again gives the same result."
    )
    events.record_of_run(session, run, "status", message, actor, level="warning", round=damaged)


def _retrain_damaged_updates(session: Session, store: ArtifactStore, run: Run) -> None:
    """A site whose upload of the open round is not whole trains that round again."""
    open_rounds = select(RunRound.round).where(RunRound.run_id == run.id, RunRound.finished_at.is_(None))
    query = select(Task).where(
        Task.run_id == run.id,
        Task.kind == "train_site",
        Task.status == TaskStatus.COMPLETED,
        Task.round.in_(open_rounds),
    )
    for task in session.scalars(query):
        if task.update is None or not _num_bad(store, task.update.parts):
            continue
        task.update = None
        withdraw(task, Failure("state_damaged", "the files of its update were damaged or lost"))
        message = f"{describe_run(run)}: the update of {task.participant} is damaged or lost; it trains again."
        about = {"site_slug": task.participant, "round": task.round, "task_id": task.id}
        events.record_of_run(session, run, "task", message, events.BACKEND, level="warning", **about)
    session.flush()
