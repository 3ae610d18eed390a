"""Runs: the one writer of their status, and their records."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import VERSION
from backend.clock import now
from backend.contracts.status import TERMINAL_RUN_STATUSES, TRANSITIONS, RunStatus
from backend.contracts.task_kinds import TaskKind
from backend.db.models import Notice, Run, RunRound, Task
from backend.errors import TransitionNotAllowed
from backend.events import service as events
from backend.runs.early_end import end_refusal
from backend.runs.failures import failures_of_runs
from backend.runs.finished_rounds import finished_rounds
from backend.runs.notes import notes_of_runs
from backend.runs.pace import has_speed
from backend.runs.schemas import RunRecord, TaskRecord, WaitedFor
from backend.runs.threshold import best_gammas
from backend.runs.waiting import Wait, waits_of_runs
from backend.runs.words import describe_run

#: Rounds whose mean duration gives the estimate of the rest.
ETA_ROUNDS = 5
#: Ends of which e-mail and webhook tell; a cancelled run was ended by a person, who knows.
TOLD_ENDS = frozenset({RunStatus.COMPLETED, RunStatus.FAILED})
#: Of a run, as its record has them.
COLUMNS = (
    "id",
    "experiment_id",
    "strategy",
    "strategy_label",
    "seed",
    "status",
    "round",
    "num_rounds",
    "best_round",
    "best_dice",
    "compared",
    "failure",
    "created_at",
    "started_at",
    "finished_at",
)


def set_status(
    session: Session,
    run: Run,
    status: RunStatus,
    message: str,
    actor: str,
    level: events.Level = "info",
    kind: events.Kind = "status",
) -> None:
    """The only place that changes a run's status. The caller holds the run's lock. kind: of the event that tells it.

    Raises TransitionNotAllowed when `TRANSITIONS` has no such step.
    """
    before = RunStatus(run.status)
    if status not in TRANSITIONS[before]:
        allowed = ", ".join(sorted(TRANSITIONS[before])) or "nothing"
        raise TransitionNotAllowed(
            f"{describe_run(run)} is {before} and cannot become {status}: from {before} it can become {allowed}"
        )
    run.status = status
    run.finished_at = now() if status in TERMINAL_RUN_STATUSES else None
    if status != RunStatus.FAILED:
        run.failure = None
    if run.started_at is None and status == RunStatus.RUNNING:
        run.started_at = now()
        run.code_version = VERSION
    events.record_of_run(session, run, kind, message, actor, level, round=run.round)
    if status in TOLD_ENDS:
        end = {"run_id": run.id, "status": status, "message": message, "at": now(), "next_at": now()}
        session.add_all(Notice(way=way, **end) for way in ("email", "webhook"))


def list_runs(session: Session, experiment_id: str) -> list[Run]:
    return list_runs_of(session, [experiment_id])


def list_runs_of(session: Session, experiment_ids: Iterable[str]) -> list[Run]:
    """By experiment, each one's in order."""
    query = select(Run).where(Run.experiment_id.in_(list(experiment_ids)))
    return list(session.scalars(query.order_by(Run.experiment_id, Run.position)))


def run_record(session: Session, run: Run) -> RunRecord:
    return run_records(session, [run])[0]


def run_records(session: Session, runs: Sequence[Run]) -> list[RunRecord]:
    """In the same order, with as many queries as for one run; the pace of work under way is read for each run."""
    gammas, notes = best_gammas(session, runs), notes_of_runs(session, runs)
    failures, waits = failures_of_runs(session, runs), waits_of_runs(session, runs)
    rounds, finished = _last_rounds(session, runs), finished_rounds(session, runs)
    return [
        RunRecord(
            **{column: getattr(run, column) for column in COLUMNS},
            sites=list(run.spec.sites) if run.spec else [],
            num_finished_rounds=finished[run.id],
            end_refusal=end_refusal(run, finished[run.id]),
            gamma=gammas.get(run.id),
            notes=notes[run.id],
            failures=failures.get(run.id, []),
            waits_for=[_waited_for(wait) for wait in waits.get(run.id, []) if wait.late],
            eta_seconds=_eta_seconds(run, rounds[run.id], waits.get(run.id, [])),
            early_stop=run.early_stop,
            extensions=run.extensions or [],
        )
        for run in runs
    ]


def task_record(task: Task) -> TaskRecord:
    return TaskRecord.model_validate(task)


def _waited_for(wait: Wait) -> WaitedFor:
    return WaitedFor(
        participant=wait.task.participant,
        task_kind=cast(TaskKind, wait.task.kind),
        round=wait.task.round,
        reason=wait.reason,
        since=wait.since,
        goes_on_at=wait.until,
        needed=wait.needed,
        pause=wait.pause,
    )


def _last_rounds(session: Session, runs: Sequence[Run]) -> dict[str, list[RunRound]]:
    """By run id, of those that are running: the round under way and the last ones before it."""
    running = [run.id for run in runs if run.status == RunStatus.RUNNING]
    query = (
        select(RunRound)
        .join(Run, Run.id == RunRound.run_id)
        .where(RunRound.run_id.in_(running), RunRound.round >= 1, RunRound.round >= Run.round - ETA_ROUNDS)
    )
    found: dict[str, list[RunRound]] = defaultdict(list)
    for row in session.scalars(query.order_by(RunRound.round)) if running else ():
        found[row.run_id].append(row)
    return found


def _eta_seconds(run: Run, rounds: list[RunRound], waits: list[Wait]) -> float | None:
    """Rounds left times the mean of the last rounds, less what the present one has used; at least until the present
    one goes on without those who are absent or late. None while nobody can say when that is."""
    durations = [(row.finished_at - row.opened_at).total_seconds() for row in rounds if row.finished_at]
    if not durations:
        return None
    mean = sum(durations) / len(durations)
    ends_of_waiting = [_end_of_wait(wait) for wait in waits if wait.late]
    if None in ends_of_waiting:
        return None
    rest = max(((end - now()).total_seconds() for end in ends_of_waiting if end), default=0.0)
    if rounds[-1].finished_at is None:
        rest = max(rest, mean - (now() - rounds[-1].opened_at).total_seconds(), 0.0)
    return max(0.0, mean * (run.num_rounds - run.round) + rest)


def _end_of_wait(wait: Wait) -> datetime | None:
    """None where nobody knows: of a site at work that has no speed yet, the limit is no estimate."""
    return None if wait.reason == "working" and not has_speed(wait.task) else wait.until
