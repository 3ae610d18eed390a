"""Registered models: names, versions, aliases, notes, comparison and download."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from backend.access.matrix import Permission
from backend.contracts.fine_tuning import FineTuneCreate
from backend.contracts.registry import AliasMove, AliasName, ModelRegister, VersionUpdate
from backend.contracts.site_addition import SiteAdditionCreate
from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Federation, RegisteredModel
from backend.dependencies import PlatformDep, ReadSession, WriteSession
from backend.experiments import service as experiments
from backend.experiments.schemas import ExperimentRecord
from backend.ledger import fine_tuning, site_addition
from backend.paging import PageDep
from backend.policy import CanMoveModels, CanRead, CanRegisterModels, NamedInBody
from backend.registry import comparison, download, records, service
from backend.registry.schemas import RegisteredModelRecord, VersionComparison, VersionRecord
from backend.storage.dependencies import SweepAfter
from backend.trained_models.zip_answer import RESPONSES, zip_answer

router = APIRouter(tags=["models"])


@router.get("/federations/{federation_id}/registered-models")
def list_registered_models(
    _user: CanRead, federation_id: Id, session: ReadSession, page: PageDep
) -> list[RegisteredModelRecord]:
    """By name, each with its versions and aliases."""
    get_row(session, Federation, federation_id)
    rows = page.rows(session, service.models_of(federation_id), RegisteredModel.id)
    return [records.model_record(session, row) for row in rows]


@router.post("/runs/{run_id}/versions", status_code=201)
def register_model(
    user: CanRegisterModels, run_id: Id, body: ModelRegister, platform: PlatformDep, session: WriteSession
) -> VersionRecord:
    """Keep a completed run's models under a name, as its next version: files, facts and scores as they are now, with
    the server's signature. A run with a registered version is not deleted and gets no more rounds."""
    version = service.register(session, run_id, body, platform.server_key, user)
    return records.version_record(session, version, platform.server_key.public)


@router.get("/registered-models/{model_id}")
def get_registered_model(_user: CanRead, model_id: Id, session: ReadSession) -> RegisteredModelRecord:
    """A name with its versions and aliases."""
    return records.model_record(session, service.get_model(session, model_id))


@router.delete("/registered-models/{model_id}", status_code=204)
def delete_registered_model(user: CanRegisterModels, model_id: Id, session: WriteSession) -> None:
    """Remove a name that has no version."""
    service.remove_model(session, model_id, user)


@router.post("/registered-models/{model_id}/aliases")
def move_alias(user: CanRegisterModels, model_id: Id, body: AliasMove, session: WriteSession) -> RegisteredModelRecord:
    """Let an alias point to a version, wherever it pointed before."""
    return records.model_record(session, service.move_alias(session, model_id, body, user))


@router.delete("/registered-models/{model_id}/aliases/{alias}", status_code=204)
def remove_alias(user: CanRegisterModels, model_id: Id, alias: AliasName, session: WriteSession) -> None:
    """Remove an alias; the version stays."""
    service.remove_alias(session, model_id, alias, user)


@router.get("/model-versions/{version_id}")
def get_model_version(_user: CanRead, version_id: Id, platform: PlatformDep, session: ReadSession) -> VersionRecord:
    """A version: what the run knew, what people say, the card, and the server's signature."""
    return records.version_record(session, service.get_version(session, version_id), platform.server_key.public)


@router.patch("/model-versions/{version_id}")
def update_model_version(
    user: CanRegisterModels, version_id: Id, body: VersionUpdate, platform: PlatformDep, session: WriteSession
) -> VersionRecord:
    """Write the notes of a version's card."""
    version = service.write_notes(session, version_id, body.notes, user)
    return records.version_record(session, version, platform.server_key.public)


@router.delete("/model-versions/{version_id}", status_code=204)
def delete_model_version(user: CanRegisterModels, version_id: Id, session: WriteSession, sweep: SweepAfter) -> None:
    """Remove a version to which no alias points; its number is not given again."""
    service.remove_version(session, version_id, user)
    sweep()


@router.post("/model-versions/{version_id}/site-additions", status_code=201)
def add_site_to_model(
    user: CanRegisterModels, version_id: Id, body: SiteAdditionCreate, named: NamedInBody, session: WriteSession
) -> ExperimentRecord:
    """Add a site to the model selector of a registered FedSM model, in closed form: the site sends its sums, the
    selector is solved from those of all sites, and nothing is trained. The answer is an experiment of kind
    `site-addition`; once it is completed, its models are the next version of the name."""
    named.require(Permission.RUN_EXPERIMENTS, "version", version_id)
    named.require(Permission.RUN_EXPERIMENTS, "dataset", *body.datasets)
    return experiments.experiment_record(session, site_addition.start_addition(session, version_id, body, user))


@router.post("/model-versions/{version_id}/fine-tunings", status_code=201)
def fine_tune_model(
    user: CanRegisterModels, version_id: Id, body: FineTuneCreate, named: NamedInBody, session: WriteSession
) -> ExperimentRecord:
    """Fine-tune a registered model at one site: an experiment of local training that begins with the version's model of
    the site, or else its global one. Once it is completed, its best epoch is registered."""
    named.require(Permission.RUN_EXPERIMENTS, "version", version_id)
    named.require(Permission.RUN_EXPERIMENTS, "dataset", *body.datasets)
    return experiments.experiment_record(session, fine_tuning.start_fine_tuning(session, version_id, body, user))


@router.get("/model-versions/{version_id}/comparison")
def compare_versions(
    _user: CanRead,
    version_id: Id,
    other: Annotated[Id, Query(description="Id of the version to compare with.")],
    named: NamedInBody,
    session: ReadSession,
) -> VersionComparison:
    """Two versions side by side: every setting, and the scores of each model at each site."""
    named.require(Permission.READ, "version", other)
    pair = [service.get_version(session, each) for each in (version_id, other)]
    return comparison.compare_versions(session, pair)


@router.get("/model-versions/{version_id}/model.zip", responses=RESPONSES, response_class=FileResponse)
def download_model_version(
    _user: CanMoveModels, version_id: Id, platform: PlatformDep, session: ReadSession
) -> FileResponse:
    """The version's files with its card, the server's statement of their hashes, and its signature."""
    version = service.get_version(session, version_id)
    found = records.version_record(session, version, platform.server_key.public)
    name = f"{found.name}-{found.number}.zip"
    return zip_answer(name, lambda target: download.write_archive(version, found, platform.artifacts, target))
