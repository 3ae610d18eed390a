"""The state machine of a run: `advance()` does whatever the ledger says is due, and nothing that was done already.

It is called, under the run's lock, after everything that may have changed the ledger: a task's end, a resume, and by
the recovery loop. So any caller may be killed before or after it, and the next one goes on.
"""

from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.status import TERMINAL_TASK_STATUSES, RunStatus, TaskStatus
from backend.contracts.task_kinds import TaskKind
from backend.contracts.tasks import COORDINATOR
from backend.db.models import Run, RunRound, Task
from backend.evaluations.run_scores.service import keep_scores
from backend.events import service as events
from backend.ledger import repository, run_length
from backend.ledger.best_round import choose_best_round
from backend.queue import COORDINATOR_QUEUE, SIMULATED_QUEUE
from backend.runs.service import set_status
from backend.runs.waiting import ABSENT, quorum
from backend.runs.words import describe_run
from backend.task_status import cancel, enqueue

RESUME_REMEDY = "Mend the cause, then resume the run: it goes on from its last finished round."


def advance(session: Session, run: Run) -> None:
    """Opens what is due, fails what cannot go on. The caller holds the run's lock."""
    session.flush()
    match RunStatus(run.status):
        case RunStatus.QUEUED:
            _advance_initialization(session, run)
        case RunStatus.RUNNING | RunStatus.PAUSED:
            _advance_rounds(session, run)
        case RunStatus.EVALUATING:
            _advance_evaluation(session, run)


def fail_run(session: Session, run: Run, cause: str) -> None:
    """Ends the run with a cause in plain words; what is under way is asked to stop."""
    cancel_open_tasks(session, run)
    set_status(session, run, RunStatus.FAILED, f"{describe_run(run)} failed. {cause}", events.BACKEND, level="error")
    run.failure = cause


def cancel_open_tasks(session: Session, run: Run) -> None:
    for task in repository.open_tasks(session, run):
        cancel(task)


def _advance_initialization(session: Session, run: Run) -> None:
    tasks = repository.tasks_of(session, run, "initialize_run")
    if not tasks:
        _open_tasks(session, run, "initialize_run", 0, [COORDINATOR])
    elif _ended_badly(tasks[0]):
        fail_run(session, run, f"The run could not be initialized: {_cause(tasks[0])} {RESUME_REMEDY}")
    elif tasks[0].status == TaskStatus.COMPLETED:
        set_status(session, run, RunStatus.RUNNING, f"{describe_run(run)} is initialized and runs.", events.BACKEND)
        _advance_rounds(session, run)


def _advance_rounds(session: Session, run: Run) -> None:
    latest = repository.latest_round(session, run)
    if latest is None:  # paused before its initialization ended
        tasks = repository.tasks_of(session, run, "initialize_run")
        if tasks and _ended_badly(tasks[0]):
            fail_run(session, run, f"The run could not be initialized: {_cause(tasks[0])} {RESUME_REMEDY}")
    elif latest.finished_at is None:
        _advance_open_round(session, run, latest)
    elif run.status == RunStatus.PAUSED or run_length.waits_for_scores(session, run, latest.round):
        return
    elif latest.round < run.num_rounds and not run_length.stop_early(session, run, latest.round):
        _open_round(session, run, latest.round + 1)
        if _is_averaging(run, run.round):  # nobody's training is waited for
            _advance_open_round(session, run, session.get_one(RunRound, (run.id, run.round)))
    else:
        run_length.drop_replaced_evaluation(session, run)
        message = f"{describe_run(run)} is being evaluated."
        set_status(session, run, RunStatus.EVALUATING, message, events.BACKEND, kind="round")
        _advance_evaluation(session, run)


def _open_round(session: Session, run: Run, round_number: int) -> None:
    """Those train to whom the state before gives parts; the others validate that state, which training does first.

    In the round that averages late rounds nobody trains.
    """
    previous = session.get_one(RunRound, (run.id, round_number - 1))
    run.round = round_number
    session.add(RunRound(run_id=run.id, round=round_number, opened_at=now()))
    session.flush()
    everyone = run.participants or []
    receivers = {} if _is_averaging(run, round_number) else previous.downloads or {}
    trained = [participant for participant in everyone if participant in receivers]
    _open_tasks(session, run, "train_site", round_number, trained)
    asked = {task.participant for task in repository.tasks_of(session, run, "validate_site", round_number - 1)}
    idle = [participant for participant in everyone if participant not in {*trained, *asked}]
    _open_tasks(session, run, "validate_site", round_number - 1, idle)
    what = "averages late rounds: nobody trains" if _is_averaging(run, round_number) else "is open"
    message = f"{describe_run(run)}: round {round_number} of {run.num_rounds} {what}."
    events.record_of_run(session, run, "round", message, events.BACKEND, round=round_number)


def _advance_open_round(session: Session, run: Run, current: RunRound) -> None:
    if not repository.all_ended(session, run, "train_site", current.round):
        return
    trainings = repository.tasks_of(session, run, "train_site", current.round)
    aggregations = repository.tasks_of(session, run, "aggregate_round", current.round)
    if aggregations:
        if _ended_badly(aggregations[0]):
            cause = _cause(aggregations[0])
            fail_run(session, run, f"The aggregation of round {current.round} failed: {cause} {RESUME_REMEDY}")
        return
    if not _has_quorum(session, run, trainings, "train", current.round):
        return
    _open_tasks(session, run, "aggregate_round", current.round, [COORDINATOR])


def _advance_evaluation(session: Session, run: Run) -> None:
    validations = repository.tasks_of(session, run, "validate_site", run.num_rounds)
    if not validations and run.participants:  # the test of a finished model has none
        _open_tasks(session, run, "validate_site", run.num_rounds, run.participants or [])
        return
    if not repository.all_ended(session, run, "validate_site"):
        return
    if run.best_round is None:
        if not _has_quorum(session, run, validations, "validate", run.num_rounds):
            return
        choose_best_round(session, run)
    assert run.best_round is not None
    rounds = dict.fromkeys((run.best_round, run.num_rounds))  # once, where the last round is the best
    evaluations = {number: repository.tasks_of(session, run, "evaluate_site", number) for number in rounds}
    if not evaluations[run.best_round]:
        for number in rounds:
            _open_tasks(session, run, "evaluate_site", number, run.evaluators or [])
    elif all(map(_all_ended, evaluations.values())) and all(
        _has_quorum(session, run, tasks, "evaluate", number) for number, tasks in evaluations.items()
    ):
        what = ", the average of late rounds" if _is_averaging(run, run.best_round) else ""
        done = f"is completed; its best round is {run.best_round}{what}" if run.participants else "is tested"
        message = f"{describe_run(run)} {done}."
        keep_scores(session, run)
        set_status(session, run, RunStatus.COMPLETED, message, events.BACKEND)


def _open_tasks(session: Session, run: Run, kind: TaskKind, round_number: int, participants: list[str]) -> None:
    if not participants:
        return
    queues = {} if participants == [COORDINATOR] else repository.queues_of(session, run.id)
    tasks = [
        Task(
            run_id=run.id,
            kind=kind,
            round=round_number,
            participant=participant,
            # `pooled` is simulated by definition.
            queue=COORDINATOR_QUEUE if participant == COORDINATOR else queues.get(participant, SIMULATED_QUEUE),
            created_at=now(),
        )
        for participant in participants
    ]
    if len(tasks) > 1:  # who takes longest begins first: the others then wait for nobody at the end
        cases = repository.num_cases_of(session, run.id)
        tasks.sort(key=lambda task: -cases.get(task.participant, sum(cases.values())))
    enqueue(session, *tasks)


def _has_quorum(session: Session, run: Run, tasks: list[Task], verb: str, round_number: int) -> bool:
    """Warns of each site that failed if the others suffice; fails the run if they do not."""
    failed = [task for task in tasks if _ended_badly(task)]
    num_completed, needed = len(tasks) - len(failed), quorum(run, len(tasks))
    if num_completed < needed:
        causes = " ".join(f"{task.participant} could not {verb}: {_cause(task)}" for task in failed)
        cause = f"Round {round_number} has results of {num_completed} of {len(tasks)} site(s) and needs {needed}. "
        fail_run(session, run, f"{cause}{causes} {RESUME_REMEDY}")
        return False
    given_up = [task for task in failed if task.failure_kind == ABSENT]  # it was said when they were
    for task in (task for task in failed if task not in given_up):
        message = (
            f"{describe_run(run)}: round {round_number} goes on without {task.participant}, which could not {verb}: "
            f"{_cause(task)}"
        )
        about = {"site_slug": task.participant, "round": round_number, "task_id": task.id}
        events.record_of_run(session, run, "task", message, events.BACKEND, level="warning", **about)
    return True


def _is_averaging(run: Run, round_number: int) -> bool:
    return run.spec is not None and run.spec.config.schedule.is_averaging(round_number)


def _all_ended(tasks: list[Task]) -> bool:
    return all(task.status in TERMINAL_TASK_STATUSES for task in tasks)


def _ended_badly(task: Task) -> bool:
    return task.status in TERMINAL_TASK_STATUSES and task.status != TaskStatus.COMPLETED


def _cause(task: Task) -> str:
    """With the task's id, which is the correlation id in the worker's log."""
    reason = (task.error or f"it was {task.status}").rstrip(".")
    return f"{reason} (site {task.participant}, round {task.round}, task {task.id})."
