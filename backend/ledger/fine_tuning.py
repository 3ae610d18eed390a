"""A registered model fine-tuned at one site: an experiment of one run of local training, which begins with the version.

The run is like any other: its curves, cases and results are looked at, it is cancelled and resumed, and the best epoch
is chosen by validation. Only what it is started on differs: the data of one site. It is registered when completed.
"""

from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.fine_tuning import FineTuneCreate
from backend.contracts.methods.references import LocalOnlyConfig
from backend.contracts.start_model import StartFrom
from backend.contracts.status import RunStatus
from backend.contracts.tasks import RunSpec
from backend.datasets import service as datasets
from backend.db.base import new_id
from backend.db.models import Experiment, Federation, Run
from backend.db.models.experiment import FINE_TUNING
from backend.ledger.advance import advance
from backend.ledger.made_config import require_valid
from backend.ledger.one_site import data_of_one_site
from backend.ledger.snapshot import SiteData, require_runnable, run_dataset
from backend.ledger.start_model import start_state
from backend.registry import planned
from backend.registry.lookup import reference_of
from backend.registry.schemas import VersionFacts
from backend.registry.service import get_version
from backend.runs import approvals
from backend.runs.service import set_status

#: As long as a registered model's name may be.
_MAX_NAME = 64


def start_fine_tuning(session: Session, version_id: str, body: FineTuneCreate, actor: str) -> Experiment:
    """Queues the training. Raises InvalidInput for data or settings that it cannot begin with."""
    version = get_version(session, version_id)
    facts, reference = VersionFacts.model_validate(version.facts), reference_of(session, version)
    site, data = data_of_one_site(session, body.datasets, facts.federation_id)
    task = session.get_one(Federation, facts.federation_id).task
    config = _config(facts, reference, body)
    require_runnable(session, config, [SiteData(site, data)], task)
    experiment = Experiment(
        federation_id=facts.federation_id,
        kind=FINE_TUNING,
        name=f"{reference} fine-tuned at {site.slug}"[:80],
        description=f"{reference}, round {facts.round}, fine-tuned at {site.slug} alone.",
        config=config,
        created_at=now(),
        created_by=actor,
        started_at=now(),
    )
    session.add(experiment)
    session.flush()
    run_id, (strategy,), (seed,) = new_id(), config.strategies, config.seeds
    spec = RunSpec(
        run_id=run_id,
        config=config,
        strategy=strategy,
        seed=seed,
        task=task,
        sites=(site.slug,),
        start=start_state(session, config, strategy, [site.slug]),
    )
    run = Run(
        id=run_id,
        experiment_id=experiment.id,
        position=0,
        strategy=strategy,
        strategy_label=strategy.card.label,
        seed=seed,
        status=RunStatus.CREATED,
        round=0,
        num_rounds=config.schedule.last_round,
        minimum_sites=1,
        spec=spec,
        created_at=now(),
    )
    session.add(run)
    session.flush()
    for position, dataset in enumerate(data):
        session.add(run_dataset(run, position, site, dataset, datasets.manifest_of(session, dataset, site)))
    planned.plan(session, run, body.name or _name(reference, site.slug), actor)
    approvals.ask(session, run)
    set_status(session, run, RunStatus.QUEUED, f"{actor} fine-tunes {reference} at {site.slug}.", actor)
    advance(session, run)
    return experiment


def _name(reference: str, slug: str) -> str:
    """`fundus-maple`"""
    end = f"-{slug}"[:_MAX_NAME].rstrip("-._")
    return reference.partition(":")[0][: _MAX_NAME - len(end)] + end


def _config(facts: VersionFacts, reference: str, body: FineTuneCreate) -> ExperimentConfig:
    """The version's, with what fine-tuning sets. Raises InvalidInput where the two do not go together."""
    schedule = facts.config.schedule.model_copy(
        update={
            "rounds": body.epochs,
            "local_epochs": 1,
            "local_steps": None,
            "participation": 1.0,
            "patience": None,
            "learning_rate": body.learning_rate,
            "learning_rate_schedule": "constant",
            "warmup_rounds": 0,
            "averaging": "none",
        }
    )
    fields = {
        "strategies": (LocalOnlyConfig(pull_to_start=body.pull_to_start),),
        "seeds": (facts.seed,),
        "held_out_sites": (),
        "minimum_sites": 1,
        "schedule": schedule,
        "start_from": StartFrom(run=facts.run_id, version=reference, models="all"),
    }
    return require_valid(facts.config.model_copy(update=fields))
