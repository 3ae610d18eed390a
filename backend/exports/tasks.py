"""Making a form of models as a task of the ledger."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session
from typing_extensions import override

from backend.artifacts.service import require_artifacts
from backend.contracts.exports import MAX_DIFFERENT, ExportForm, ExportModelResult
from backend.contracts.model_parts import PREDICTING
from backend.contracts.tasks import DatasetManifest, ExportModelPayload, TaskResult
from backend.db.models import Artifact, Dataset, Experiment, ModelExport, Run, RunDataset, RunRound, Site, Task
from backend.result_problems import Problem, raise_first
from backend.runs.threshold import at_gamma, finished_strategy
from backend.task_owners import EventPlace, TaskOwner, register
from backend.trained_models.version_scores import version_scores


class Exports(TaskOwner):
    @override
    def payload(self, session: Session, task: Task) -> ExportModelPayload:
        export = _export_of(session, task)
        run = session.get_one(Run, export.run_id)
        assert run.spec is not None
        state = session.get_one(RunRound, (run.id, export.round)).parts or {}
        form: ExportForm = export.form  # type: ignore[assignment]  # the column holds nothing else
        return ExportModelPayload(
            export_id=export.id,
            run=run.spec.model_copy(update={"strategy": at_gamma(finished_strategy(session, run), export.gamma)}),
            state={name: part for name, part in state.items() if name.partition("/")[0] in PREDICTING},
            form=form,
            data=tuple(_central_data(session, run)),
            scores=tuple(version_scores(session, run, export.gamma)),
        )

    @override
    def check(self, session: Session, task: Task, result: TaskResult) -> None:
        assert isinstance(result, ExportModelResult)
        raise_first(_problems(session.get(Artifact, result.file), result))

    @override
    def store(self, session: Session, task: Task, result: TaskResult) -> None:
        assert isinstance(result, ExportModelResult)
        require_artifacts(session, {result.file})
        task.answer = result
        _export_of(session, task).file = result.file

    @override
    def event_place(self, session: Session, task: Task) -> EventPlace:
        run = session.get_one(Run, _export_of(session, task).run_id)
        return EventPlace(federation_id=session.get_one(Experiment, run.experiment_id).federation_id, private=True)


def _problems(stored: Artifact | None, result: ExportModelResult) -> Iterator[Problem]:
    """stored: its file; None: it was not uploaded, which is said where it is stored."""
    if stored is not None and stored.num_bytes != result.num_bytes:
        remedy = f"state the {stored.num_bytes} bytes that were uploaded"
        yield Problem("result.num_bytes", result.num_bytes, "is not the file's size", remedy)
    for name, number in (("num_images", result.num_images), ("num_voxels", result.num_voxels)):
        if number == 0:
            yield Problem(f"result.{name}", 0, "is a form that was not tried", "try it on raw test cases first")
    if result.num_different > MAX_DIFFERENT * result.num_voxels:
        found = f"{result.num_different} of {result.num_voxels}"
        remedy = f"give out no form whose masks differ in more than {MAX_DIFFERENT:g} of the voxels"
        yield Problem("result.num_different", found, "is too many for the platform's masks", remedy)


def _export_of(session: Session, task: Task) -> ModelExport:
    return session.get_one(ModelExport, task.export_id)


def _central_data(session: Session, run: Run) -> list[DatasetManifest]:
    """Of the sites whose files the central workers read; no hospital's paths go to them."""
    query = (
        select(RunDataset)
        .join(Dataset, Dataset.id == RunDataset.dataset_id)
        .join(Site, Site.id == Dataset.site_id)
        .where(RunDataset.run_id == run.id, Site.kind == "simulated")
        .order_by(RunDataset.position)
    )
    return [row.manifest for row in session.scalars(query)]


register(Exports(), "export_model")
