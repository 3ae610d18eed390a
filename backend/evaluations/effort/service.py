"""What the training of a run, and of every method of an experiment, took."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean

from sqlalchemy.orm import Session

from backend.contracts.best_round import comparable_means
from backend.contracts.metrics import ModelKind
from backend.contracts.status import TERMINAL_RUN_STATUSES
from backend.db.models import Run
from backend.evaluations.effort.counts import Counts, RoundCounts, counts_of_rounds
from backend.evaluations.effort.remarks import rising_remark, unequal_remark
from backend.evaluations.effort.rising import still_rising
from backend.evaluations.effort.schemas import MethodEffort, Remark, RoundEffort, RunEffort
from backend.runs.validation_scores import validation_scores_of

Rounds = Mapping[int, RoundCounts]


@dataclass(frozen=True)
class Training:
    """What the training of an experiment's methods took, and what must be known of it before they are compared."""

    efforts: list[MethodEffort]
    remarks: list[Remark]


def training_of(session: Session, runs: Sequence[Run]) -> Training:
    """runs: of one experiment, in its order."""
    efforts = method_efforts(session, runs)
    return Training(efforts, [*unequal_remark(runs, efforts), *rising_remarks(session, runs)])


def run_effort(session: Session, run: Run) -> RunEffort:
    """Of one run; without rounds before the first one is trained."""
    rounds = counts_of_rounds(session, [run.id]).get(run.id, {})
    return RunEffort(
        run_id=run.id,
        models=[_of_model(run.strategy_label, model, [rounds]) for model in _models(run)] if rounds else [],
        rounds=_by_round(rounds, _models(run)[-1]),
        remarks=rising_remarks(session, [run]),
    )


def method_efforts(session: Session, runs: Sequence[Run]) -> list[MethodEffort]:
    """Of every model of every method, in the table's order; methods of which no round is trained are left out."""
    found = counts_of_rounds(session, [run.id for run in runs])
    by_label: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if run.id in found:
            by_label[run.strategy_label].append(run)
    return [
        _of_model(label, model, [found[run.id] for run in own])
        for label, own in by_label.items()
        for model in _models(own[0])
    ]


def steps_of_runs(session: Session, runs: Sequence[Run]) -> dict[str, float]:
    """Run id to the gradient steps of the model that its method is for, where they were counted."""
    found = counts_of_rounds(session, [run.id for run in runs])
    steps = {run.id: _of_model("", _models(run)[-1], [found[run.id]]).steps for run in runs if run.id in found}
    return {run_id: number for run_id, number in steps.items() if number}


def rising_remarks(session: Session, runs: Iterable[Run]) -> list[Remark]:
    """Of the runs whose training is over and whose last round was validated."""
    over = [run for run in runs if run.status in TERMINAL_RUN_STATUSES and run.criterion is not None]
    scores = validation_scores_of(session, over)
    gains: dict[str, list[float]] = defaultdict(list)
    for run in over:
        means, last = dict(comparable_means(scores.get(run.id, {}))), run.num_rounds
        if run.spec is not None and run.spec.config.schedule.is_averaging(run.num_rounds):
            means.pop(run.num_rounds, None)  # an average says nothing of where training goes
            last -= 1
        if last in means and (gain := still_rising(means)) is not None:
            gains[run.strategy_label].append(gain)
    return rising_remark({label: fmean(found) for label, found in gains.items()})


def _models(run: Run) -> tuple[ModelKind, ...]:
    return run.strategy.card.models


def _of_model(label: str, model: ModelKind, of_runs: Sequence[Rounds]) -> MethodEffort:
    """The mean over runs."""
    paths = [path for rounds in of_runs if (path := _path(rounds, model, "steps"))]
    images = [path for rounds in of_runs if (path := _path(rounds, model, "images"))]
    return MethodEffort(
        strategy_label=label,
        model=model,
        num_runs=len(of_runs),
        num_rounds=fmean(map(len, of_runs)),
        steps=_mean(fmean(path.values()) for path in paths),
        steps_fewest=_mean(min(path.values()) for path in paths),
        steps_most=_mean(max(path.values()) for path in paths),
        images=_mean(fmean(path.values()) for path in images),
        seconds=fmean(sum(max(counts.seconds.values()) for counts in rounds.values()) for rounds in of_runs),
        bytes=fmean(sum(sum(counts.num_bytes.values()) for counts in rounds.values()) for rounds in of_runs),
    )


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return fmean(found) if found else None


def _path(rounds: Rounds, model: ModelKind, what: str) -> dict[str, float]:
    """Whose model to what moved it over all rounds; empty where it was not counted.

    Of a global model there is one path, in each round the mean of the sites', which train it side by side; of
    personalized models one a site. The super model uses both: it is as far as the farther of them.
    """
    if model == "super":
        kinds: tuple[ModelKind, ...] = ("global", "personalized")
        both = [own for kind in kinds if (own := _path(rounds, kind, what))]
        return max(both, key=lambda own: fmean(own.values()), default={})
    of_rounds = [counted for counts in rounds.values() if (counted := _counts(counts, what).get(model))]
    if not of_rounds:
        return {}
    if model == "global":
        return {model: sum(fmean(counted.values()) for counted in of_rounds)}
    path: dict[str, float] = defaultdict(float)
    for counted in of_rounds:
        for site, number in counted.items():
            path[site] += number
    return dict(path)


def _counts(counts: RoundCounts, what: str) -> Counts:
    return counts.steps if what == "steps" else counts.images


def _by_round(rounds: Rounds, model: ModelKind) -> list[RoundEffort]:
    """Cumulative. Of a personalized model the mean over the sites that trained in a round, as for a global one."""
    kinds = ("global", "personalized") if model == "super" else (model,)

    def along(what: str) -> list[float | None]:
        counted = [
            max((fmean(own.values()) for kind in kinds if (own := _counts(counts, what).get(kind))), default=None)
            for counts in rounds.values()
        ]
        if all(number is None for number in counted):
            return [None] * len(counted)
        return list(accumulate(number or 0.0 for number in counted))

    seconds = accumulate(max(counts.seconds.values()) for counts in rounds.values())
    num_bytes = accumulate(float(sum(counts.num_bytes.values())) for counts in rounds.values())
    return [
        RoundEffort(round=number, steps=steps, images=images, seconds=took, bytes=sent)
        for number, steps, images, took, sent in zip(
            rounds, along("steps"), along("images"), seconds, num_bytes, strict=True
        )
    ]
