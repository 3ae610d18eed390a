"""Whether the cases that a result speaks of are its participant's own, and no more than it has."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.metrics import MetricPoint, Split
from backend.contracts.tasks import COORDINATOR, POOLED, EvaluateSiteResult, RunSpec
from backend.db.models import RunDataset, Task
from backend.result_problems import Problem


@dataclass(frozen=True)
class OwnCases:
    """of_split: the ids of the cases on which the participant works, by split; a split without cases is absent."""

    participant: str
    of_split: dict[Split, frozenset[str]]

    def number(self, split: Split) -> int:
        return len(self.of_split.get(split, ()))


def own_cases(session: Session, spec: RunSpec, task: Task) -> OwnCases:
    """Those of the site; of all sites that train where the participant stands for them or for the server."""
    sites = spec.sites if task.participant in (POOLED, COORDINATOR) else (task.participant,)
    query = select(RunDataset.manifest).where(RunDataset.run_id == task.run_id, RunDataset.site_slug.in_(sites))
    found: dict[Split, set[str]] = {}
    for manifest in session.scalars(query):
        for case in manifest.cases:
            found.setdefault(case.split, set()).add(case.case_id)
    return OwnCases(task.participant, {split: frozenset(ids) for split, ids in found.items()})


def problems_of_weights(own: OwnCases, points: tuple[MetricPoint, ...], field: str) -> Iterator[Problem]:
    """A number of cases is the weight of a mean over sites, and these choose the best round."""
    for index, point in enumerate(points):
        yield from _too_many(own, point.split, f"{field}.{index}.num_cases", point.num_cases)


def problems_of_evaluation(own: OwnCases, result: EvaluateSiteResult) -> Iterator[Problem]:
    of_test = (
        ("result.scores", result.scores),
        ("result.routing", result.routing),
        ("result.files", result.files),
        ("result.history", result.history),
    )
    for field, entries in of_test:
        yield from _strangers(own, "test", field, (entry.case_id for entry in entries))
    yield from _strangers(own, "val", "result.validation", (score.case_id for score in result.validation))
    routes = result.validation_routing
    yield from _strangers(own, "val", "result.validation_routing", (route.case_id for route in routes))
    for index, point in enumerate(result.thresholds):
        yield from _too_many(own, "val", f"result.thresholds.{index}.num_cases", point.num_cases)


def _strangers(own: OwnCases, split: Split, field: str, case_ids: Iterable[str]) -> Iterator[Problem]:
    known: Collection[str] = own.of_split.get(split, frozenset())
    if strange := sorted(set(case_ids) - set(known)):
        message = f"are no {_WORDS[split]} cases of {own.participant} in this run"
        yield Problem(field, ", ".join(strange[:3]), message, f"report only {_WORDS[split]} cases of {own.participant}")


def _too_many(own: OwnCases, split: Split, field: str, number: int) -> Iterator[Problem]:
    most = own.number(split)
    if number > most:
        message = f"is more than the {most} {_WORDS[split]} case(s) of {own.participant}"
        yield Problem(field, number, message, f"report at most {most}")


_WORDS: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}
