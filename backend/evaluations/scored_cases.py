"""Scored test cases of runs, and the values that every table is made of."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from backend.contracts.case_values import GLOBAL as GLOBAL
from backend.contracts.case_values import PERSONALIZED as PERSONALIZED
from backend.contracts.case_values import SUPER as SUPER
from backend.contracts.case_values import CaseValue as CaseValue
from backend.contracts.case_values import Scores, value_of
from backend.contracts.case_values import model_name as model_name
from backend.contracts.case_values import present_values as present_values
from backend.contracts.case_values import scores_of as scores_of
from backend.contracts.metrics import ModelKind, ScoreName
from backend.contracts.score_summaries import ScoreSummary
from backend.contracts.status import TERMINAL_RUN_STATUSES
from backend.db.models import Experiment, Federation, Run, ScoreSummaryRow, TestedCase
from backend.evaluations.effort.service import Training, training_of
from backend.evaluations.schemas import Checkpoint, LackingCases
from backend.evaluations.summaries import ColumnValue, StatedSites, column_value, stated_sites
from backend.evaluations.tested_cases import lacking, together
from backend.runs.run_data import expected_cases
from backend.runs.service import list_runs
from backend.site_names import SiteNames, site_names
from backend.sites import service as sites


@dataclass(frozen=True)
class Query:
    """What a table is about. structure None: the mean over structures."""

    metric: ScoreName
    checkpoint: Checkpoint
    structure: str | None = None


@dataclass(slots=True)
class TestedCaseScores:
    """A row of evaluated_case without its files; thousands are read for one table, so that it is plain.

    scores: {model: {structure: {metric: value or null}}}; the super model's are the chosen model's.
    """

    run_id: str
    round: int
    case_id: str
    name: str
    site_slug: str
    scores: Scores
    distance_unit: str
    probabilities: dict[str, float] | None
    chosen_model: str | None

    def __post_init__(self) -> None:
        self.scores = scores_of(self.scores, self.chosen_model)


Valued = tuple[TestedCaseScores, CaseValue]


@dataclass(frozen=True)
class Places:
    """Where a run is tested: sites that train, in site order, and sites held out."""

    training: list[str]
    unseen: list[str]

    @property
    def all(self) -> list[str]:
        return [*self.training, *self.unseen]

    @property
    def columns(self) -> list[str | None]:
        """Every site, and the sites that train together."""
        return [*self.all, None]

    def select(self, rows: Sequence[TestedCaseScores], slug: str | None) -> list[TestedCaseScores]:
        """A column's cases."""
        wanted = self.sites(slug)
        return [row for row in rows if row.site_slug in wanted]

    def values(self, valued: Sequence[Valued], slug: str | None) -> list[CaseValue]:
        """A column's values."""
        wanted = self.sites(slug)
        return [value for row, value in valued if row.site_slug in wanted]

    def sites(self, slug: str | None) -> frozenset[str]:
        """A column's."""
        return frozenset(self.training if slug is None else [slug])


@dataclass(frozen=True, eq=False)
class Method:
    """One model of one strategy, with its runs: one a seed."""

    label: str
    model: ModelKind
    runs: tuple[Run, ...]


@dataclass(frozen=True, eq=False)
class ExperimentCases:
    """An experiment's scored cases at one checkpoint; `rows` by run id. The session is that of the request."""

    session: Session
    experiment: Experiment
    runs: list[Run]
    rows: dict[str, list[TestedCaseScores]]
    places: Places
    structures: list[str]
    #: Run id to site to the test cases that the run was started on.
    expected: dict[str, dict[str, frozenset[str]]]
    #: Site to the smallest number of cases that its policy lets be stated.
    minimum_counts: dict[str, int]
    #: Run id to what sites stated of their test that let no score of a case leave.
    stated: dict[str, StatedSites]

    @cached_property
    def training(self) -> Training:
        """What the runs' training took; read when it is asked for."""
        return training_of(self.session, self.runs)

    @cached_property
    def names(self) -> SiteNames:
        return site_names(self.session, self.experiment.federation_id)

    @cached_property
    def everything(self) -> dict[str, frozenset[str]]:
        """Site to every case that a run was tested on, or should have been."""
        tested = (self.tested(run) for run in self.runs)
        return together([*self.expected.values(), *tested])

    def tested(self, run: Run, model: str | None = None) -> dict[str, frozenset[str]]:
        """Site to the cases on which the run's model was scored; model None: any of its models. Worked out once."""
        key = run.id, model
        if key not in self._tested:
            self._tested[key] = self._tested_cases(run, model)
        return self._tested[key]

    @cached_property
    def _tested(self) -> dict[tuple[str, str | None], dict[str, frozenset[str]]]:
        return {}

    def _tested_cases(self, run: Run, model: str | None) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for row in self.rows.get(run.id, []):
            if model is None or model_name(model, row.site_slug) in row.scores:
                found[row.site_slug].add(row.case_id)
        expected = self.expected.get(run.id, {})
        for slug, site in self.stated_of(run).items():
            if model is None or site.has(model_name(model, slug)):
                found[slug] |= expected.get(slug, frozenset())
        return {slug: frozenset(cases) for slug, cases in found.items()}

    def stated_of(self, run: Run) -> StatedSites:
        return self.stated.get(run.id, {})

    def is_tested(self, run: Run) -> bool:
        return bool(self.rows.get(run.id) or self.stated_of(run))

    def column_value(
        self, run: Run, model: str, query: Query, slug: str | None, valued: Sequence[Valued]
    ) -> ColumnValue:
        """Of one run and column. valued: what single cases say, at every site."""
        stated = summaries_of(self.stated_of(run), self.places, model, query, slug)
        return column_value(self.places.values(valued, slug), stated)

    def lacks(self, method: Method, slug: str | None) -> LackingCases | None:
        """What a column's mean is short of, of the run that is short of most; None where nothing is, or none is there.

        Runs that were not tested yet have no part in the mean.
        """
        if slug in self.places.unseen and method.model == PERSONALIZED:
            return None  # a site that does not train has no model of its own
        wanted = self.places.sites(slug)
        expected = {site: self.everything[site] for site in self.places.all if site in wanted & self.everything.keys()}
        of_runs = [self.tested(run, method.model) for run in method.runs if self.is_tested(run)]
        short = [found for tested in of_runs if (found := lacking(tested, expected, self.names))]
        return min(short, key=lambda found: found.num_tested, default=None)

    @property
    def complete(self) -> bool:
        return all(run.status in TERMINAL_RUN_STATUSES for run in self.runs)

    def methods(self) -> list[Method]:
        """In the experiment's order; what a strategy is for, its super or personalized model, comes first."""
        by_label: dict[str, list[Run]] = defaultdict(list)
        for run in self.runs:
            by_label[run.strategy_label].append(run)
        return [
            Method(label, model, tuple(seeds))
            for label, seeds in by_label.items()
            for model in reversed(seeds[0].strategy.card.models)
        ]


def experiment_cases(session: Session, experiment: Experiment, checkpoint: Checkpoint) -> ExperimentCases:
    runs = list_runs(session, experiment.id)
    rows: dict[str, list[TestedCaseScores]] = defaultdict(list)
    for row in evaluated_cases(session, [run.id for run in runs], checkpoint):
        rows[row.run_id].append(row)
    task = session.get_one(Federation, experiment.federation_id).task
    structures = [structure.name for structure in task.structures]
    places, expected = _places(session, experiment, runs), expected_cases(session, [run.id for run in runs])
    least = minimum_counts(session, experiment.federation_id)
    stated = stated_sites(session, of_checkpoint_summaries([run.id for run in runs], checkpoint))
    return ExperimentCases(session, experiment, runs, rows, places, structures, expected, least, stated)


def minimum_counts(session: Session, federation_id: str) -> dict[str, int]:
    """Site to the smallest number of cases that its policy lets be stated."""
    return {site.slug: sites.policy_of(site).minimum_count for site in sites.list_sites(session, federation_id)}


def evaluated_cases(session: Session, run_ids: Iterable[str], checkpoint: Checkpoint) -> list[TestedCaseScores]:
    """By run, site and name."""
    columns = [getattr(TestedCase, field.name) for field in fields(TestedCaseScores)]
    rows = session.execute(select(*columns).where(*of_checkpoint(run_ids, checkpoint)))
    return sorted((TestedCaseScores(*row) for row in rows), key=lambda row: (row.run_id, row.site_slug, row.name))


def of_checkpoint(run_ids: Iterable[str], checkpoint: Checkpoint) -> tuple[ColumnElement[bool], ...]:
    """Conditions on evaluated_case: each run's best or last round."""
    wanted = func.coalesce(Run.best_round, 0) if checkpoint == "best" else Run.num_rounds
    ids = list(run_ids)
    return TestedCase.run_id.in_(ids), Run.id == TestedCase.run_id, TestedCase.round == wanted


def of_checkpoint_summaries(run_ids: Iterable[str], checkpoint: Checkpoint) -> tuple[ColumnElement[bool], ...]:
    """As `of_checkpoint`, on score_summary."""
    wanted = func.coalesce(Run.best_round, 0) if checkpoint == "best" else Run.num_rounds
    ids = list(run_ids)
    return ScoreSummaryRow.run_id.in_(ids), Run.id == ScoreSummaryRow.run_id, ScoreSummaryRow.round == wanted


def stated_of_run(session: Session, run: Run, checkpoint: Checkpoint) -> StatedSites:
    """By site; empty where every site sent the scores of its cases."""
    return stated_of_runs(session, [run.id], checkpoint).get(run.id, {})


def stated_of_runs(session: Session, run_ids: Iterable[str], checkpoint: Checkpoint) -> dict[str, StatedSites]:
    """By run id; runs whose sites all sent the scores of their cases are left out."""
    return stated_sites(session, of_checkpoint_summaries(run_ids, checkpoint))


def summaries_of(stated: StatedSites, places: Places, model: str, query: Query, slug: str | None) -> list[ScoreSummary]:
    """What the sites of a column stated of a model by kind or name."""
    found = (
        stated[site].of(model_name(model, site), query.structure, query.metric)
        for site in sorted(places.sites(slug) & stated.keys())
    )
    return [summary for summary in found if summary is not None]


def places_of(run: Run) -> Places:
    """Of the test of a finished model, where nobody trained, the sites that are tested."""
    if run.participants == []:
        return Places(list(run.evaluators or []), [])
    return selector_places(run)


def selector_places(run: Run) -> Places:
    """The sites that the model selector knows, and those that it has never seen."""
    return Places(list(run.spec.sites), list(run.spec.held_out_sites)) if run.spec else Places([], [])


def case_value(row: TestedCaseScores, model: str, query: Query) -> CaseValue | None:
    """Of a model by kind or name; None where it was not scored."""
    by_structure = row.scores.get(model_name(model, row.site_slug))
    return None if by_structure is None else value_of(by_structure, query.metric, query.structure)


def valued_cases(rows: Iterable[TestedCaseScores], model: str, query: Query) -> list[Valued]:
    """The cases on which the model was scored, each with its value."""
    return [(row, value) for row in rows if (value := case_value(row, model, query)) is not None]


def _places(session: Session, experiment: Experiment, runs: list[Run]) -> Places:
    """Of all runs together: one that was fixed later may have had other sites. Before the first start: of today."""
    known = [site.slug for site in sites.list_sites(session, experiment.federation_id)]
    fixed = [places_of(run) for run in runs if run.spec is not None]
    if not fixed:
        held_out = experiment.config.held_out_sites
        return Places([slug for slug in known if slug not in held_out], [slug for slug in known if slug in held_out])
    training = {slug for places in fixed for slug in places.training}
    unseen = {slug for places in fixed for slug in places.unseen} - training
    order = [*known, *sorted((training | unseen) - {*known})]
    return Places([slug for slug in order if slug in training], [slug for slug in order if slug in unseen])
