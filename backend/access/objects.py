"""The federation, and the site, of whatever an address names: one row of a table for each kind of thing."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, null, select
from sqlalchemy.orm import Session

from backend.db.models import (
    Case,
    Dataset,
    DryRun,
    Experiment,
    Federation,
    Invitation,
    ModelExport,
    ModelVersion,
    Prediction,
    PredictionBatch,
    RegisteredModel,
    Report,
    Run,
    Site,
)
from backend.errors import NotFound


@dataclass(frozen=True)
class Place:
    """site_id: None for what is no site's alone. Both are None for what belongs to no federation."""

    federation_id: str | None
    site_id: str | None


#: By kind: `(federation id, site id)` of a row. An address names it `{kind}_id`.
_PLACES: dict[str, Select[Any, Any]] = {
    "federation": select(Federation.id, null()),
    "site": select(Site.federation_id, Site.id),
    "dataset": select(Site.federation_id, Site.id).join(Dataset, Dataset.site_id == Site.id),
    "case": select(Site.federation_id, Site.id)
    .join(Dataset, Dataset.site_id == Site.id)
    .join(Case, Case.dataset_id == Dataset.id),
    "experiment": select(Experiment.federation_id, null()),
    "run": select(Experiment.federation_id, null()).join(Run, Run.experiment_id == Experiment.id),
    "dry_run": select(DryRun.federation_id, null()),
    "prediction": select(Experiment.federation_id, null())
    .join(Run, Run.experiment_id == Experiment.id)
    .join(Prediction, Prediction.run_id == Run.id),
    "batch": select(Experiment.federation_id, null())
    .join(Run, Run.experiment_id == Experiment.id)
    .join(PredictionBatch, PredictionBatch.run_id == Run.id),
    "export": select(Experiment.federation_id, null())
    .join(Run, Run.experiment_id == Experiment.id)
    .join(ModelExport, ModelExport.run_id == Run.id),
    "model": select(RegisteredModel.federation_id, null()),
    "version": select(RegisteredModel.federation_id, null()).join(
        ModelVersion, ModelVersion.model_id == RegisteredModel.id
    ),
    "report": select(Experiment.federation_id, null()).join(Report, Report.experiment_id == Experiment.id),
    "invitation": select(Invitation.federation_id, null()),
}
_IDS: dict[str, Any] = {
    "federation": Federation.id,
    "site": Site.id,
    "dataset": Dataset.id,
    "case": Case.id,
    "experiment": Experiment.id,
    "run": Run.id,
    "dry_run": DryRun.id,
    "prediction": Prediction.id,
    "batch": PredictionBatch.id,
    "export": ModelExport.id,
    "model": RegisteredModel.id,
    "version": ModelVersion.id,
    "report": Report.id,
    "invitation": Invitation.id,
}
#: Parameters of addresses that name no thing of a federation: they stand next to one that does, or are narrowed where
#: they are used, as the test of all routes shows.
OTHER_PARAMETERS = frozenset(
    {"task_id", "round_number", "user_id", "token_id", "session_id", "sha256", "token", "alias", "rank"}
)


def kind_of(parameter: str) -> str | None:
    """`run` of `run_id`; None for a parameter that names nothing of a federation."""
    kind = parameter.removesuffix("_id")
    return kind if kind in _PLACES and kind != parameter else None


def place_of(session: Session, kind: str, row_id: str) -> Place:
    """Raises NotFound, in the words of the endpoints."""
    found = session.execute(_PLACES[kind].where(_IDS[kind] == row_id)).one_or_none()
    if found is None:
        raise unknown(kind, row_id)
    return Place(found[0], found[1])


def unknown(kind: str, row_id: str) -> NotFound:
    """What is answered for a thing that is not there, and for one that the caller may not know of."""
    return NotFound(f"there is no {kind.replace('_', '')} {row_id!r}")
