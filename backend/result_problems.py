"""What cannot be in the result of any task: strangers, models and structures that there are not, repeats."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import POOLED, RunSpec
from backend.contracts.values import printable
from backend.errors import InvalidInput

#: Of a model that no part of a state is: soft routing's.
MIXTURE = "mixture"
SUPER = "super"


class Problem(NamedTuple):
    field: str
    value: object
    message: str
    remedy: str


def raise_first(problems: Iterable[Problem]) -> None:
    """Raises InvalidInput with the first thing that cannot be."""
    for problem in problems:
        raise InvalidInput.of_field(problem.field, printable(problem.value), problem.message, problem.remedy)


def models_of(spec: RunSpec) -> set[str]:
    places = (*spec.sites, *spec.held_out_sites, POOLED)
    return {"global", MIXTURE, SUPER, *(f"personalized/{place}" for place in places)}


def routing_problems(spec: RunSpec, field: str, probabilities: Collection[str], chosen: str) -> Iterator[Problem]:
    yield from strangers(f"{field}.probabilities", probabilities, set(spec.sites))
    yield from strange_models(f"{field}.chosen_model", (chosen,), models_of(spec))


def strangers(field: str, names: Collection[str], known: set[str]) -> Iterator[Problem]:
    if unknown := sorted(set(names) - known):
        remedy = f"name sites among {', '.join(sorted(known))}"
        yield Problem(field, ", ".join(unknown[:3]), "take no part in this run", remedy)


def strange_models(field: str, names: Collection[str], known: set[str]) -> Iterator[Problem]:
    for name in set(names) - known:
        yield no_model(field, name)


def strange_structures(task: SegmentationTask, field: str, names: Collection[str]) -> Iterator[Problem]:
    for name in set(names) - {structure.name for structure in task.structures}:
        yield no_structure(task, field, name)


def no_model(field: str, name: str) -> Problem:
    return Problem(field, name, "is no model of the run", "name `global`, `personalized/<site>` or `mixture`")


def no_structure(task: SegmentationTask, field: str, name: str | None) -> Problem:
    remedy = f"name one of {', '.join(structure.name for structure in task.structures)}"
    return Problem(field, name, "is no structure of the task", remedy)


def repeated(field: str, names: Collection[str]) -> Iterator[Problem]:
    if len(set(names)) != len(names):
        twice = next(name for name, number in Counter(names).items() if number > 1)
        yield Problem(field, twice, "is named twice", "name each once")
