"""Models under names: registering a run's models as the next version, moving aliases, writing notes, removing."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.clock import now
from backend.contracts.registry import MAX_ALIASES, AliasMove, ModelRegister
from backend.db.lookup import get_row, lock_row
from backend.db.models import Experiment, Federation, ModelAlias, ModelVersion, RegisteredModel, Run
from backend.db.models.experiment import MODEL_TEST
from backend.errors import Conflict, InvalidInput, NotFound
from backend.events import service as events
from backend.events.changes import from_to
from backend.link.keys import SigningKey
from backend.registry import signing
from backend.registry.facts import facts_of
from backend.registry.schemas import VersionFacts
from backend.runs.words import describe_run


def register(session: Session, run_id: str, body: ModelRegister, key: SigningKey, actor: str) -> ModelVersion:
    """The next version of the name. Raises Conflict for a run without models, or one that the name has already."""
    run = get_row(session, Run, run_id)
    experiment = lock_row(session, Experiment, run.experiment_id)  # it is not deleted meanwhile
    run = lock_row(session, Run, run_id)  # nor given more rounds
    if experiment.kind == MODEL_TEST:
        raise Conflict(f"{describe_run(run)} is the test of a model: register the model that it tested")
    facts = facts_of(session, run, body.threshold)
    model = _model(session, experiment.federation_id, body.name, actor)
    for twin in session.scalars(versions_of(model.id).where(ModelVersion.run_id == run.id)):
        if VersionFacts.model_validate(twin.facts).strategy == facts.strategy:
            raise Conflict(
                f"the models of this run are {model.name}:{twin.number} already: move an alias, or add notes"
            )
    require_artifacts(session, {part.sha256 for part in facts.parts})
    model.last_version += 1
    at = now()
    version = ModelVersion(
        model_id=model.id,
        number=model.last_version,
        run_id=run.id,
        facts=facts.model_dump(mode="json", by_alias=True),
        notes=body.notes,
        noted_at=at if body.notes else None,
        noted_by=actor if body.notes else None,
        created_at=at,
        created_by=actor,
    )
    signing.sign(version, model.name, key)
    session.add(version)
    session.flush()
    said = f"{actor} registered the models of {describe_run(run)} as {model.name}:{version.number}."
    events.record_of_run(session, run, "model", said, actor)
    for alias in dict.fromkeys(body.aliases):
        _point(session, model, alias, version, actor)
    return version


def move_alias(session: Session, model_id: str, body: AliasMove, actor: str) -> RegisteredModel:
    """Raises InvalidInput for a version that the model does not have."""
    model = lock_row(session, RegisteredModel, model_id)
    version = session.scalar(versions_of(model_id).where(ModelVersion.number == body.version))
    if version is None:
        numbers = ", ".join(str(row.number) for row in session.scalars(versions_of(model_id))) or "none"
        raise InvalidInput.of_field("version", body.version, f"is no version of {model.name}", f"choose of {numbers}")
    _point(session, model, body.alias, version, actor)
    return model


def remove_alias(session: Session, model_id: str, alias: str, actor: str) -> None:
    """Raises NotFound where the model has no such alias."""
    model = lock_row(session, RegisteredModel, model_id)
    row = session.get(ModelAlias, (model_id, alias))
    if row is None:
        raise NotFound(f"the model {model.name} has no alias {alias!r}")
    session.delete(row)
    _record(session, model, f"{actor} removed the alias {alias} of {model.name}.", actor)


def write_notes(session: Session, version_id: str, notes: str, actor: str) -> ModelVersion:
    version = lock_version(session, version_id)
    if notes != version.notes:
        changed = from_to(version.notes, notes)
        version.notes, version.noted_at, version.noted_by = notes, now(), actor
        model = session.get_one(RegisteredModel, version.model_id)
        _record(session, model, f"{actor} changed the notes of {model.name}:{version.number} {changed}.", actor)
    return version


def remove_version(session: Session, version_id: str, actor: str) -> None:
    """Its files go with the next sweep, unless the run keeps them. Raises Conflict while an alias points to it."""
    version = lock_version(session, version_id)
    model = session.get_one(RegisteredModel, version.model_id)
    if aliases := aliases_of(session, version):
        raise Conflict(
            f"{model.name}:{version.number} is {', '.join(aliases)}: move the alias to another version, or remove it"
        )
    session.delete(version)
    _record(session, model, f"{actor} removed the version {model.name}:{version.number}.", actor)


def remove_model(session: Session, model_id: str, actor: str) -> None:
    """The name. Raises Conflict while it has versions."""
    model = lock_row(session, RegisteredModel, model_id)
    num_versions = len(session.scalars(versions_of(model_id)).all())
    if num_versions:
        raise Conflict(f"the model {model.name} has {num_versions} version(s): remove them first")
    session.delete(model)
    _record(session, model, f"{actor} removed the model {model.name}.", actor)


def models_of(federation_id: str) -> Select[RegisteredModel]:
    """By name."""
    return (
        select(RegisteredModel)
        .where(RegisteredModel.federation_id == federation_id)
        .order_by(RegisteredModel.name, RegisteredModel.id)
    )


def versions_of(model_id: str) -> Select[ModelVersion]:
    """The newest first."""
    return select(ModelVersion).where(ModelVersion.model_id == model_id).order_by(ModelVersion.number.desc())


def aliases_of(session: Session, version: ModelVersion) -> list[str]:
    query = select(ModelAlias.alias).where(ModelAlias.version_id == version.id).order_by(ModelAlias.alias)
    return list(session.scalars(query))


def get_version(session: Session, version_id: str) -> ModelVersion:
    """Raises NotFound."""
    version = session.get(ModelVersion, version_id)
    if version is None:
        raise NotFound(f"there is no version {version_id!r}")
    return version


def lock_version(session: Session, version_id: str) -> ModelVersion:
    """With its model, as all changes take them: in this order. Raises NotFound."""
    lock_row(session, RegisteredModel, get_version(session, version_id).model_id)
    return get_version(session, version_id)


def get_model(session: Session, model_id: str) -> RegisteredModel:
    """Raises NotFound."""
    model = session.get(RegisteredModel, model_id)
    if model is None:
        raise NotFound(f"there is no model {model_id!r}")
    return model


def _model(session: Session, federation_id: str, name: str, actor: str) -> RegisteredModel:
    """Of this name, locked; made where it is new."""
    lock_row(session, Federation, federation_id)
    found = session.scalar(models_of(federation_id).where(RegisteredModel.name == name))
    if found is not None:
        return lock_row(session, RegisteredModel, found.id)
    model = RegisteredModel(federation_id=federation_id, name=name, last_version=0, created_at=now(), created_by=actor)
    session.add(model)
    session.flush()
    return model


def _point(session: Session, model: RegisteredModel, alias: str, version: ModelVersion, actor: str) -> None:
    row = session.get(ModelAlias, (model.id, alias))
    if row is not None and row.version_id == version.id:
        return
    if row is None:
        count = len(session.scalars(select(ModelAlias).where(ModelAlias.model_id == model.id)).all())
        if count >= MAX_ALIASES:
            remedy = "remove one that nobody uses"
            raise InvalidInput.of_field("alias", alias, f"would be more than {MAX_ALIASES} of a model", remedy)
        session.add(ModelAlias(model_id=model.id, alias=alias, version_id=version.id, moved_at=now(), moved_by=actor))
        before = ""
    else:
        before = f", which was {model.name}:{session.get_one(ModelVersion, row.version_id).number} before"
        row.version_id, row.moved_at, row.moved_by = version.id, now(), actor
    session.flush()
    _record(session, model, f"{actor} made {model.name}:{version.number} {model.name}@{alias}{before}.", actor)


def _record(session: Session, model: RegisteredModel, message: str, actor: str) -> None:
    events.record(session, "model", message, actor, federation_id=model.federation_id)
