"""Rows of the registry as answers."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import Experiment, ModelAlias, ModelVersion, RegisteredModel
from backend.link.keys import PublicKey
from backend.registry import signing
from backend.registry.card import version_card
from backend.registry.schemas import RegisteredModelRecord, VersionFacts, VersionRecord, VersionSummary
from backend.registry.service import aliases_of, versions_of


def model_record(session: Session, model: RegisteredModel) -> RegisteredModelRecord:
    versions = session.scalars(versions_of(model.id)).all()
    numbers = {version.id: version.number for version in versions}
    aliases = session.scalars(
        select(ModelAlias).where(ModelAlias.model_id == model.id).order_by(ModelAlias.alias)
    ).all()
    own: dict[str, list[str]] = {}
    for alias in aliases:
        own.setdefault(alias.version_id, []).append(alias.alias)
    facts = [VersionFacts.model_validate(version.facts) for version in versions]
    ids = {each.experiment_id for each in facts}
    experiments = {row.id: row for row in session.scalars(select(Experiment).where(Experiment.id.in_(ids)))}
    summaries = [
        _summary(version, model.name, known, own.get(version.id, []), experiments[known.experiment_id])
        for version, known in zip(versions, facts, strict=True)
    ]
    return RegisteredModelRecord(
        id=model.id,
        federation_id=model.federation_id,
        name=model.name,
        created_at=model.created_at,
        created_by=model.created_by,
        aliases={alias.alias: numbers[alias.version_id] for alias in aliases},
        versions=[VersionSummary.model_validate(summary) for summary in summaries],
    )


def version_summary(session: Session, version: ModelVersion) -> VersionSummary:
    facts = VersionFacts.model_validate(version.facts)
    name = session.get_one(RegisteredModel, version.model_id).name
    experiment = session.get_one(Experiment, facts.experiment_id)
    return VersionSummary.model_validate(_summary(version, name, facts, aliases_of(session, version), experiment))


def version_record(session: Session, version: ModelVersion, server_key: PublicKey) -> VersionRecord:
    facts = VersionFacts.model_validate(version.facts)
    name = session.get_one(RegisteredModel, version.model_id).name
    signature = signing.signature_of(version, name)
    experiment = session.get_one(Experiment, facts.experiment_id)
    return VersionRecord(
        **_summary(version, name, facts, aliases_of(session, version), experiment),
        federation_id=facts.federation_id,
        facts=facts,
        noted_at=version.noted_at,
        noted_by=version.noted_by,
        card=version_card(version, name, facts),
        signature=signature,
        is_signed=signing.is_signed_by(signature, server_key),
        download_url=f"/api/v1/model-versions/{version.id}/model.zip",
    )


def _summary(
    version: ModelVersion, name: str, facts: VersionFacts, aliases: list[str], experiment: Experiment
) -> dict[str, object]:
    return {
        "id": version.id,
        "model_id": version.model_id,
        "name": name,
        "number": version.number,
        "reference": f"{name}:{version.number}",
        "aliases": aliases,
        "run_id": version.run_id,
        "experiment_id": facts.experiment_id,
        "experiment_name": experiment.name,
        "experiment_archived": experiment.archived_at is not None,
        "strategy_label": facts.strategy_label,
        "seed": facts.seed,
        "round": facts.round,
        "threshold": facts.threshold,
        "sites": facts.sites,
        "num_bytes": facts.num_bytes,
        "scores": [score for score in facts.version_scores if score.site_slug is None],
        "made_from": None if facts.made_from is None else facts.made_from.version,
        "notes": version.notes,
        "created_at": version.created_at,
        "created_by": version.created_by,
    }
