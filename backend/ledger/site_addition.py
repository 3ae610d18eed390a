"""A site added to a registered FedSM model in closed form: an experiment of its own kind, of one run of one round.

The run begins with the version's state, in which the new site's personalized model is a copy of the global one, or a
registered model that was fine-tuned there. In its only round the site sends its sums, the coordinator solves the
selector, and nothing is trained; then the models are tested at the site, and registered.

Why the global model, where nothing else is named: until the site was added, its images went to the global model or to
that of whichever site they resemble, which was trained on other cameras; weights that nobody asked for are not chosen.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.clock import now
from backend.contracts.config_problems import in_short
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.registry import Reference
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.site_addition import AddedSite, SiteAdditionCreate
from backend.contracts.start_model import StartFrom
from backend.contracts.status import RunStatus
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import RunSpec
from backend.datasets import service as datasets
from backend.db.base import new_id
from backend.db.models import Dataset, Experiment, Run, RunRound, Site
from backend.db.models.experiment import SITE_ADDITION
from backend.errors import Conflict, InvalidInput
from backend.events import service as events
from backend.ledger.advance import advance
from backend.ledger.one_site import data_of_one_site
from backend.ledger.snapshot import run_dataset
from backend.registry import planned
from backend.registry.lookup import find_version, reference_of
from backend.registry.schemas import VersionFacts
from backend.registry.service import get_version
from backend.runs import approvals
from backend.sites import service as sites

GLOBAL, MOMENTS, ENCODER = "global", "selector_moments", "selector_encoder"
#: What the round's state keeps of the model's: what predicts, and the sums that the selector is solved from.
_TAKEN = (GLOBAL, "personalized", "selector", MOMENTS, ENCODER)
_ELSEWHERE = "train a new experiment with the site, which begins with this version"


def start_addition(session: Session, version_id: str, body: SiteAdditionCreate, actor: str) -> Experiment:
    """Queues the site's work. Raises Conflict for a model whose sites' sums are not kept, InvalidInput for what cannot
    be added."""
    version = get_version(session, version_id)
    facts = VersionFacts.model_validate(version.facts)
    source = session.get_one(Run, version.run_id)
    strategy = facts.strategy
    selector = _require_closed_form(strategy)
    state = _state_of(session, source, facts, reference_of(session, version))
    name = body.name or _name_of(reference_of(session, version))
    _require_alone(session, facts.federation_id, name)
    site, data = data_of_one_site(session, body.datasets, facts.federation_id)
    if site.slug in facts.sites:
        names, remedy = in_short([row.name for row in data]), "choose a site that it does not know"
        raise InvalidInput.of_field("datasets", names, f"are of {site.slug}, which the selector knows", remedy)
    num_cases = sum(datasets.num_training_cases(session, dataset) for dataset in data)
    _require_allowed(site, strategy, data)
    _require_enough(num_cases, data, selector, site)
    own = _model_of_site(session, body.model, facts, site)
    added = AddedSite(
        site=site.slug,
        version=reference_of(session, version),
        run_id=source.id,
        round=facts.round,
        model=own[0] if own is not None else None,
    )
    state[f"personalized/{site.slug}"] = own[1] if own is not None else state[GLOBAL]
    require_artifacts(session, set(state.values()))
    experiment = _experiment(facts, strategy, added, actor)
    session.add(experiment)
    session.flush()
    run = _run(experiment, source, facts, added)
    session.add(run)
    session.flush()
    downloads = {site.slug: [ENCODER] if ENCODER in state else []}
    session.add(RunRound(run_id=run.id, round=0, opened_at=now(), finished_at=now(), parts=state, downloads=downloads))
    for position, dataset in enumerate(data):
        session.add(run_dataset(run, position, site, dataset, datasets.manifest_of(session, dataset, site)))
    planned.plan(session, run, name, actor)
    approvals.ask(session, run)
    events.record_of_run(session, run, "status", f"{actor} adds {site.slug} to {added.version}, in closed form.", actor)
    advance(session, run)
    return experiment


def _require_alone(session: Session, federation_id: str, name: str) -> None:
    """Two that begin with one version would each lack the other's site. Raises Conflict."""
    if (under_way := planned.under_way(session, federation_id, name, SITE_ADDITION)) is not None:
        raise Conflict(
            f"{under_way.name!r} is under way and makes the next version of {name}: wait for it, and begin with that"
        )


def _name_of(reference: str) -> str:
    return reference.partition(":")[0]


def _require_closed_form(strategy: StrategyConfig) -> LdaSelector:
    """Raises InvalidInput where the new site's sums alone do not say what the super model does."""
    if not isinstance(strategy, FedSMConfig):
        raise InvalidInput.of_field("version", strategy.card.label, "has no model selector", "choose a model of FedSM")
    selector = strategy.selector
    if not isinstance(selector, LdaSelector):
        why = "is a network that is trained: only the selector lda is solved from the sites' sums"
        raise InvalidInput.of_field("version.selector", selector.name, why, _ELSEWHERE)
    if strategy.routing == "quality":
        why = "is learned from how every site's model scores on validation images, which no sum of the new site says"
        raise InvalidInput.of_field("version.routing", "quality", why, _ELSEWHERE)
    return selector


def _state_of(session: Session, source: Run, facts: VersionFacts, reference: str) -> dict[str, str]:
    """The parts to begin with. Raises Conflict where a site's sums are missing: of an imported model, for one."""
    row = session.get(RunRound, (source.id, facts.round))
    found = (row.parts or {}) if row is not None and row.removed_at is None else {}
    state = {name: sha256 for name, sha256 in found.items() if name.partition("/")[0] in _TAKEN}
    lacking = [slug for slug in facts.sites if f"{MOMENTS}/{slug}" not in state]
    if lacking:
        raise Conflict(
            f"{reference} does not keep the sums of {in_short(lacking)} that its selector was solved from (a model "
            f"that came in as a file has none): {_ELSEWHERE}"
        )
    return state


def _require_allowed(site: Site, strategy: StrategyConfig, data: Sequence[Dataset]) -> None:
    """Raises InvalidInput where the site's policy does not name the method."""
    allowed = sites.policy_of(site).allowed_strategies
    if allowed is not None and strategy.name not in allowed:
        names = in_short([row.name for row in data])
        why = f"are of {site.slug}, whose policy does not allow {strategy.name}"
        raise InvalidInput.of_field("datasets", names, why, f"ask {site.slug} to allow the method")


def _require_enough(num_cases: int, data: Sequence[Dataset], selector: LdaSelector, site: Site) -> None:
    """As the site itself checks before anything leaves it."""
    if num_cases < selector.minimum_cases:
        why = (
            f"have {num_cases} training cases, fewer than the selector's minimum_cases {selector.minimum_cases}: the "
            "sums could reveal a case"
        )
        names = in_short([row.name for row in data])
        raise InvalidInput.of_field("datasets", names, why, f"register more cases at {site.slug}")


def _model_of_site(session: Session, wanted: str | None, facts: VersionFacts, site: Site) -> tuple[str, str] | None:
    """The reference of the version whose model the site's images get, and the model's SHA-256; None: the global one.

    Raises InvalidInput where there is no such version, or its models are no networks of this one's kind.
    """
    if wanted is None:
        return None
    reference = Reference.of(wanted)
    version = find_version(session, facts.federation_id, reference) if reference is not None else None
    if version is None:
        remedy = "give name:number or name@alias of a model that is registered in this federation"
        raise InvalidInput.of_field("model", wanted, "is no registered model here", remedy)
    found = VersionFacts.model_validate(version.facts)
    for why in _differences(found, facts):
        raise InvalidInput.of_field("model", wanted, why, f"choose a version that was fine-tuned at {site.slug}")
    parts = {part.name: part.sha256 for part in found.parts}
    own = parts.get(f"personalized/{site.slug}")
    if own is None:
        why = f"has no model of {site.slug}"
        raise InvalidInput.of_field("model", wanted, why, f"choose a version that was fine-tuned at {site.slug}")
    return reference_of(session, version), own


def _differences(found: VersionFacts, facts: VersionFacts) -> Iterator[str]:
    """Why the one's networks cannot stand among the other's."""
    if found.config.network != facts.config.network:
        yield "has another network"
    if found.config.data != facts.config.data:
        yield "takes images that are prepared in another way"
    if [s.name for s in found.task.structures] != [s.name for s in facts.task.structures]:
        yield "segments other structures"


def _experiment(facts: VersionFacts, strategy: StrategyConfig, added: AddedSite, actor: str) -> Experiment:
    config = facts.config
    return Experiment(
        federation_id=facts.federation_id,
        kind=SITE_ADDITION,
        name=f"{added.site} added to {added.version}"[:80],
        description=f"{added.in_words()}, in closed form. {added.model_in_words()}",
        config=config.model_copy(
            update={
                "strategies": (strategy,),
                "seeds": (facts.seed,),
                "held_out_sites": (),
                "minimum_sites": 1,
                "start_from": StartFrom(run=added.run_id, version=added.version),
                "evaluation": config.evaluation.model_copy(update={"history_rounds": 0}),
            }
        ),
        created_at=now(),
        created_by=actor,
        started_at=now(),
    )


def _run(experiment: Experiment, source: Run, facts: VersionFacts, added: AddedSite) -> Run:
    run_id, strategy = new_id(), experiment.config.strategies[0]
    spec = RunSpec(
        run_id=run_id,
        config=experiment.config,
        strategy=strategy,
        seed=facts.seed,
        task=facts.task,
        sites=(*facts.sites, added.site),
        added=added,
    )
    return Run(
        id=run_id,
        experiment_id=experiment.id,
        position=0,
        strategy=strategy,
        strategy_label=facts.strategy_label,
        seed=facts.seed,
        status=RunStatus.RUNNING,
        round=0,
        num_rounds=1,
        minimum_sites=1,
        spec=spec,
        participants=[added.site],
        evaluators=[added.site],
        criterion=source.criterion or "super",
        code_version=source.code_version,
        created_at=now(),
        started_at=now(),
    )
