"""The tasks of a run: initializing, training, aggregating, validating, testing."""

from sqlalchemy.orm import Session
from typing_extensions import override

from backend.contracts.status import TaskStatus
from backend.contracts.tasks import TaskPayload, TaskResult
from backend.db.models import Run, Task
from backend.ledger.advance import advance
from backend.ledger.payloads import run_payload
from backend.ledger.plausible import require_plausible
from backend.ledger.results import store_run_result
from backend.ledger.retention import release_states
from backend.runs.words import describe_run
from backend.task_owners import EventPlace, TaskOwner, register


class RunTasks(TaskOwner):
    @override
    def payload(self, session: Session, task: Task) -> TaskPayload:
        return run_payload(session, task)

    @override
    def check(self, session: Session, task: Task, result: TaskResult) -> None:
        require_plausible(session, session.get_one(Run, task.run_id), task, result)

    @override
    def store(self, session: Session, task: Task, result: TaskResult) -> None:
        store_run_result(session, task, result)

    @override
    def go_on(self, session: Session, task: Task) -> None:
        run = session.get_one(Run, task.run_id)
        advance(session, run)
        if task.status == TaskStatus.COMPLETED and task.kind in ("aggregate_round", "evaluate_site"):
            release_states(session, run)

    @override
    def event_place(self, session: Session, task: Task) -> EventPlace:
        run = session.get_one(Run, task.run_id)
        return EventPlace(run=run, prefix=f"{describe_run(run)}, round {task.round}, {task.participant}: ")


register(RunTasks(), "initialize_run", "train_site", "aggregate_round", "validate_site", "evaluate_site")
