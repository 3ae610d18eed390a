"""The test of a finished model on other data: an experiment of its own kind, of one run that does not train.

Its only round, 0, is the model's state, and its sites are those of the chosen data sets. So results, cases, exports and
reports are those of any run.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.clock import now
from backend.contracts.config_problems import ConfigProblem, in_short
from backend.contracts.datasets import DatasetManifest
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.model_parts import PREDICTING
from backend.contracts.model_tests import ModelTestCreate
from backend.contracts.status import DatasetStatus, RunStatus
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import RunSpec
from backend.datasets import service as datasets
from backend.db.base import new_id
from backend.db.lookup import get_row
from backend.db.models import Dataset, Experiment, Federation, Run, RunRound, Site
from backend.db.models.experiment import MODEL_TEST
from backend.errors import Conflict, InvalidInput
from backend.evaluations.validated_threshold import chosen_gamma
from backend.events import service as events
from backend.ledger.advance import advance
from backend.ledger.seen_cases import seen_by
from backend.ledger.snapshot import run_dataset
from backend.runs import approvals
from backend.runs.threshold import at_gamma, finished_strategy
from backend.runs.words import describe_run

_PERSONALIZED = "personalized/"


def start_test(session: Session, run_id: str, body: ModelTestCreate, actor: str) -> Experiment:
    """Queues the tests. Raises Conflict for a run without a model, InvalidInput for data that do not fit it."""
    source = get_row(session, Run, run_id)
    parts = _model_of(session, source)
    assert source.spec is not None
    chosen = _chosen(session, body.datasets)
    federation = session.get_one(Federation, chosen[0][0].federation_id)
    _require_fit(source.spec.task, federation.task)
    manifests, left_out = _manifests(session, source, chosen, body)
    names = _names_here(session, source, federation)
    strategy = at_gamma(finished_strategy(session, source), chosen_gamma(session, source, body.threshold))
    experiment = _experiment(source, strategy, federation, chosen, body, actor)
    session.add(experiment)
    session.flush()
    run = _run(experiment, source, federation.task, tuple(names.values()), [site.slug for site, _ in chosen])
    session.add(run)
    session.flush()
    renamed = {_part_here(name, names): sha256 for name, sha256 in parts.items()}
    require_artifacts(session, set(renamed.values()))
    session.add(RunRound(run_id=run.id, round=0, opened_at=now(), finished_at=now(), parts=renamed, downloads={}))
    for position, ((site, dataset), manifest) in enumerate(zip(chosen, manifests, strict=True)):
        session.add(run_dataset(run, position, site, dataset, manifest))
    approvals.ask(session, run)
    _announce(session, run, source, manifests, left_out, actor)
    advance(session, run)
    return experiment


def _model_of(session: Session, source: Run) -> dict[str, str]:
    """The parts that predict."""
    if source.status != RunStatus.COMPLETED or source.spec is None or source.best_round is None:
        raise Conflict(f"{describe_run(source)} is {source.status}: its models can be tested once it is completed")
    if session.get_one(Experiment, source.experiment_id).kind == MODEL_TEST:
        raise Conflict(f"{describe_run(source)} is itself the test of a model: test the model that it tested")
    row = session.get(RunRound, (source.id, source.best_round))
    if row is None or row.removed_at is not None or not row.parts:
        raise Conflict(f"{describe_run(source)} does not keep the state of its best round any more: train it again")
    return {name: sha256 for name, sha256 in row.parts.items() if name.partition("/")[0] in PREDICTING}


def _chosen(session: Session, dataset_ids: Sequence[str]) -> list[tuple[Site, Dataset]]:
    """In site order. All of one federation."""
    rows = [get_row(session, Dataset, dataset_id) for dataset_id in dict.fromkeys(dataset_ids)]
    pairs = [(session.get_one(Site, dataset.site_id), dataset) for dataset in rows]
    if len({site.federation_id for site, _ in pairs}) > 1:
        names = in_short([dataset.name for dataset in rows])
        remedy = "choose data sets of one federation, and test the model on the others on their own"
        raise InvalidInput.of_field("datasets", names, "are of several federations", remedy)
    for _, dataset in pairs:
        if dataset.status != DatasetStatus.READY:
            remedy = "wait for its check, or check it again"
            raise InvalidInput.of_field("datasets", dataset.name, f"is {dataset.status}", remedy)
    return sorted(pairs, key=lambda pair: (pair[0].position, pair[1].created_at, pair[1].id))


def _require_fit(trained: SegmentationTask, here: SegmentationTask) -> None:
    problems = [
        ConfigProblem(
            field="datasets",
            value=str(found),
            message=f"{words} of the federation, and the model was trained with {wanted}",
            remedy="choose data sets of a federation with the model's task",
        )
        for words, wanted, found in (
            ("are the structures", [s.name for s in trained.structures], [s.name for s in here.structures]),
            ("are the image channels", trained.num_channels, here.num_channels),
            ("are the image dimensions", trained.dimensions, here.dimensions),
        )
        if wanted != found
    ]
    if problems:
        raise InvalidInput.of_problems(problems)


def _manifests(
    session: Session, source: Run, chosen: Sequence[tuple[Site, Dataset]], body: ModelTestCreate
) -> tuple[list[DatasetManifest], Counter[str]]:
    """Every case becomes a test case, but for those that the model trained or validated on: their number by site.

    Raises InvalidInput where nothing is left, or where nobody knows any more what the model has seen."""
    seen = seen_by(session, source)
    if seen.lost and body.cases == "all":
        why = f"may hold cases that the model trained on: {in_short(seen.lost)}, from which it began, was removed"
        raise InvalidInput.of_field("cases", "all", why, "set cases to test")
    manifests, left_out = [], Counter[str]()
    for site, dataset in chosen:
        manifest = datasets.manifest_of(session, dataset, site)
        wanted = [case for case in manifest.cases if body.cases == "all" or case.split == "test"]
        fresh = [case for case in wanted if case.image_sha256 not in seen.images]
        left_out[site.slug] += len(wanted) - len(fresh)
        tested = tuple(case.model_copy(update={"split": "test"}) for case in fresh)
        manifests.append(manifest.model_copy(update={"cases": tested}))
    if not any(manifest.cases for manifest in manifests):
        names = in_short([dataset.name for _, dataset in chosen])
        message = "have no case to test" if not left_out.total() else "have no case that the model did not train on"
        raise InvalidInput.of_field("datasets", names, message, "choose other data sets, or set cases to all")
    return manifests, left_out


def _names_here(session: Session, source: Run, federation: Federation) -> dict[str, str]:
    """The model's sites by the name that they have in the test, in their order. In another federation a site of the
    same short name is another hospital, and its data not what the model of that name was trained for."""
    assert source.spec is not None
    sites = source.spec.sites
    if session.get_one(Experiment, source.experiment_id).federation_id == federation.id:
        return {slug: slug for slug in sites}
    here = {site.slug for site in session.scalars(select(Site).where(Site.federation_id == federation.id))}
    return {slug: f"{slug[:32]}-trained" if slug in here else slug for slug in sites}


def _part_here(name: str, names: dict[str, str]) -> str:
    slug = name.removeprefix(_PERSONALIZED)
    return f"{_PERSONALIZED}{names[slug]}" if name.startswith(_PERSONALIZED) and slug in names else name


def _experiment(
    source: Run,
    strategy: StrategyConfig,
    federation: Federation,
    chosen: Sequence[tuple[Site, Dataset]],
    body: ModelTestCreate,
    actor: str,
) -> Experiment:
    assert source.spec is not None
    config = source.spec.config
    slugs = tuple(dict.fromkeys(site.slug for site, _ in chosen))
    name = body.name or f"Test of {describe_run(source)} on {in_short([dataset.name for _, dataset in chosen])}"
    return Experiment(
        federation_id=federation.id,
        kind=MODEL_TEST,
        tested_run_id=source.id,
        name=name[:80],
        description=f"The models of {describe_run(source)}, round {source.best_round}, tested without training."
        + (_of_threshold(strategy) if body.threshold == "validation" else ""),
        config=config.model_copy(
            update={
                "strategies": (strategy,),
                "seeds": (source.seed,),
                "held_out_sites": slugs,
                "minimum_sites": 1,
                "start_from": None,
                "evaluation": config.evaluation.model_copy(update={"history_rounds": 0}),
            }
        ),
        created_at=now(),
        created_by=actor,
        started_at=now(),
    )


def _of_threshold(strategy: StrategyConfig) -> str:
    assert isinstance(strategy, FedSMConfig)
    return f" The threshold is the best on the sites' validation cases: gamma = {strategy.gamma:g}."


def _run(
    experiment: Experiment, source: Run, task: SegmentationTask, sites: tuple[str, ...], slugs: Sequence[str]
) -> Run:
    run_id, tested = new_id(), list(dict.fromkeys(slugs))
    spec = RunSpec(
        run_id=run_id,
        config=experiment.config,
        strategy=experiment.config.strategies[0],
        seed=source.seed,
        task=task,
        sites=sites,
        held_out_sites=tuple(slug for slug in tested if slug not in sites),
    )
    return Run(
        id=run_id,
        experiment_id=experiment.id,
        position=0,
        strategy=experiment.config.strategies[0],
        strategy_label=source.strategy_label,
        seed=source.seed,
        status=RunStatus.EVALUATING,
        round=0,
        num_rounds=0,
        minimum_sites=1,
        spec=spec,
        participants=[],
        evaluators=tested,
        criterion=source.criterion,
        best_round=0,
        code_version=source.code_version,
        created_at=now(),
        started_at=now(),
    )


def _announce(
    session: Session, run: Run, source: Run, manifests: Sequence[DatasetManifest], left_out: Counter[str], actor: str
) -> None:
    num_cases = sum(len(manifest.cases) for manifest in manifests)
    message = f"{actor} tests the models of {describe_run(source)}, round {source.best_round}, on {num_cases} case(s)."
    events.record_of_run(session, run, "status", message, actor)
    for slug, number in left_out.items():
        if number:
            text = (
                f"{number} case(s) of {slug} are left out of the test, because the model trained or validated on them."
            )
            events.record_of_run(session, run, "status", text, events.BACKEND, level="warning", site_slug=slug)
