"""The models of finished runs."""

import tempfile
import zipfile
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import iterate_in_threadpool, run_in_threadpool
from fastapi.responses import FileResponse
from sqlalchemy import select

from backend.access.matrix import Permission
from backend.artifacts.service import store_artifact
from backend.contracts.artifacts import SAFETENSORS
from backend.contracts.model_file import COPY_BYTES, MAX_BYTES, SUFFIX, ModelFile
from backend.contracts.model_tests import ModelTestCreate
from backend.contracts.predictions import FileName
from backend.contracts.student import StudentCreate
from backend.contracts.thresholds import THRESHOLD_CHOICE, ThresholdChoice
from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Experiment, Federation, Run
from backend.db.session import read_only, unit_of_work
from backend.dependencies import ArtifactsDep, PlatformDep, ReadSession, WriteSession
from backend.errors import InvalidInput
from backend.experiments import service as experiments
from backend.experiments.schemas import ExperimentRecord
from backend.ledger import model_test
from backend.ledger import students as students_ledger
from backend.paging import PageDep
from backend.platform import Platform
from backend.policy import CanMoveModels, CanRead, CanRunExperiments, NamedInBody
from backend.trained_models import importing, service, students
from backend.trained_models.chosen_threshold import model_set_with
from backend.trained_models.model_file import read_model_file
from backend.trained_models.schemas import CurrentModelSet, StudentRecord
from backend.trained_models.zip_answer import RESPONSES, zip_answer

router = APIRouter(tags=["models"])

ThresholdQuery = Annotated[ThresholdChoice, Query(description=THRESHOLD_CHOICE)]

UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/federations/{federation_id}/models")
def list_models(_user: CanRead, federation_id: Id, session: ReadSession, page: PageDep) -> list[CurrentModelSet]:
    """The sets of models of completed runs, the newest first."""
    get_row(session, Federation, federation_id)
    runs = page.rows(session, service.runs_with_models(federation_id), Run.id)
    return service.model_sets_of(session, runs)


@router.post("/federations/{federation_id}/models", status_code=201, openapi_extra=UPLOAD_BODY)
async def import_model(
    user: CanMoveModels,
    federation_id: Id,
    request: Request,
    platform: PlatformDep,
    name: Annotated[FileName, Query(description="The file's name.")],
) -> CurrentModelSet:
    """Take in a model from a ZIP (the body) as `model.zip` gives it: safetensors files and `model.json`. Experiments
    may then begin with it; it is listed, tried on images and tested like those of runs."""
    await run_in_threadpool(_require_federation, platform, federation_id)
    with tempfile.TemporaryDirectory(prefix="fedsm-import-") as folder:
        path = Path(folder) / "model.zip"
        await _receive(request.stream(), path)
        file = await run_in_threadpool(read_model_file, path)
        await run_in_threadpool(_require_fit, platform, federation_id, file)
        with zipfile.ZipFile(path) as archive:
            for part, sha256 in file.parts.items():
                with archive.open(f"{part}{SUFFIX}") as source:
                    chunks = iterate_in_threadpool(iter(lambda: source.read(COPY_BYTES), b""))
                    await store_artifact(platform.database, platform.artifacts, sha256, SAFETENSORS, chunks)
        return await run_in_threadpool(_store, platform, federation_id, file, name, user)


@router.get("/runs/{run_id}/model")
def get_model(_user: CanRead, run_id: Id, session: ReadSession, threshold: ThresholdQuery = "run") -> CurrentModelSet:
    """A completed run's models of its best round, with what they were made of and how well they do."""
    return model_set_with(session, run_id, threshold)[0]


@router.post("/runs/{run_id}/tests", status_code=201)
def test_model(
    user: CanRunExperiments, run_id: Id, body: ModelTestCreate, named: NamedInBody, session: WriteSession
) -> ExperimentRecord:
    """Score a completed run's models on other data sets, without training. The answer is an experiment of kind `test`:
    its results, cases, exports and reports are those of any experiment."""
    named.require(Permission.RUN_EXPERIMENTS, "dataset", *body.datasets)
    return experiments.experiment_record(session, model_test.start_test(session, run_id, body, user))


@router.get("/runs/{run_id}/tests")
def list_model_tests(_user: CanRead, run_id: Id, session: ReadSession, page: PageDep) -> list[ExperimentRecord]:
    """The tests of a run's models on other data, the newest first."""
    get_row(session, Run, run_id)
    query = select(Experiment).where(Experiment.tested_run_id == run_id)
    rows = page.rows(session, query.order_by(Experiment.created_at.desc(), Experiment.id), Experiment.id)
    return experiments.experiment_records(session, rows)


@router.post("/runs/{run_id}/students", status_code=201)
def train_student(
    user: CanRunExperiments, run_id: Id, body: StudentCreate, named: NamedInBody, session: WriteSession
) -> ExperimentRecord:
    """Train one network on a finished super model's soft answers, at the sites and on the data of its run: an
    experiment of kind `student`. Its model is one file, which every form for single networks can hold. `name` needs the
    permission to register models."""
    if body.name is not None:
        named.require(Permission.REGISTER_MODELS, "run", run_id)
    return experiments.experiment_record(session, students_ledger.start_student(session, run_id, body, user))


@router.get("/runs/{run_id}/students")
def list_students(_user: CanRead, run_id: Id, session: ReadSession, page: PageDep) -> list[StudentRecord]:
    """The students of a run's super model, the newest first, with what each costs in Dice on the same test cases."""
    source = get_row(session, Run, run_id)
    rows = page.rows(session, students.students_of(run_id), Run.id)
    return [students.student_record(session, source, row) for row in rows]


@router.get("/runs/{run_id}/model.zip", responses=RESPONSES, response_class=FileResponse)
def download_model(
    _user: CanMoveModels,
    run_id: Id,
    session: ReadSession,
    artifacts: ArtifactsDep,
    threshold: ThresholdQuery = "run",
) -> FileResponse:
    """All safetensors files, the configuration and a model card, as one ZIP."""
    found, _ = model_set_with(session, run_id, threshold)
    chosen = "" if threshold == "run" else f"-threshold-of-{threshold}"
    name = f"fedsm-{found.strategy.name}-seed-{found.seed}{chosen}-{run_id}.zip"
    return zip_answer(name, lambda target: service.write_archive(found, artifacts, target))


async def _receive(chunks: AsyncIterable[bytes], path: Path) -> None:
    num_bytes = 0
    with path.open("wb") as file:
        async for chunk in chunks:
            num_bytes += len(chunk)
            if num_bytes > MAX_BYTES:
                raise InvalidInput.of_field("file", "more than 4 GiB", "is too large", "send the files of one model")
            await run_in_threadpool(file.write, chunk)


def _require_federation(platform: Platform, federation_id: str) -> None:
    """Before the upload: nobody sends a gigabyte to be refused."""
    with read_only(platform.database) as session:
        get_row(session, Federation, federation_id)


def _require_fit(platform: Platform, federation_id: str, file: ModelFile) -> None:
    with read_only(platform.database) as session:
        importing.require_fit(get_row(session, Federation, federation_id).task, file.description)


def _store(platform: Platform, federation_id: str, file: ModelFile, name: str, user: str) -> CurrentModelSet:
    with unit_of_work(platform.database) as session:
        run = importing.store_model(session, federation_id, file, name, user)
        return service.model_set(session, run.id)
