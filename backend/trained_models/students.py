"""The students of a run's super model, each with its scores next to the super model's on the same test cases."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.status import RunStatus
from backend.db.models import Experiment, Run
from backend.evaluations.student_cost import student_scores
from backend.trained_models.schemas import StudentRecord


def students_of(run_id: str) -> Select[Run]:
    """The runs, the newest first."""
    query = select(Run).join(Experiment, Experiment.id == Run.experiment_id)
    return query.where(Experiment.teacher_run_id == run_id).order_by(Run.created_at.desc(), Run.id)


def student_record(session: Session, source: Run, student: Run) -> StudentRecord:
    assert student.spec is not None
    assert student.spec.taught is not None
    taught, experiment = student.spec.taught, session.get_one(Experiment, student.experiment_id)
    strategy = taught.strategy
    return StudentRecord(
        run_id=student.id,
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        status=RunStatus(student.status),
        round=student.best_round,
        num_rounds=student.num_rounds,
        temperature=taught.temperature,
        reference_weight=taught.reference_weight,
        gamma=strategy.gamma if isinstance(strategy, FedSMConfig) and strategy.routing == "hard" else None,
        created_at=student.created_at,
        created_by=experiment.created_by,
        scores=list(student_scores(session, source, student)) if student.status == RunStatus.COMPLETED else [],
    )
