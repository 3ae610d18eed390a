"""The models of finished runs."""

import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Depends
from fastapi.responses import FileResponse

from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Federation
from backend.dependencies import ArtifactsDep, ReadSession, get_current_user
from backend.models import service
from backend.models.schemas import ModelSet
from backend.users.schemas import ErrorBody

router = APIRouter(tags=["models"], dependencies=[Depends(get_current_user)])

ZIP_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
    410: {"model": ErrorBody, "description": "A file of the model is damaged: nothing is sent"},
}


@router.get("/federations/{federation_id}/models")
def list_models(federation_id: Id, session: ReadSession) -> list[ModelSet]:
    """The sets of models of completed runs, the newest first."""
    get_row(session, Federation, federation_id)
    return service.list_model_sets(session, federation_id)


@router.get("/runs/{run_id}/model")
def get_model(run_id: Id, session: ReadSession) -> ModelSet:
    """A completed run's models of its best round, with what they were made of and how well they do."""
    return service.model_set(session, run_id)


@router.get("/runs/{run_id}/model.zip", responses=ZIP_RESPONSES, response_class=FileResponse)
def download_model(
    run_id: Id, session: ReadSession, artifacts: ArtifactsDep, background: BackgroundTasks
) -> FileResponse:
    """All safetensors files, the configuration and a model card, as one ZIP."""
    found = service.model_set(session, run_id)
    with tempfile.NamedTemporaryFile(prefix="fedsm-model-", suffix=".zip", delete=False) as file:
        target = Path(file.name)
    background.add_task(target.unlink, missing_ok=True)
    service.write_archive(found, artifacts, target)
    name = f"fedsm-{found.strategy.name}-seed-{found.seed}-{run_id}.zip"
    return FileResponse(target, filename=name, media_type="application/zip", background=background)
