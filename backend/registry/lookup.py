"""Which version a name and a number, or a name and an alias, stand for; and which versions a run has."""

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from backend.contracts.registry import Reference
from backend.db.models import Experiment, ModelAlias, ModelVersion, RegisteredModel, Run


def find_version(session: Session, federation_id: str, reference: Reference) -> ModelVersion | None:
    """None where the federation has no such version."""
    query = (
        select(ModelVersion)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.model_id)
        .where(RegisteredModel.federation_id == federation_id, RegisteredModel.name == reference.name)
    )
    if reference.alias is None:
        return session.scalar(query.where(ModelVersion.number == reference.version))
    query = query.join(ModelAlias, ModelAlias.version_id == ModelVersion.id)
    return session.scalar(query.where(ModelAlias.alias == reference.alias))


def reference_of(session: Session, version: ModelVersion) -> str:
    """`fundus:3`"""
    return f"{session.get_one(RegisteredModel, version.model_id).name}:{version.number}"


def references_of_run(session: Session, run_id: str) -> list[str]:
    """Empty for a run whose models are not registered."""
    return [reference_of(session, row) for row in session.scalars(_ordered(ModelVersion.run_id == run_id))]


def references_of_experiment(session: Session, experiment_id: str) -> list[str]:
    """Of all its runs."""
    of_runs = select(Run.id).join(Experiment).where(Experiment.id == experiment_id)
    return [reference_of(session, row) for row in session.scalars(_ordered(ModelVersion.run_id.in_(of_runs)))]


def _ordered(condition: ColumnElement[bool]) -> Select[ModelVersion]:
    query = select(ModelVersion).where(condition)
    return query.order_by(ModelVersion.created_at, ModelVersion.id)
