"""Whether a result can be of its run: the structures of its task, its rounds, its sites, each case once.

The types bound every value; what only the run's plan can say is checked here, before anything is written.
"""

from collections.abc import Collection, Iterator

from sqlalchemy.orm import Session

from backend.contracts.case_values import GLOBAL
from backend.contracts.methods.references import CentralizedConfig
from backend.contracts.metrics import CaseRouting, CaseScore, MetricPoint
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
from backend.db.models import Run, Task
from backend.ledger.plausible_cases import own_cases, problems_of_evaluation, problems_of_weights
from backend.ledger.plausible_summaries import summary_problems
from backend.result_problems import (
    Problem,
    models_of,
    no_model,
    no_structure,
    raise_first,
    repeated,
    routing_problems,
    strange_models,
    strange_structures,
    strangers,
)


def require_plausible(session: Session, run: Run, task: Task, result: TaskResult) -> None:
    """Raises InvalidInput with the first thing that cannot be."""
    raise_first(_of_run(run, task, result))
    match result:
        case EvaluateSiteResult():
            own = own_cases(session, _spec(run), task)
            raise_first(problems_of_evaluation(own, result))
            raise_first(summary_problems(_spec(run), own.number("test"), result))
        case TrainSiteResult() | AggregateRoundResult() | ValidateSiteResult():
            _require_possible_weights(session, run, task, result.metrics, "result.metrics")
        case _:
            pass


def require_plausible_metrics(session: Session, run: Run, task: Task, points: tuple[MetricPoint, ...]) -> None:
    """Raises InvalidInput for a round that the task cannot have measured, a structure that is none of the run's, or a
    value over more cases than the participant has."""
    raise_first(_of_metrics(_spec(run), task, points, "metrics"))
    _require_possible_weights(session, run, task, points, "metrics")


def _require_possible_weights(
    session: Session, run: Run, task: Task, points: tuple[MetricPoint, ...], field: str
) -> None:
    if points:
        raise_first(problems_of_weights(own_cases(session, _spec(run), task), points, field))


def _spec(run: Run) -> RunSpec:
    assert run.spec is not None
    return run.spec


def _of_run(run: Run, task: Task, result: TaskResult) -> Iterator[Problem]:
    spec = _spec(run)
    match result:
        case InitializeRunResult():
            yield from _of_initialization(spec, result)
        case TrainSiteResult():
            yield from _of_metrics(spec, task, result.metrics, "result.metrics")
            yield from _strange_parts(spec, "result.parts", result.parts)
        case AggregateRoundResult():
            participants = set(run.participants or ())
            yield from _of_metrics(spec, task, result.metrics, "result.metrics")
            yield from _strange_parts(spec, "result.parts", result.parts)
            yield from strangers("result.downloads", result.downloads, participants)
            yield from strangers("result.refused", result.refused, participants)
            yield from strangers("result.outliers", result.outliers, participants)
        case ValidateSiteResult():
            yield from _of_metrics(spec, task, result.metrics, "result.metrics")
        case EvaluateSiteResult():
            yield from _of_evaluation(spec, task, result)


def _of_initialization(spec: RunSpec, result: InitializeRunResult) -> Iterator[Problem]:
    yield from repeated("result.participants", result.participants)
    trains = (POOLED,) if isinstance(spec.strategy, CentralizedConfig) else spec.sites
    if set(result.participants) != set(trains):
        remedy = f"name {', '.join(trains)}: each may train"
        yield Problem("result.participants", ", ".join(result.participants), "are not who trains in this run", remedy)
    yield from repeated("result.evaluators", result.evaluators)
    everyone = (*spec.sites, *spec.held_out_sites)
    if set(result.evaluators) != set(everyone):
        evaluators, remedy = ", ".join(result.evaluators), f"name {', '.join(everyone)}: each tests the models"
        yield Problem("result.evaluators", evaluators, "are not all sites of the run", remedy)
    yield from strangers("result.downloads", result.downloads, set(result.participants))
    if not result.downloads:  # a run without participants has no receiver either
        remedy = "name who trains in round 1, with the parts that each receives"
        yield Problem("result.downloads", "none", "lets nobody train", remedy)
    if not result.parts:
        yield Problem("result.parts", "none", "are no state to begin with", "name the parts of round 0")
    yield from _strange_parts(spec, "result.parts", result.parts)
    yield from _of_method(spec, result)


def _of_method(spec: RunSpec, result: InitializeRunResult) -> Iterator[Problem]:
    """A run whose best round were sought in the scores of a model that its method does not make would find none."""
    card = spec.strategy.card
    if result.criterion != card.criterion:
        message = f"is not the model whose validation picks the best round of {card.label}"
        yield Problem("result.criterion", result.criterion, message, f"answer {card.criterion}")
    if GLOBAL in card.models and GLOBAL not in result.parts:
        message = f"lack the global model, which {card.label} makes"
        yield Problem("result.parts", ", ".join(sorted(result.parts)), message, f"add the part {GLOBAL}")


def _of_metrics(spec: RunSpec, task: Task, points: tuple[MetricPoint, ...], field: str) -> Iterator[Problem]:
    structures = {None, *(structure.name for structure in spec.task.structures)}
    for index, point in enumerate(points):
        if not task.round - 1 <= point.round <= task.round:
            remedy = f"report round {task.round}, and what the state that it began with was worth as {task.round - 1}"
            yield Problem(f"{field}.{index}.round", point.round, "is a round that the task does not measure", remedy)
        if point.structure not in structures:
            yield no_structure(spec.task, f"{field}.{index}.structure", point.structure)


def _of_evaluation(spec: RunSpec, task: Task, result: EvaluateSiteResult) -> Iterator[Problem]:
    models = models_of(spec)
    yield from _of_cases(spec, "result.scores", result.scores)
    yield from _of_cases(spec, "result.validation", result.validation)
    yield from _of_routes(spec, "result.routing", result.routing)
    yield from _of_routes(spec, "result.validation_routing", result.validation_routing)
    yield from repeated("result.files", [entry.case_id for entry in result.files])
    for index, file in enumerate(result.files):
        yield from strange_models(f"result.files.{index}.predictions", file.predictions, models)
    for index, past in enumerate(result.history):
        field = f"result.history.{index}"
        yield from strange_models(f"{field}.model", (past.model,), models)
        yield from strange_structures(spec.task, f"{field}.dice", past.dice)
        if past.round > task.round and past.round > spec.config.schedule.last_round:
            yield Problem(f"{field}.round", past.round, "is no round of the run", "report rounds of the run")


def _of_cases(spec: RunSpec, field: str, scores: tuple[CaseScore, ...]) -> Iterator[Problem]:
    structures, models = {structure.name for structure in spec.task.structures}, models_of(spec)
    seen: set[tuple[str, str, str]] = set()
    for index, score in enumerate(scores):
        place = f"{field}.{index}"
        if score.structure not in structures:
            yield no_structure(spec.task, f"{place}.structure", score.structure)
        if score.model not in models:
            yield no_model(f"{place}.model", score.model)
        key = score.case_id, score.model, score.structure
        if key in seen:
            yield Problem(place, ", ".join(key), "is scored twice", "report each case, model and structure once")
        seen.add(key)


def _of_routes(spec: RunSpec, field: str, routes: tuple[CaseRouting, ...]) -> Iterator[Problem]:
    yield from repeated(field, [entry.case_id for entry in routes])
    for index, route in enumerate(routes):
        yield from routing_problems(spec, f"{field}.{index}", route.probabilities, route.chosen_model)


def _strange_parts(spec: RunSpec, field: str, parts: Collection[str]) -> Iterator[Problem]:
    """A part that belongs to a site names one of the run's."""
    places = {*spec.sites, *spec.held_out_sites, POOLED}
    for part in parts:
        _, slash, owner = part.partition("/")
        if slash and owner not in places:
            yield Problem(field, part, "is a part of no site of the run", f"name one of {', '.join(sorted(places))}")
