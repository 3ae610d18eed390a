"""For whom a run waits, since when, and when it goes on without them: of the times in the database alone.

A step is the same work at every participant: the trainings of a round, a validation, the tests of a round. It is
settled once its outcome does not depend on the rest: the quorum is reached, or cannot be reached any more. From then
on those that are absent or late have a time limit; before, the run waits as long as it takes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.failures import FailureKind
from backend.contracts.site_pause import SitePause
from backend.contracts.status import TERMINAL_TASK_STATUSES, RunStatus, TaskStatus
from backend.contracts.tasks import COORDINATOR
from backend.contracts.waiting_config import WaitingConfig
from backend.db.models import Run, RunRound, Task
from backend.queue import COORDINATOR_QUEUE
from backend.runs import approvals
from backend.runs.attendance import Attendance, load_attendance
from backend.runs.pace import Pace, has_speed, load_pace
from backend.runs.wait_reasons import WaitReason

#: Why a step went on without a task's participant.
ABSENT: FailureKind = "site_absent"
#: A worker that is online and idle gets a message within moments; lost ones are sent again within so much.
BEGINNING = timedelta(seconds=60)
#: A site that loads its cases, or validates before a training, has no speed yet. It is alive: a process that gives no
#: sign for a while is ended at the site. This long it is waited for.
BEFORE_IT_HAS_A_SPEED = timedelta(hours=12)
#: Queued by the step itself, and not once more since.
AT_ONCE = timedelta(seconds=1)
WAITING = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.EVALUATING)
STEP_KINDS = ("train_site", "validate_site", "evaluate_site")


@dataclass(frozen=True)
class Wait:
    """until: when the step goes on without it; None while it is waited for as long as it takes.
    needed: the quorum is not reached without it. late: it takes longer than it should.
    pause: why a hospital's own policy lets it wait."""

    task: Task
    reason: WaitReason
    since: datetime
    until: datetime | None
    needed: bool
    late: bool
    pause: SitePause | None = None


def quorum(run: Run, num_expected: int) -> int:
    """Sites needed: the pooled participant is one, whatever the configuration asks of sites."""
    return min(run.minimum_sites, num_expected)


def waits_of(session: Session, run: Run) -> list[Wait]:
    """Of every open task of the present step, in the order of opening."""
    return waits_of_runs(session, [run]).get(run.id, [])


def waits_of_runs(session: Session, runs: Sequence[Run]) -> dict[str, list[Wait]]:
    """By run id. What all runs share is read once; how far the tasks of a step are, for each run with open tasks."""
    open_ = _open_tasks(session, {run.id: run for run in runs if run.status in WAITING})
    if not open_:
        return {}
    attendance = load_attendance(session)
    undecided = approvals.waiting_since(session, open_)
    given_up, tasks = _given_up(session, open_), _tasks_of_steps(session, open_)
    found = {}
    for run in runs:
        if (mine := open_.get(run.id)) is None:
            continue
        steps = _steps(session, run, mine, tasks[run.id])
        pace = load_pace(session, run, mine, running=[task for task in mine if _is_running(task)])
        config, decisions = run.spec.config.waiting if run.spec else WaitingConfig(), undecided.get(run.id, {})
        found[run.id] = [
            _wait(
                task,
                _Step(steps[task.kind, task.round], given_up[run.id].get(task.participant)),
                attendance,
                config,
                pace,
                decisions.get(task.queue),
            )
            for task in mine
        ]
    return found


def _open_tasks(session: Session, runs: Mapping[str, Run]) -> dict[str, list[Task]]:
    """Those of the present step, by the id of each run that has any."""
    query = select(Task).where(Task.run_id.in_(runs), Task.status.not_in(TERMINAL_TASK_STATUSES))
    found = _by_run(session.scalars(query.order_by(Task.created_at, Task.id)) if runs else ())
    for run_id, tasks in found.items():
        # A validation of an earlier state is waited for at the end, or where early stopping cannot decide without it.
        others = [task for task in tasks if task.kind != "validate_site"]
        if runs[run_id].status != RunStatus.EVALUATING and (others or runs[run_id].status == RunStatus.PAUSED):
            found[run_id] = others
    return {run_id: tasks for run_id, tasks in found.items() if tasks}


def _by_run(tasks: Iterable[Task]) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        found[str(task.run_id)].append(task)
    return found


def overdue(session: Session, run: Run) -> list[Wait]:
    """Those that the run goes on without now."""
    return [wait for wait in waits_of(session, run) if _is_over(wait)]


def runs_with_overdue(session: Session, runs: Sequence[Run]) -> list[str]:
    """The ids of runs that go on without somebody now."""
    return [run_id for run_id, waits in waits_of_runs(session, runs).items() if any(map(_is_over, waits))]


def _is_over(wait: Wait) -> bool:
    return wait.until is not None and wait.until <= now()


@dataclass(frozen=True)
class _Step:
    """What a task's step knows: when it was settled, and when it went on without the same participant before."""

    settled_at: datetime | None
    given_up_at: datetime | None


@dataclass(frozen=True)
class _Outcome:
    """What a step needs to know of each of its tasks: rows of 100 sites are read in each look."""

    kind: str
    round: int
    status: str
    ended_at: datetime


def _tasks_of_steps(session: Session, open_: Mapping[str, list[Task]]) -> dict[str, list[_Outcome]]:
    """By run id: all tasks of the rounds in which a step is open, and of the last one."""
    kinds = {task.kind for tasks in open_.values() for task in tasks if task.kind in STEP_KINDS}
    rounds = {(run_id, task.round) for run_id, tasks in open_.items() for task in tasks}
    query = (
        select(Task.run_id, Task.kind, Task.round, Task.status, Task.finished_at, Task.created_at)
        .join(Run, Run.id == Task.run_id)
        .where(
            Task.run_id.in_(open_),
            Task.kind.in_(kinds),
            or_(tuple_(Task.run_id, Task.round).in_(rounds), Task.round == Run.num_rounds),
        )
    )
    found: dict[str, list[_Outcome]] = defaultdict(list)
    for run_id, kind, number, status, finished_at, created_at in session.execute(query) if kinds else ():
        found[str(run_id)].append(_Outcome(kind, number, status, finished_at or created_at))
    return found


def _steps(
    session: Session, run: Run, open_: list[Task], tasks: list[_Outcome]
) -> dict[tuple[str, int], datetime | None]:
    """When each step with an open task was settled, by kind and round of the task: looked up once for all its sites."""
    of_step: dict[tuple[str, int], list[_Outcome]] = defaultdict(list)
    for task in tasks:
        of_step[task.kind, task.round].append(task)
    steps = {}
    for kind, number in {(task.kind, task.round) for task in open_}:
        if run.status == RunStatus.RUNNING and kind == "validate_site":  # between rounds
            steps[kind, number] = _finished_at(session, run)
        else:
            # A site that sat a round out validates it in the same step as the last state.
            of_round = run.num_rounds if kind == "validate_site" else number
            steps[kind, number] = _settled_at(run, of_step[kind, of_round])
    return steps


def _finished_at(session: Session, run: Run) -> datetime | None:
    """Of the run's last round."""
    latest = session.get(RunRound, (run.id, run.round))
    return latest.finished_at if latest else None


def _settled_at(run: Run, step: list[_Outcome]) -> datetime | None:
    needed = quorum(run, len(step))
    completed = sorted(task.ended_at for task in step if task.status == TaskStatus.COMPLETED)
    if step and len(completed) >= needed:
        return completed[needed - 1]
    lost = sorted(
        task.ended_at for task in step if task.status in TERMINAL_TASK_STATUSES and task.status != TaskStatus.COMPLETED
    )
    may_lose = len(step) - needed
    return lost[may_lose] if len(lost) > may_lose else None


def _given_up(session: Session, run_ids: Iterable[str]) -> dict[str, dict[str, datetime]]:
    """By run id, participant to when the run last went on without it."""
    absent = (Task.status == TaskStatus.FAILED, Task.failure_kind == ABSENT)
    query = select(Task.run_id, Task.participant, Task.finished_at, Task.created_at)
    times: dict[str, dict[str, datetime]] = defaultdict(dict)
    for run_id, participant, finished_at, created_at in session.execute(query.where(Task.run_id.in_(run_ids), *absent)):
        of_run, ended_at = times[str(run_id)], finished_at or created_at
        of_run[participant] = max(ended_at, of_run.get(participant, ended_at))
    return times


def _wait(
    task: Task,
    step: _Step,
    attendance: Attendance,
    config: WaitingConfig,
    pace: Pace,
    undecided_since: datetime | None,
) -> Wait:
    # Those who are there go on, and nobody is there to go on while the coordinator is away.
    settled_at = step.settled_at if attendance.online(COORDINATOR_QUEUE) else None
    needed = step.settled_at is None and task.participant != COORDINATOR
    absent = timedelta(minutes=config.absent_minutes)
    if _is_running(task):
        since = task.started_at or _queued_at(task)
        expected = pace.expected_seconds(task)
        until = _end_of_work(task, since, settled_at, attendance, config, expected)
        late = step.settled_at is not None and expected is not None and now() > since + timedelta(seconds=expected)
        return Wait(task, "working", since, until, needed, late)
    if not attendance.online(task.queue):
        lost_at = attendance.offline_since(task.queue)
        until = _end_of_absence(task, lost_at, settled_at, step.given_up_at, attendance.listening_since, absent)
        return Wait(task, "offline", lost_at or _queued_at(task), until, needed, late=True)
    if undecided_since is not None:
        until = None if settled_at is None else max(settled_at, undecided_since) + max(absent, BEGINNING)
        return Wait(task, "not_approved", undecided_since, until, needed, late=True)
    if (pause := attendance.pause_of(task.queue, task.run_id)) is not None:
        until = _end_of_absence(task, pause.since, settled_at, step.given_up_at, attendance.listening_since, absent)
        return Wait(task, "paused", pause.since, until, needed, late=True, pause=pause.said)
    if attendance.is_busy(task.queue):
        return Wait(task, "in_turn", _queued_at(task), None, needed, late=False)
    since = max(_known(_queued_at(task), attendance.idle_since(task.queue), attendance.listening_since))
    until = None if settled_at is None else max(settled_at, since) + max(absent, BEGINNING)
    return Wait(task, "not_begun", since, until, needed, late=now() - since > BEGINNING / 2)


def _end_of_absence(
    task: Task,
    lost_at: datetime | None,
    settled_at: datetime | None,
    given_up_at: datetime | None,
    listening_since: datetime | None,
    absent: timedelta,
) -> datetime | None:
    """Whom the run went on without before is not waited for again while it is still away, unless somebody reruns it."""
    if settled_at is None:
        return None
    still_away = given_up_at is not None and (lost_at is None or lost_at <= given_up_at)
    if still_away and _queued_at(task) - task.created_at < AT_ONCE:
        return settled_at
    return max(_known(settled_at, lost_at, _queued_at(task), listening_since)) + absent


def _end_of_work(
    task: Task,
    started_at: datetime,
    settled_at: datetime | None,
    attendance: Attendance,
    config: WaitingConfig,
    expected: float | None,
) -> datetime | None:
    if settled_at is None:
        return None
    absent = timedelta(minutes=config.absent_minutes)
    counted_from = max(_known(settled_at, started_at, attendance.listening_since))
    limits = []
    if expected is not None:
        grace = absent if has_speed(task) else max(absent, BEFORE_IT_HAS_A_SPEED)
        limits.append(max(counted_from + grace, started_at + config.late_factor * timedelta(seconds=expected)))
    if config.working_minutes is not None:
        limits.append(counted_from + timedelta(minutes=config.working_minutes))
    return min(limits, default=None)


def _is_running(task: Task) -> bool:
    return task.status == TaskStatus.RUNNING


def _queued_at(task: Task) -> datetime:
    return task.queued_at or task.sent_at


def _known(*times: datetime | None) -> Iterable[datetime]:
    return [time for time in times if time is not None]
