"""A student of a finished super model: an experiment of one run of federated averaging of one network, at the sites and
on the data of the run that made the super model.

The run begins with a state that holds the super model's parts as its teacher; no task makes it. From then on it is like
any other run: its curves, cases and results are looked at, it is cancelled and resumed, and validation chooses its best
round.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.clock import now
from backend.contracts.config_problems import in_short
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.model_parts import PREDICTING
from backend.contracts.registry import Reference
from backend.contracts.start_model import StartFrom
from backend.contracts.status import DatasetStatus, RunStatus
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.student import TEACHER_PART, StudentCreate, Taught
from backend.contracts.tasks import RunSpec
from backend.datasets import service as datasets
from backend.db.base import new_id
from backend.db.models import Dataset, Experiment, Federation, Run, RunDataset, RunRound, Site
from backend.db.models.experiment import STUDENT
from backend.errors import Conflict, InvalidInput
from backend.evaluations.validated_threshold import chosen_gamma
from backend.events import service as events
from backend.ledger.advance import advance
from backend.ledger.made_config import require_valid
from backend.ledger.snapshot import SiteData, require_runnable, run_dataset
from backend.ledger.start_model import start_state
from backend.predictions.service import require_models
from backend.registry import planned
from backend.registry.lookup import find_version
from backend.runs import approvals
from backend.runs.threshold import at_gamma, finished_strategy
from backend.runs.words import describe_run
from backend.sites import service as sites
from backend.version import code_version

GLOBAL, LABEL = "global", "Student"


def start_student(session: Session, run_id: str, body: StudentCreate, actor: str) -> Experiment:
    """Queues the training. Raises Conflict for a run without models and for data that changed since, InvalidInput for a
    model that cannot teach."""
    source = require_models(session, run_id)
    assert source.best_round is not None
    assert source.spec is not None
    before = session.get_one(Experiment, source.experiment_id)
    teacher = at_gamma(finished_strategy(session, source), chosen_gamma(session, source, body.threshold))
    _require_teacher(teacher)
    _require_version_of(session, before.federation_id, source, body.version)
    data = _data_of(session, source)
    _require_allowed(data, teacher)
    taught = Taught(
        run_id=source.id,
        round=source.best_round,
        title=f"{before.name}: {describe_run(source)}",
        version=body.version,
        strategy=teacher,
        temperature=body.temperature,
        reference_weight=body.reference_weight,
    )
    config = _config(source, body)
    task = session.get_one(Federation, before.federation_id).task
    require_runnable(session, config, data, task)
    experiment = Experiment(
        federation_id=before.federation_id,
        kind=STUDENT,
        name=f"Student of {taught.in_words()}"[:80],
        description=f"One network that learns from the soft answers of {taught.in_words()}.",
        config=config,
        created_at=now(),
        created_by=actor,
        started_at=now(),
        teacher_run_id=source.id,
    )
    session.add(experiment)
    session.flush()
    run = _run(session, experiment, source, taught)
    for position, (site, dataset) in enumerate((entry.site, one) for entry in data for one in entry.datasets):
        session.add(run_dataset(run, position, site, dataset, datasets.manifest_of(session, dataset, site)))
    if body.name is not None:
        planned.plan(session, run, body.name, actor)
    approvals.ask(session, run)
    events.record_of_run(session, run, "status", f"{actor} trains a student of {taught.in_words()}.", actor)
    advance(session, run)
    return experiment


def _require_teacher(strategy: StrategyConfig) -> None:
    """Raises InvalidInput for a method without a super model, and for a mixture that is no mean of probabilities."""
    if not isinstance(strategy, FedSMConfig):
        why = "has no super model that a student could learn from"
        raise InvalidInput.of_field("run", strategy.card.label, why, "choose a run of FedSM")
    if strategy.routing == "soft" and strategy.mixture == "weights":
        why = "mixes the models' weights anew for each image, and a student learns from a mean of probabilities"
        raise InvalidInput.of_field("run.mixture", "weights", why, "choose a run with another routing or mixture")


def _require_allowed(data: Sequence[SiteData], teacher: StrategyConfig) -> None:
    """Raises InvalidInput for a site whose policy does not name the teacher's method; the student's own is checked with
    the configuration."""
    for entry in data:
        allowed = sites.policy_of(entry.site).allowed_strategies
        if allowed is not None and teacher.name not in allowed:
            why = f"is not allowed by the policy of {entry.site.slug}, whose images it would answer"
            raise InvalidInput.of_field("run", teacher.card.label, why, f"ask {entry.site.slug} to allow the method")


def _require_version_of(session: Session, federation_id: str, source: Run, version: str | None) -> None:
    reference = Reference.of(version) if version is not None else None
    if version is None:
        return
    found = find_version(session, federation_id, reference) if reference is not None else None
    if found is None or found.run_id != source.id:
        remedy = "give name:number of a version of this run, or leave it out"
        raise InvalidInput.of_field("version", version, "is no registered version of this run", remedy)


def _data_of(session: Session, source: Run) -> list[SiteData]:
    """The run's sites with its own data sets, so that both are tested on the same cases.

    Raises Conflict where a site trained elsewhere, or some of its data is not there as it was."""
    assert source.spec is not None
    query = select(RunDataset, Dataset, Site).join(Dataset, Dataset.id == RunDataset.dataset_id)
    query = query.join(Site, Site.id == Dataset.site_id).where(RunDataset.run_id == source.id)
    found: dict[str, SiteData] = {}
    for row, dataset, site in session.execute(query.order_by(RunDataset.position)):
        changed = dataset.status != DatasetStatus.READY or (dataset.fingerprint or "") != row.fingerprint
        if changed or site.archived_at is not None:
            raise Conflict(
                f"{dataset.name} of {site.slug} is not there as {describe_run(source)} had it, and a student is tested "
                "on the same cases: train a new experiment"
            )
        found.setdefault(site.slug, SiteData(site, [])).datasets.append(dataset)
    wanted = (*source.spec.sites, *source.spec.held_out_sites)
    if lacking := [slug for slug in wanted if slug not in found]:
        raise Conflict(
            f"{describe_run(source)} does not have the data of {in_short(lacking)} (a model that came in as a file has "
            "none, and one that a site was added to has that site's): choose the run that trained it"
        )
    return [found[slug] for slug in wanted]


def _config(source: Run, body: StudentCreate) -> ExperimentConfig:
    """The run's own, with what the student sets. Raises InvalidInput where the two do not go together."""
    assert source.spec is not None
    before = source.spec.config
    schedule = before.schedule.model_copy(
        update={
            "rounds": body.rounds,
            "participation": 1.0,
            "patience": None,
            "learning_rate": body.learning_rate or before.schedule.learning_rate,
            "learning_rate_schedule": "constant",
            "warmup_rounds": 0,
            "averaging": "none",
        }
    )
    fields = {
        "strategies": (FedAvgConfig(),),
        "seeds": (source.seed,),
        "held_out_sites": source.spec.held_out_sites,
        "schedule": schedule,
        "start_from": StartFrom(run=source.id, version=body.version, models="global"),
    }
    return require_valid(before.model_copy(update=fields))


def _run(session: Session, experiment: Experiment, source: Run, taught: Taught) -> Run:
    """With its round 0. Raises Conflict where the teacher's state is not kept."""
    assert source.spec is not None
    config, trained = experiment.config, source.spec.sites
    state = _state_of(session, source)
    run_id, strategy = new_id(), config.strategies[0]
    spec = RunSpec(
        run_id=run_id,
        config=config,
        strategy=strategy,
        seed=source.seed,
        task=session.get_one(Federation, experiment.federation_id).task,
        sites=trained,
        held_out_sites=source.spec.held_out_sites,
        start=start_state(session, config, strategy, trained),
        taught=taught,
    )
    run = Run(
        id=run_id,
        experiment_id=experiment.id,
        position=0,
        strategy=strategy,
        strategy_label=LABEL,
        seed=source.seed,
        status=RunStatus.RUNNING,
        round=0,
        num_rounds=config.schedule.last_round,
        minimum_sites=config.minimum_sites,
        spec=spec,
        participants=list(trained),
        evaluators=[*trained, *source.spec.held_out_sites],
        criterion=GLOBAL,
        code_version=code_version(),
        created_at=now(),
        started_at=now(),
    )
    session.add(run)
    session.flush()
    downloads = {slug: [GLOBAL] for slug in trained}
    session.add(RunRound(run_id=run.id, round=0, opened_at=now(), finished_at=now(), parts=state, downloads=downloads))
    return run


def _state_of(session: Session, source: Run) -> dict[str, str]:
    """The student, which begins as the global model, and its teacher: the parts that predict, and no site's sums."""
    row = session.get(RunRound, (source.id, source.best_round))
    found = (row.parts or {}) if row is not None and row.removed_at is None else {}
    teacher = {name: sha256 for name, sha256 in found.items() if name.partition("/")[0] in PREDICTING}
    if GLOBAL not in teacher:
        raise Conflict(f"the state of round {source.best_round} of {describe_run(source)} is not kept any more")
    require_artifacts(session, set(teacher.values()))
    return {GLOBAL: teacher[GLOBAL]} | {f"{TEACHER_PART}{name}": sha256 for name, sha256 in teacher.items()}
