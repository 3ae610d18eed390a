"""Every column that holds the hash of an artifact, in one place.

What is kept (`backend.storage.sweep`), what may be shown (`backend.artifacts.access`) and what an experiment holds
(`backend.storage.usage`) all read this list. A new column that names artifacts is added here; code that writes a
hash into a row passes it through `backend.artifacts.service.require_artifacts` in the same transaction, so that a sweep
under way leaves it alone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.artifacts.kinds import Kind, PolicySwitch, Subject
from backend.contracts.predictions import PredictCaseResult
from backend.contracts.report_document import Report as ReportDocument
from backend.contracts.tasks import RunSpec
from backend.db.base import Base
from backend.db.models import (
    Case,
    CaseHistory,
    ModelExport,
    ModelVersion,
    Prediction,
    Report,
    Run,
    RunRound,
    Task,
    TestedCase,
)


@dataclass(frozen=True)
class Owner:
    """A column, how to read hashes out of its value, and whose they are.

    subject_id: the column with the subject's id. kept: rows whose artifacts are kept (None: all). shown: whether users
    may fetch them; policy: only where the case's site allows it now. case_id: of the case that they show.
    """

    column: InstrumentedAttribute[Any]
    kind: Kind
    hashes: Callable[[Any], Iterable[str | None]]
    subject: Subject
    subject_id: InstrumentedAttribute[Any]
    kept: ColumnElement[bool] | None = None
    shown: bool = True
    policy: PolicySwitch | None = None
    site_slug: InstrumentedAttribute[Any] | None = None
    case_id: InstrumentedAttribute[Any] | None = None

    @property
    def model(self) -> type[Base]:
        model = self.column.class_
        assert isinstance(model, type)
        assert issubclass(model, Base)
        return model

    @property
    def name(self) -> str:
        """`run_round.parts`"""
        return f"{self.model.__tablename__}.{self.column.key}"

    def rows(self, *columns: Any) -> Select[Any]:
        """The column's value and `columns` of the rows whose artifacts are kept."""
        query = select(self.column, *columns).where(self.column.is_not(None))
        return query if self.kept is None else query.where(self.kept)

    def naming(self, sha256: str, *columns: Any) -> Select[Any]:
        """The same, of the rows that (probably) name one artifact: in JSON the database looks for the text."""
        if self.hashes is _itself:
            return self.rows(*columns).where(self.column == sha256)
        return self.rows(*columns).where(cast(self.column, Text).contains(sha256, autoescape=True))

    def hashes_in(self, value: Any) -> Iterator[str]:
        return (sha256 for sha256 in self.hashes(value) if sha256 is not None)


def _itself(value: str) -> tuple[str]:
    return (value,)


def _values(parts: dict[str, str]) -> Iterable[str]:
    return parts.values()


def _past_masks(models: dict[str, Any]) -> Iterable[str | None]:
    return (entry["mask"] for entry in models.values())


def _predicted_image(answer: Any) -> Iterable[str]:
    return (answer.image,) if isinstance(answer, PredictCaseResult) else ()


def _predicted_masks(answer: Any) -> Iterable[str]:
    masks = answer.masks if isinstance(answer, PredictCaseResult) else ()
    return (sha256 for mask in masks for sha256 in (mask.mask, *mask.files.values(), *mask.segmentations.values()))


def _start_parts(spec: RunSpec) -> Iterable[str]:
    """What the run begins with: another run's model, which may be deleted before this one is."""
    return spec.start.parts.values() if spec.start is not None else ()


def _registered_parts(facts: dict[str, Any]) -> Iterable[str]:
    """A version keeps its files, whatever the run lets go."""
    return [part["sha256"] for part in facts["parts"]]


def _report_pictures(document: ReportDocument) -> Iterable[str | None]:
    return [case.picture for case in document.pictures.cases] if document.pictures is not None else ()


def _owner_of_run(column: InstrumentedAttribute[Any], kind: Kind, hashes: Callable[[Any], Any], **more: Any) -> Owner:
    model: Any = column.class_
    return Owner(column, kind, hashes, "run", model.run_id, **more)


#: An update is needed until its round is aggregated; then the state holds what it said.
_AWAITS_AGGREGATION = ~exists().where(
    RunRound.run_id == Task.run_id, RunRound.round == Task.round, RunRound.finished_at.is_not(None)
)
#: By the index of predictions: of all tasks, few have an answer.
_OF_PREDICTION = Task.prediction_id.in_(select(Prediction.id))
_EVALUATED = {"site_slug": TestedCase.site_slug, "case_id": TestedCase.case_id}

OWNERS: tuple[Owner, ...] = (
    Owner(
        Case.thumbnail,
        "thumbnails",
        _itself,
        "dataset",
        Case.dataset_id,
        policy="may_send_thumbnails",
        case_id=Case.id,
    ),
    _owner_of_run(TestedCase.image, "images", _itself, policy="may_send_images", **_EVALUATED),
    _owner_of_run(TestedCase.reference, "masks", _itself, policy="may_send_images", **_EVALUATED),
    _owner_of_run(TestedCase.predictions, "masks", _values, policy="may_send_predictions", **_EVALUATED),
    _owner_of_run(CaseHistory.models, "masks", _past_masks, policy="may_send_predictions", case_id=CaseHistory.case_id),
    Owner(Prediction.image, "uploads", _itself, "prediction", Prediction.id),
    Owner(Task.answer, "images", _predicted_image, "prediction", Task.prediction_id, kept=_OF_PREDICTION),
    Owner(Task.answer, "masks", _predicted_masks, "prediction", Task.prediction_id, kept=_OF_PREDICTION),
    _owner_of_run(RunRound.parts, "states", _values, kept=RunRound.removed_at.is_(None)),
    _owner_of_run(ModelExport.file, "states", _itself),
    _owner_of_run(ModelVersion.facts, "states", _registered_parts),
    # Readers of a report have no account: its link serves them, as the policies of now allow.
    Owner(
        Report.document, "images", _report_pictures, "report", Report.id, kept=Report.revoked_at.is_(None), shown=False
    ),
    Owner(Run.spec, "states", _start_parts, "run", Run.id),
    _owner_of_run(Task.update, "updates", lambda update: update.parts.values(), kept=_AWAITS_AGGREGATION, shown=False),
)

#: Where each SHA-256 of a contract ends, as `Contract.field`: in an owner's column, or nowhere, with the reason. A test
#: walks all contracts and all tables and fails where one gains a hash that neither names.
FIELDS: dict[str, str] = {
    "CheckedCase.thumbnail": "case.thumbnail",
    "ViewerFiles.image": "evaluated_case.image",
    "ViewerFiles.reference": "evaluated_case.reference",
    "ViewerFiles.predictions": "evaluated_case.predictions",
    "PastMask.mask": "case_history.models",
    "ReportPicture.picture": "report.document",
    "PredictCasePayload.image": "prediction.image",
    "PredictCaseResult.image": "task.answer",
    "PredictedMask.mask": "task.answer",
    "PredictedMask.files": "task.answer",
    "PredictedMask.segmentations": "task.answer",
    "ExportModelResult.file": "model_export.file",
    "InitializeRunResult.parts": "run_round.parts",
    "AggregateRoundResult.parts": "run_round.parts",
    "TrainSiteResult.parts": "task.update",
    "SiteUpdateRef.parts": "task.update",
    "StartState.parts": "run.spec",
}
#: Of a task's payload: named there for a worker to download, and kept by the rows of run_round.
READ_BY_WORKERS = frozenset(
    {
        "TrainSitePayload.parts",
        "TrainSitePayload.state",
        "AggregateRoundPayload.state",
        "ValidateSitePayload.state",
        "EvaluateSitePayload.state",
        "EvaluateSitePayload.history",
        "PredictCasePayload.state",
        "ExportModelPayload.state",
    }
)
NO_ARTIFACTS: dict[str, str] = dict.fromkeys(READ_BY_WORKERS, "read from run_round.parts") | {
    "ManifestCase.image_sha256": "a file at the site",
    "ManifestCase.mask_sha256": "a file at the site",
    "CheckedCase.image_sha256": "a file at the site",
    "CheckedCase.mask_sha256": "a file at the site",
    "CheckedCase.pixel_sha256": "decoded pixels at the site",
    "KeptAtWorker.artifacts": "what a worker asks about",
    "SiteKit.server_fingerprint": "a key",
    "Consent.terms_sha256": "what a hospital approved",
    "AskedApproval.terms_sha256": "what a hospital is asked to approve",
    "AuditHead.hash": "a line of a record",
}


def owned_hashes(session: Session, owners: Iterable[Owner] = OWNERS) -> set[str]:
    """Of every artifact that some row of these owners names and keeps."""
    return {
        sha256 for owner in owners for (value,) in session.execute(owner.rows()) for sha256 in owner.hashes_in(value)
    }
