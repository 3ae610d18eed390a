"""The values that the gap is made of: of each level, seed and case one score.

A level that the experiment did not run is absent, with the reason and how to get it; the terms on both sides of it are
then one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import CentralizedConfig
from backend.contracts.metrics import SCORES, ModelKind
from backend.db.models import Run
from backend.evaluations.gap.schemas import LevelKey, MissingTerm, TermKey
from backend.evaluations.scored_cases import (
    GLOBAL,
    PERSONALIZED,
    SUPER,
    ExperimentCases,
    Query,
    TestedCaseScores,
    case_value,
)
from backend.evaluations.validated_threshold import at_threshold, validated_threshold

#: Seed to case id to value.
Values = dict[int, dict[str, float]]
Score = Callable[[TestedCaseScores], float | None]

#: The levels' places on the stairs, and what lies between each place and the next. A method whose own model is no super
#: model ends earlier.
PLACES: dict[LevelKey, int] = {"centralized": 0, "equal": 1, "global": 2, "known": 3, "tuned": 4}
TERMS: tuple[TermKey, ...] = ("optimization", "drift", "personalization", "routing", "threshold")
ENDS: dict[ModelKind, int] = {"global": 2, "personalized": 3, "super": 5}


@dataclass(frozen=True)
class Level:
    """key: which. label, model: whose. values: of the seeds that were tested."""

    key: LevelKey
    label: str
    model: ModelKind
    values: Values


@dataclass(frozen=True)
class Stairs:
    """levels: those there are, in order. bound: of the method. missing: terms that are not there alone."""

    levels: list[Level]
    bound: Values
    missing: list[MissingTerm]
    seeds: list[int]


def stairs_of(session: Session, best: ExperimentCases, last: ExperimentCases, label: str, query: Query) -> Stairs:
    """best, last: the experiment's cases at both checkpoints. label: of a method that has results."""
    runs = [run for run in best.runs if run.strategy_label == label]
    own = runs[0].strategy.card.models[-1]
    found: dict[LevelKey, Level] = {}
    for key, centralized in _centralized(best.runs):
        values = _values(centralized, best, _scorer(GLOBAL, query))
        found[key] = Level(key, centralized[0].strategy_label, "global", values)
    for key, model in _own_levels(own, runs[0].strategy.card.models):
        found[key] = Level(key, label, model, _values(runs, best, _scorer(model, query)))
    if own == "super":
        found["tuned"] = Level("tuned", label, "super", _tuned(session, runs, best, query))
    found["last"] = Level("last", label, own, _values(runs, last, _scorer(own, query)))
    return _stairs(found, own, runs[0], _values(runs, best, _bound(query)))


def terms_between(start: LevelKey, end: LevelKey, own: ModelKind) -> list[TermKey]:
    """What lies between two levels of a method for such a model, in order."""
    return list(TERMS[_place(start, own) : _place(end, own)])


def _place(key: LevelKey, own: ModelKind) -> int:
    return PLACES.get(key, ENDS[own])


def _own_levels(own: ModelKind, models: tuple[ModelKind, ...]) -> Iterator[tuple[LevelKey, ModelKind]]:
    """The last is the method's own model as it ran."""
    if "global" in models and own != "global":
        yield "global", "global"
    if own == "super":
        yield "known", "personalized"
    yield "ran", own


def _stairs(found: Mapping[LevelKey, Level], own: ModelKind, run: Run, bound: Values) -> Stairs:
    """Without levels that were not scored, or that share no seed with the method and the levels above them."""
    seeds = set(found["ran"].values)
    levels = []
    for level in sorted(found.values(), key=lambda level: (level.key == "last", _place(level.key, own))):
        if shared := seeds & level.values.keys():
            seeds = shared
            levels.append(level)
    return Stairs(levels, bound, list(_missing({level.key for level in levels}, own, run)), sorted(seeds))


def _missing(present: set[LevelKey], own: ModelKind, run: Run) -> Iterator[MissingTerm]:
    """Each term one of whose ends is absent."""
    at = {place: key for key, place in PLACES.items()} | {ENDS[own]: "ran"}
    for place in range(ENDS[own]):
        for key in (at[place], at[place + 1]):
            if key not in present:
                reason, remedy = _why(key, run)
                yield MissingTerm(key=TERMS[place], reason=reason, remedy=remedy)
                break


def _why(absent: LevelKey, run: Run) -> tuple[str, str]:
    match absent:
        case "centralized":
            return (
                "no centralized run at full effort shares a seed with the method",
                "add Centralized to the experiment's methods, with the same seeds; its sites must be simulated",
            )
        case "equal":
            return (
                "no centralized run with steps equal shares a seed with the method",
                "add Centralized with steps equal to the experiment's methods, with the same seeds",
            )
        case "global":
            return f"{run.strategy_label} has no global model", "none: the two terms are one for this method"
        case "tuned" if isinstance(run.strategy, FedSMConfig) and run.strategy.routing != "hard":
            return f"routing {run.strategy.routing} has no threshold", "none: choose routing hard to tell them apart"
        case "tuned":
            return (
                "no threshold was scored on validation cases",
                "give every site validation cases; runs of an earlier version must be trained anew",
            )
        case _:
            return f"{run.strategy_label} was not tested there", "wait for the run's test, or resume the run"


def _centralized(runs: Iterable[Run]) -> Iterator[tuple[LevelKey, list[Run]]]:
    pooled = [run for run in runs if isinstance(run.strategy, CentralizedConfig)]
    full = [run for run in pooled if run.strategy == CentralizedConfig()]
    equal = [run for run in pooled if run not in full]
    if full:
        yield "centralized", full
    if equal:
        yield "equal", equal


def _values(runs: list[Run], cases: ExperimentCases, score: Score) -> Values:
    """Of the sites that train; seeds without any are absent."""
    training = cases.places.sites(None)
    found: Values = {}
    for run in runs:
        scored = {
            row.case_id: value
            for row in cases.rows.get(run.id, [])
            if row.site_slug in training and (value := score(row)) is not None
        }
        if scored:
            found[run.seed] = scored
    return found


def _scorer(model: str, query: Query) -> Score:
    def score(row: TestedCaseScores) -> float | None:
        value = case_value(row, model, query)
        return value.value if value is not None else None

    return score


def _bound(query: Query) -> Score:
    """The best of the global and every site's model, by the case's own score."""
    better = min if SCORES[query.metric].lower_is_better else max

    def score(row: TestedCaseScores) -> float | None:
        models = [name for name in row.scores if name == GLOBAL or name.startswith(f"{PERSONALIZED}/")]
        values = [value for name in models if (value := _scorer(name, query)(row)) is not None]
        return better(values, default=None)

    return score


def _tuned(session: Session, runs: list[Run], cases: ExperimentCases, query: Query) -> Values:
    """The super model at the threshold that is best on the validation cases of the sites that train, run by run."""
    found: Values = {}
    for run in runs:
        gamma = validated_threshold(session, run)
        if gamma is None:
            continue

        def score(row: TestedCaseScores, gamma: float = gamma) -> float | None:
            return _scorer(SUPER, query)(at_threshold(row, gamma))

        found |= _values([run], cases, score)
    return found
