"""Whether a result can be of its task: the structures of its run, its rounds, its sites, each case once.

The types bound every value; what only the run's plan can say is checked here, before anything is written.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.contracts.datasets import DescribeDatasetResult
from backend.contracts.dry_runs import DryRunSiteResult
from backend.contracts.metrics import MetricPoint
from backend.contracts.predictions import PredictCaseResult
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import (
    POOLED,
    AggregateRoundResult,
    EvaluateSiteResult,
    InitializeRunResult,
    RunSpec,
    TaskResult,
    TrainSiteResult,
    ValidateSiteResult,
)
from backend.contracts.values import printable
from backend.db.models import Dataset, DryRun, Federation, Prediction, Run, Site, Task
from backend.errors import InvalidInput

#: Of a model that no part of a state is: soft routing's.
MIXTURE = "mixture"
SUPER = "super"


class Problem(NamedTuple):
    field: str
    value: object
    message: str
    remedy: str


def require_plausible(session: Session, task: Task, result: TaskResult) -> None:
    """Raises InvalidInput with the first thing that cannot be."""
    match result:
        case DescribeDatasetResult():
            problems = _of_check(_task_of_dataset(session, task), result)
        case DryRunSiteResult():
            problems = _of_dry_run(session.get_one(DryRun, task.dry_run_id), result)
        case PredictCaseResult():
            run = session.get_one(Run, session.get_one(Prediction, task.prediction_id).run_id)
            problems = _of_prediction(_spec(run), result)
        case _:
            problems = _of_run(session.get_one(Run, task.run_id), task, result)
    _raise_first(problems)


def require_plausible_metrics(run: Run, task: Task, points: tuple[MetricPoint, ...], field: str = "metrics") -> None:
    """Raises InvalidInput for a round that the task cannot have measured, or a structure that is none of the run's."""
    _raise_first(_of_metrics(_spec(run), task, points, field))


def _raise_first(problems: Iterable[Problem]) -> None:
    for problem in problems:
        raise InvalidInput.of_field(problem.field, printable(problem.value), problem.message, problem.remedy)


def _spec(run: Run) -> RunSpec:
    assert run.spec is not None
    return run.spec


def _task_of_dataset(session: Session, task: Task) -> SegmentationTask:
    site = session.get_one(Site, session.get_one(Dataset, task.dataset_id).site_id)
    return session.get_one(Federation, site.federation_id).task


def _of_run(run: Run, task: Task, result: TaskResult) -> Iterator[Problem]:
    spec = _spec(run)
    match result:
        case InitializeRunResult():
            yield from _repeated("result.participants", result.participants)
            yield from _repeated("result.evaluators", result.evaluators)
            yield from _strangers("result.downloads", result.downloads, set(result.participants))
        case TrainSiteResult():
            yield from _of_metrics(spec, task, result.metrics, "result.metrics")
            yield from _strange_parts(spec, "result.parts", result.parts)
        case AggregateRoundResult():
            participants = set(run.participants or ())
            yield from _of_metrics(spec, task, result.metrics, "result.metrics")
            yield from _strange_parts(spec, "result.parts", result.parts)
            yield from _strangers("result.downloads", result.downloads, participants)
            yield from _strangers("result.refused", result.refused, participants)
        case ValidateSiteResult():
            yield from _of_metrics(spec, task, result.metrics, "result.metrics")
        case EvaluateSiteResult():
            yield from _of_evaluation(spec, task, result)


def _of_metrics(spec: RunSpec, task: Task, points: tuple[MetricPoint, ...], field: str) -> Iterator[Problem]:
    structures = {None, *(structure.name for structure in spec.task.structures)}
    for index, point in enumerate(points):
        if point.round > task.round:
            remedy = f"report rounds up to {task.round}"
            yield Problem(f"{field}.{index}.round", point.round, "is a round that the task does not know", remedy)
        if point.structure not in structures:
            yield _no_structure(spec.task, f"{field}.{index}.structure", point.structure)


def _of_evaluation(spec: RunSpec, task: Task, result: EvaluateSiteResult) -> Iterator[Problem]:
    structures = {structure.name for structure in spec.task.structures}
    models = _models(spec)
    seen: set[tuple[str, str, str]] = set()
    for index, score in enumerate(result.scores):
        field = f"result.scores.{index}"
        if score.structure not in structures:
            yield _no_structure(spec.task, f"{field}.structure", score.structure)
        if score.model not in models:
            yield _no_model(f"{field}.model", score.model)
        key = score.case_id, score.model, score.structure
        if key in seen:
            yield Problem(field, ", ".join(key), "is scored twice", "report each case, model and structure once")
        seen.add(key)
    yield from _repeated("result.routing", [entry.case_id for entry in result.routing])
    yield from _repeated("result.files", [entry.case_id for entry in result.files])
    for index, route in enumerate(result.routing):
        yield from _of_routing(spec, f"result.routing.{index}", route.probabilities, route.chosen_model)
    for index, file in enumerate(result.files):
        yield from _strange_models(f"result.files.{index}.predictions", file.predictions, models)
    for index, past in enumerate(result.history):
        field = f"result.history.{index}"
        yield from _strange_models(f"{field}.model", (past.model,), models)
        yield from _strange_structures(spec.task, f"{field}.dice", past.dice)
        if past.round > task.round and past.round > spec.config.schedule.rounds:
            yield Problem(f"{field}.round", past.round, "is no round of the run", "report rounds of the run")


def _of_routing(spec: RunSpec, field: str, probabilities: Collection[str], chosen: str) -> Iterator[Problem]:
    yield from _strangers(f"{field}.probabilities", probabilities, set(spec.sites))
    yield from _strange_models(f"{field}.chosen_model", (chosen,), _models(spec))


def _of_check(task: SegmentationTask, result: DescribeDatasetResult) -> Iterator[Problem]:
    yield from _repeated("result.cases", [case.name for case in result.cases])
    for index, case in enumerate(result.cases):
        yield from _strange_structures(task, f"result.cases.{index}.structure_shares", case.structure_shares)
        yield from _strange_structures(task, f"result.cases.{index}.structure_sizes", case.structure_sizes)
    num_used = sum(case.reason_code is None for case in result.cases)
    for split, statistics in result.statistics.items():
        yield from _strange_structures(task, f"result.statistics.{split}.structures", statistics.structures)
        if statistics.num_cases > num_used:
            remedy = f"state at most the {num_used} used cases"
            yield Problem(f"result.statistics.{split}.num_cases", statistics.num_cases, "is more than are used", remedy)


def _of_dry_run(dry_run: DryRun, result: DryRunSiteResult) -> Iterator[Problem]:
    wanted = len(dry_run.config.strategies)
    if len(result.strategies) not in (0, wanted):
        remedy = f"report {wanted}, one a method, or none at a site that is held out"
        yield Problem("result.strategies", len(result.strategies), "is not the number of methods", remedy)


def _of_prediction(spec: RunSpec, result: PredictCaseResult) -> Iterator[Problem]:
    yield from _repeated("result.masks", [mask.model for mask in result.masks])
    yield from _of_routing(spec, "result", result.probabilities or (), result.chosen_model)
    for index, mask in enumerate(result.masks):
        field = f"result.masks.{index}"
        yield from _strange_models(f"{field}.model", (mask.model,), _models(spec))
        yield from _strange_structures(spec.task, f"{field}.files", mask.files)
        yield from _strange_structures(spec.task, f"{field}.sizes", [size.structure for size in mask.sizes])
        yield from _repeated(f"{field}.sizes", [size.structure for size in mask.sizes])


def _models(spec: RunSpec) -> set[str]:
    places = (*spec.sites, *spec.held_out_sites, POOLED)
    return {"global", MIXTURE, SUPER, *(f"personalized/{place}" for place in places)}


def _strange_parts(spec: RunSpec, field: str, parts: Collection[str]) -> Iterator[Problem]:
    """A part that belongs to a site names one of the run's."""
    places = {*spec.sites, *spec.held_out_sites, POOLED}
    for part in parts:
        _, slash, owner = part.partition("/")
        if slash and owner not in places:
            yield Problem(field, part, "is a part of no site of the run", f"name one of {', '.join(sorted(places))}")


def _strangers(field: str, names: Collection[str], known: set[str]) -> Iterator[Problem]:
    if unknown := sorted(set(names) - known):
        remedy = f"name sites among {', '.join(sorted(known))}"
        yield Problem(field, ", ".join(unknown[:3]), "take no part in this run", remedy)


def _strange_models(field: str, names: Collection[str], known: set[str]) -> Iterator[Problem]:
    for name in set(names) - known:
        yield _no_model(field, name)


def _strange_structures(task: SegmentationTask, field: str, names: Collection[str]) -> Iterator[Problem]:
    for name in set(names) - {structure.name for structure in task.structures}:
        yield _no_structure(task, field, name)


def _no_model(field: str, name: str) -> Problem:
    return Problem(field, name, "is no model of the run", "name `global`, `personalized/<site>` or `mixture`")


def _no_structure(task: SegmentationTask, field: str, name: str | None) -> Problem:
    remedy = f"name one of {', '.join(structure.name for structure in task.structures)}"
    return Problem(field, name, "is no structure of the task", remedy)


def _repeated(field: str, names: Collection[str]) -> Iterator[Problem]:
    if len(set(names)) != len(names):
        twice = next(name for name, number in Counter(names).items() if number > 1)
        yield Problem(field, twice, "is named twice", "name each once")
