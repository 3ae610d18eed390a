"""Experiments."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import PlainTextResponse
from sqlalchemy import select

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.values import MAX_SITES, AtMost, Id, Slug, TrainedRound
from backend.db.lookup import get_row
from backend.db.models import Experiment, Federation
from backend.dependencies import ArtifactsDep, ReadSession, WriteSession
from backend.experiments import files, presets, service
from backend.experiments.schemas import (
    ConfigCheck,
    ConfigCheckResult,
    ExperimentCreate,
    ExperimentFileRead,
    ExperimentFileText,
    ExperimentRecord,
    ExperimentUpdate,
    PresetRecord,
    RunsAdd,
)
from backend.paging import PageDep
from backend.policy import (
    CanRead,
    CanReadSomewhere,
    CanRunExperiments,
    CanRunExperimentsSomewhere,
    NamedInBody,
)
from backend.storage.dependencies import SweepAfter

router = APIRouter(tags=["experiments"])


class YamlResponse(PlainTextResponse):
    media_type = "application/yaml"


#: For the OpenAPI document: what the text holds.
YAML_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/yaml": {"schema": {"type": "object"}}}}
}


EXAMPLE_CONFIG: dict[str, Any] = {
    "data": {"image_size": 128},
    "network": {"channels": [16, 32, 64, 128]},
    "schedule": {"rounds": 10, "batch_size": 4},
    "strategies": [
        {"name": "fedsm", "lambda": 0.7, "gamma": 0.9, "selector": {"name": "lda"}},
        {"name": "fedavg"},
        {"name": "local-only"},
        {"name": "centralized"},
    ],
    "seeds": [0],
}
EXAMPLE_EXPERIMENT = {"name": "FedSM and the references", "config": EXAMPLE_CONFIG}


@router.get("/experiment-schema")
def get_experiment_schema(_user: CanReadSomewhere) -> dict[str, Any]:
    """JSON schema of an experiment's configuration: defaults, bounds and help of every field."""
    return ExperimentConfig.model_json_schema(by_alias=True)


@router.get("/federations/{federation_id}/experiments")
def list_experiments(_user: CanRead, federation_id: Id, session: ReadSession, page: PageDep) -> list[ExperimentRecord]:
    """The newest first."""
    get_row(session, Federation, federation_id)
    query = select(Experiment).where(Experiment.federation_id == federation_id)
    rows = page.rows(session, query.order_by(Experiment.created_at.desc(), Experiment.id), Experiment.id)
    return service.experiment_records(session, rows)


@router.post("/federations/{federation_id}/experiments", status_code=201)
def create_experiment(
    user: CanRunExperiments,
    federation_id: Id,
    body: Annotated[ExperimentCreate, Body(examples=[EXAMPLE_EXPERIMENT])],
    named: NamedInBody,
    session: WriteSession,
) -> ExperimentRecord:
    """Create an experiment: one run for each strategy and seed. Nothing runs before its start."""
    named.require_start(body.config)
    experiment = service.create_experiment(session, federation_id, body, user)
    return service.experiment_record(session, experiment)


@router.post("/federations/{federation_id}/experiments/check")
def check_experiment(
    _user: CanRunExperiments,
    federation_id: Id,
    body: Annotated[ConfigCheck, Body(examples=[{"config": EXAMPLE_CONFIG}])],
    named: NamedInBody,
    session: ReadSession,
) -> ConfigCheckResult:
    """What would be refused on this federation, without creating anything."""
    named.require_start(body.config)
    return service.check_config(session, federation_id, body.config)


@router.get("/federations/{federation_id}/method-presets")
def list_method_presets(
    _user: CanRead,
    federation_id: Id,
    session: ReadSession,
    held_out: Annotated[tuple[Slug, ...], AtMost(MAX_SITES), Query(description="Sites that do not train.")] = (),
    rounds: Annotated[TrainedRound | None, Query(description="Rounds of the run; without it none are too few.")] = None,
) -> list[PresetRecord]:
    """FedSM's settings as in the paper, and those that validation preferred where they fit the sites' data and the
    number of rounds."""
    get_row(session, Federation, federation_id)
    return presets.presets_on(session, federation_id, held_out, rounds)


@router.post("/experiment-files/read")
def read_experiment_file(_user: CanRunExperimentsSomewhere, body: ExperimentFileText) -> ExperimentFileRead:
    """An experiment file as a configuration with every default filled in, or every problem with its line."""
    return files.read_file(body.text)


@router.post(
    "/federations/{federation_id}/experiment-files/write", responses=YAML_RESPONSES, response_class=YamlResponse
)
def write_experiment_file(
    _user: CanRunExperiments,
    federation_id: Id,
    body: Annotated[ExperimentCreate, Body(examples=[EXAMPLE_EXPERIMENT])],
    session: ReadSession,
) -> YamlResponse:
    """What is sent as an experiment file, without creating anything."""
    federation = get_row(session, Federation, federation_id)
    return _yaml(files.write_file(body.name, body.description, body.config, federation.name), body.name)


@router.get("/experiments/{experiment_id}/file.yaml", responses=YAML_RESPONSES, response_class=YamlResponse)
def download_experiment_file(_user: CanRead, experiment_id: Id, session: ReadSession) -> YamlResponse:
    """The experiment as a file: read back, it makes the same runs."""
    experiment = get_row(session, Experiment, experiment_id)
    return _yaml(service.write_experiment_file(session, experiment), experiment.name)


@router.get("/experiments/{experiment_id}")
def get_experiment(_user: CanRead, experiment_id: Id, session: ReadSession) -> ExperimentRecord:
    return service.experiment_record(session, get_row(session, Experiment, experiment_id))


@router.patch("/experiments/{experiment_id}")
def update_experiment(
    user: CanRunExperiments, experiment_id: Id, body: ExperimentUpdate, session: WriteSession
) -> ExperimentRecord:
    """Rename, describe or archive an experiment. Its configuration changes by added runs alone."""
    experiment = service.update_experiment(session, experiment_id, body, user)
    return service.experiment_record(session, experiment)


@router.delete("/experiments/{experiment_id}", status_code=204)
def delete_experiment(user: CanRunExperiments, experiment_id: Id, session: WriteSession, sweep: SweepAfter) -> None:
    """Delete an experiment that is not running, with its runs, scores, images, masks and models."""
    service.delete_experiment(session, experiment_id, user)
    sweep()


@router.post("/experiments/{experiment_id}/runs", status_code=201)
def add_runs(user: CanRunExperiments, experiment_id: Id, body: RunsAdd, session: WriteSession) -> ExperimentRecord:
    """Add methods and seeds to an experiment: the runs that it lacks are made, those that it has stay as they are."""
    experiment = service.add_runs(session, experiment_id, body, user)
    return service.experiment_record(session, experiment)


@router.post("/experiments/{experiment_id}/start")
def start_experiment(user: CanRunExperiments, experiment_id: Id, session: WriteSession) -> ExperimentRecord:
    """Start every run that was never started. A second click starts nothing twice."""
    return service.experiment_record(session, service.start_experiment(session, experiment_id, user))


@router.post("/experiments/{experiment_id}/cancel")
def cancel_experiment(user: CanRunExperiments, experiment_id: Id, session: WriteSession) -> ExperimentRecord:
    """Cancel every run that is not over."""
    return service.experiment_record(session, service.cancel_experiment(session, experiment_id, user))


@router.post("/experiments/{experiment_id}/resume")
def resume_experiment(
    user: CanRunExperiments, experiment_id: Id, session: WriteSession, artifacts: ArtifactsDep
) -> ExperimentRecord:
    """Go on with every run that was paused, failed or was cancelled, each from its last finished round."""
    experiment = service.resume_experiment(session, artifacts, experiment_id, user)
    return service.experiment_record(session, experiment)


def _yaml(text: str, name: str) -> YamlResponse:
    file = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:60] or "experiment"
    return YamlResponse(text, headers={"Content-Disposition": f'attachment; filename="{file}.yaml"'})
