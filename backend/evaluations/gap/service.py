"""The gap of a method to centralized training, taken apart on the same cases and seeds: docs/gap.md derives it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import fmean

from sqlalchemy.orm import Session

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import CentralizedConfig, LocalOnlyConfig
from backend.contracts.metrics import SCORES, ScoreName
from backend.contracts.score_text import NO_VALUE, printed, signed
from backend.db.models import Experiment
from backend.errors import InvalidInput, NotFound
from backend.evaluations.comparison import require_structure
from backend.evaluations.gap.levels import Level, Stairs, Values, stairs_of, terms_between
from backend.evaluations.gap.schemas import Gap, GapColumn, GapLevel, GapTerm, GapValue, TermKey
from backend.evaluations.gap.words import LEVELS, SHORT, label_of, words_of
from backend.evaluations.hierarchical import CaseValues, interval_over_seeds_and_cases, words_of_seeds
from backend.evaluations.results import distance_unit
from backend.evaluations.scored_cases import ExperimentCases, Query, experiment_cases
from backend.evaluations.statistics import CONFIDENCE, NUM_RESAMPLES

#: Of each case its values by seed, for one level.
Cases = Mapping[str, CaseValues]


def experiment_gap(
    session: Session, experiment: Experiment, method: str | None, metric: ScoreName, structure: str | None
) -> Gap:
    """method None: FedSM where the experiment has it, else its first method that has a federation.

    Raises NotFound where no such method was tested, InvalidInput for a method or structure that is not there.
    """
    best, last = (experiment_cases(session, experiment, checkpoint) for checkpoint in ("best", "last"))
    return gap_of(session, best, last, method, Query(metric, "best", structure))


def gap_of(session: Session, best: ExperimentCases, last: ExperimentCases, method: str | None, query: Query) -> Gap:
    require_structure(best.structures, query.structure)
    methods = gap_methods(best)
    label = _chosen(best, methods, method)
    stairs = stairs_of(session, best, last, label, query)
    ran = next(level for level in stairs.levels if level.key == "ran")
    columns = [_Column(best, stairs, slug) for slug in [None, *best.places.training]]
    pairs = [pair for pair in pairwise(stairs.levels) if pair[1].key != "last"]
    after = next((level for level in stairs.levels if level.key == "last"), None)
    sign = -1.0 if SCORES[query.metric].lower_is_better else 1.0
    return Gap(
        experiment_id=best.experiment.id,
        metric=query.metric,
        structure=query.structure,
        higher_is_better=sign > 0,
        unit=distance_unit(best.rows, best.stated) if SCORES[query.metric].quantity == "distance" else None,
        strategy_label=label,
        model=ran.model,
        methods=methods,
        seeds=stairs.seeds,
        levels=[
            GapLevel(
                key=level.key,
                strategy_label=level.label,
                model=level.model,
                words=LEVELS[level.key],
                short=SHORT[level.key],
            )
            for level in stairs.levels
        ],
        columns=[column.schema(query, sign) for column in columns],
        terms=[_term(terms_between(a.key, b.key, ran.model), a, b, columns, query, sign) for a, b in pairs],
        checkpoint=_term(["checkpoint"], ran, after, columns, query, sign) if after else None,
        missing=stairs.missing,
        confidence=CONFIDENCE,
        num_resamples=NUM_RESAMPLES,
        words_of_seeds=words_of_seeds(len(stairs.seeds)),
        notes=list(_notes(best, stairs)),
    )


def gap_methods(cases: ExperimentCases) -> list[str]:
    """The methods with results that have sites which train apart and share something, in the experiment's order."""
    return list(
        dict.fromkeys(
            run.strategy_label
            for run in cases.runs
            if cases.rows.get(run.id) and not isinstance(run.strategy, CentralizedConfig | LocalOnlyConfig)
        )
    )


def _chosen(cases: ExperimentCases, methods: Sequence[str], method: str | None) -> str:
    if not methods:
        raise NotFound(
            "no federated method of this experiment has results yet: the gap can be taken apart once the first run is "
            "tested"
        )
    if method is None:
        of_fedsm = {run.strategy_label for run in cases.runs if isinstance(run.strategy, FedSMConfig)}
        return next((label for label in methods if label in of_fedsm), methods[0])
    if method not in methods:
        remedy = f"choose among {', '.join(methods)}"
        raise InvalidInput.of_field("method", method, "is no federated method with results here", remedy)
    return method


class _Column:
    """The cases of a site, or of all that train, that every level has a value of at some common seed."""

    def __init__(self, cases: ExperimentCases, stairs: Stairs, slug: str | None) -> None:
        self.slug = slug
        wanted = cases.places.sites(slug)
        known = {row.case_id for rows in cases.rows.values() for row in rows if row.site_slug in wanted}
        of_levels = [level.values for level in stairs.levels]
        self.places: dict[str, list[int]] = {}
        for case_id in sorted(known):
            seeds = [s for s in stairs.seeds if all(case_id in values[s] for values in of_levels)]
            if seeds:
                self.places[case_id] = seeds
        self.num_left_out = len(known) - len(self.places)
        self.levels = stairs.levels
        self.bound = stairs.bound
        self.several_models = next(level for level in stairs.levels if level.key == "ran").model != "global"

    def values(self, of: Values) -> list[dict[int, float]]:
        return [{seed: of[seed][case_id] for seed in seeds} for case_id, seeds in self.places.items()]

    def mean(self, of: Values) -> float | None:
        """Over cases, of each case's mean over seeds."""
        return fmean(fmean(case.values()) for case in self.values(of)) if self.places else None

    def loss(self, start: Values, end: Values, query: Query, sign: float) -> GapValue:
        """What `end` is worse by."""
        differences = [
            {seed: sign * (before[seed] - after[seed]) for seed in before}
            for before, after in zip(self.values(start), self.values(end), strict=True)
        ]
        first, then = self.mean(start), self.mean(end)
        if first is None or then is None:
            return GapValue(loss=None, low=None, high=None, text=NO_VALUE, interval_text="")
        interval = interval_over_seeds_and_cases(differences)
        loss = sign * (first - then)
        return GapValue(
            loss=loss,
            low=interval.low if interval else None,
            high=interval.high if interval else None,
            text=signed(loss, query.metric),
            interval_text=f"[{signed(interval.low, query.metric)}, {signed(interval.high, query.metric)}]"
            if interval
            else "",
        )

    def schema(self, query: Query, sign: float) -> GapColumn:
        means = [self.mean(level.values) for level in self.levels]
        ran = next(level for level in self.levels if level.key == "ran")
        bound = self.mean(self.bound) if self.several_models else None
        return GapColumn(
            site_slug=self.slug,
            num_cases=len(self.places),
            num_left_out=self.num_left_out,
            means=means,
            texts=[printed(mean, query.metric) for mean in means],
            total=self.loss(self.levels[0].values, ran.values, query, sign),
            bound=bound,
            bound_text=printed(bound, query.metric),
            room=self.loss(self.bound, ran.values, query, sign) if self.several_models else None,
        )


def _term(
    keys: list[TermKey], start: Level, end: Level, columns: Sequence[_Column], query: Query, sign: float
) -> GapTerm:
    return GapTerm(
        keys=keys,
        label=label_of(keys),
        words=words_of(keys),
        start=start.key,
        end=end.key,
        values=[column.loss(start.values, end.values, query, sign) for column in columns],
    )


def _notes(cases: ExperimentCases, stairs: Stairs) -> Iterator[str]:
    if stairs.levels[0].key not in ("centralized", "equal"):
        yield "Without a centralized run the gap itself is not known: the terms begin at the method's global model."
    elif stairs.levels[0].key == "equal":
        yield "Without a centralized run at full effort the gap begins at equal steps: optimization is not in it."
    own = {seed for level in stairs.levels if level.key == "ran" for seed in level.values}
    if left_out := sorted(own - set(stairs.seeds)):
        named = ", ".join(map(str, left_out))
        yield f"Seeds that not every level has are left out: {named}."
    if cases.places.unseen:
        yield f"Held out and in no term, for no personalized model is theirs: {', '.join(cases.places.unseen)}."
    if not cases.complete:
        yield "Some runs are still going."
    rising = [remark.words for remark in cases.training.remarks if remark.code == "still_rising"]
    yield from rising
