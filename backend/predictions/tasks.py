"""Trying a run's models on an image as a task of the ledger."""

from collections.abc import Iterator

from sqlalchemy.orm import Session
from typing_extensions import override

from backend.artifacts.service import require_artifacts
from backend.contracts.predictions import PredictCaseResult
from backend.contracts.tasks import PredictCasePayload, RunSpec, TaskResult
from backend.db.models import Experiment, Prediction, Run, RunRound, Task
from backend.result_problems import (
    Problem,
    models_of,
    raise_first,
    repeated,
    routing_problems,
    strange_models,
    strange_structures,
)
from backend.runs.threshold import at_gamma
from backend.task_owners import EventPlace, TaskOwner, register


class Predictions(TaskOwner):
    @override
    def payload(self, session: Session, task: Task) -> PredictCasePayload:
        assert task.prediction_id is not None
        prediction = session.get_one(Prediction, task.prediction_id)
        run = session.get_one(Run, prediction.run_id)
        assert run.spec is not None
        return PredictCasePayload(
            prediction_id=prediction.id,
            run=run.spec.model_copy(update={"strategy": at_gamma(run.strategy, prediction.gamma)}),
            state=session.get_one(RunRound, (run.id, prediction.round)).parts or {},
            image=prediction.image,
            file_name=prediction.file_name,
        )

    @override
    def check(self, session: Session, task: Task, result: TaskResult) -> None:
        assert isinstance(result, PredictCaseResult)
        spec = _run_of(session, task).spec
        assert spec is not None
        raise_first(_problems(spec, result))

    @override
    def store(self, session: Session, task: Task, result: TaskResult) -> None:
        assert isinstance(result, PredictCaseResult)
        require_artifacts(session, _hashes_of(result))
        task.answer = result

    @override
    def event_place(self, session: Session, task: Task) -> EventPlace:
        federation_id = session.get_one(Experiment, _run_of(session, task).experiment_id).federation_id
        return EventPlace(federation_id=federation_id, private=True)


def _run_of(session: Session, task: Task) -> Run:
    return session.get_one(Run, session.get_one(Prediction, task.prediction_id).run_id)


def _hashes_of(result: PredictCaseResult) -> set[str]:
    masks = {
        sha256 for mask in result.masks for sha256 in (mask.mask, *mask.files.values(), *mask.segmentations.values())
    }
    return {result.image, *masks}


def _problems(spec: RunSpec, result: PredictCaseResult) -> Iterator[Problem]:
    models, structures = [mask.model for mask in result.masks], {structure.name for structure in spec.task.structures}
    yield from repeated("result.masks", models)
    if models[:1] != [result.chosen_model]:
        remedy = "give the chosen model's mask, before those of the others"
        yield Problem("result.masks", ", ".join(models), f"do not begin with {result.chosen_model}'s", remedy)
    yield from routing_problems(spec, "result", result.probabilities or (), result.chosen_model)
    for index, mask in enumerate(result.masks):
        field = f"result.masks.{index}"
        yield from strange_models(f"{field}.model", (mask.model,), models_of(spec))
        yield from strange_structures(spec.task, f"{field}.files", mask.files)
        yield from strange_structures(spec.task, f"{field}.sizes", [size.structure for size in mask.sizes])
        yield from repeated(f"{field}.sizes", [size.structure for size in mask.sizes])
        if absent := structures - mask.files.keys():
            named = ", ".join(sorted(absent))
            yield Problem(f"{field}.files", named, "has no file of its own", "give one file a structure")


register(Predictions(), "predict_case")
