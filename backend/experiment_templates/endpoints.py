"""Experiments to start from."""

from fastapi import APIRouter, Depends

from backend.dependencies import get_current_user
from backend.experiment_templates import service
from backend.experiment_templates.schemas import ExperimentTemplate

router = APIRouter(tags=["experiments"], dependencies=[Depends(get_current_user)])


@router.get("/experiment-templates")
def list_experiment_templates() -> list[ExperimentTemplate]:
    """Whole configurations in name order: a change of one of them, or none, makes an experiment."""
    return list(service.templates())
