"""Experiments to start from."""

from fastapi import APIRouter

from backend.experiment_templates import service
from backend.experiment_templates.schemas import ExperimentTemplate
from backend.policy import CanReadSomewhere

router = APIRouter(tags=["experiments"])


@router.get("/experiment-templates")
def list_experiment_templates(_user: CanReadSomewhere) -> list[ExperimentTemplate]:
    """Whole configurations in name order: a change of one of them, or none, makes an experiment."""
    return list(service.templates())
