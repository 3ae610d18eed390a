"""What a run is started on: fixed at its start, so that later changes of sites and data sets do not alter it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.config_problems import ConfigProblem, SiteFacts, problems_for_sites
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.hardware_problems import gpu_problems
from backend.contracts.methods.references import LocalOnlyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import DatasetManifest, RunSpec
from backend.datasets import service as datasets
from backend.db.models import Dataset, Experiment, Federation, Run, RunDataset, Site
from backend.errors import InvalidInput
from backend.events import service as events
from backend.ledger.site_work import mean_site_steps
from backend.ledger.start_model import start_problems, start_state
from backend.queue import site_queue
from backend.sites import service as sites
from backend.sites.presence import load_presence


@dataclass(frozen=True)
class SiteData:
    """A site and its checked data sets."""

    site: Site
    datasets: list[Dataset]


def sites_with_data(session: Session, federation_id: str) -> list[SiteData]:
    """In site order, without those archived."""
    found = [
        SiteData(site, datasets.ready_datasets(session, site.id)) for site in sites.active_sites(session, federation_id)
    ]
    return [entry for entry in found if entry.datasets]


def problems_on(
    session: Session, config: ExperimentConfig, data: list[SiteData], task: SegmentationTask
) -> list[ConfigProblem]:
    """Every reason why the configuration cannot run on these sites."""
    if not data:
        return [
            ConfigProblem(
                field="federation",
                value="0 sites with data",
                message="no site has a checked data set",
                remedy="register a data set at a site",
            )
        ]
    presence = load_presence(session)
    facts = [
        SiteFacts(
            slug=entry.site.slug,
            simulated=entry.site.kind == "simulated",
            num_training_cases=sum(datasets.num_training_cases(session, dataset) for dataset in entry.datasets),
            allowed_strategies=sites.policy_of(entry.site).allowed_strategies,
            gpus=presence.gpus_of(site_queue(entry.site.kind, entry.site.slug)),
        )
        for entry in data
    ]
    training = [site for site in facts if site.slug not in config.held_out_sites]
    return [
        *problems_for_sites(config, facts, task),
        *gpu_problems(config, training),
        *start_problems(session, config, task, [site.slug for site in training]),
    ]


def require_runnable(session: Session, config: ExperimentConfig, data: list[SiteData], task: SegmentationTask) -> None:
    """Raises InvalidInput with every problem."""
    if problems := problems_on(session, config, data, task):
        raise InvalidInput.of_problems(problems)


def take_snapshot(session: Session, run: Run) -> None:
    """Writes `run.spec` and one RunDataset for each data set, with its manifest."""
    experiment = session.get_one(Experiment, run.experiment_id)
    federation = session.get_one(Federation, experiment.federation_id)
    data = _as_other_runs(session, run, sites_with_data(session, federation.id))
    require_runnable(session, experiment.config, data, federation.task)
    held_out = experiment.config.held_out_sites
    training = tuple(entry.site.slug for entry in data if entry.site.slug not in held_out)
    manifests = [
        (entry.site, dataset, datasets.manifest_of(session, dataset, entry.site))
        for entry in data
        for dataset in entry.datasets
    ]
    of_training = [manifest for site, _, manifest in manifests if site.slug in training]
    run.spec = RunSpec(
        run_id=run.id,
        config=experiment.config,
        strategy=run.strategy,
        seed=run.seed,
        task=federation.task,
        sites=training,
        held_out_sites=tuple(entry.site.slug for entry in data if entry.site.slug in held_out),
        start=start_state(session, experiment.config, run.strategy, training),
        site_steps=mean_site_steps(session, experiment.config, federation.task, of_training),
    )
    _require_known_steps(run.spec)
    for position, (site, dataset, manifest) in enumerate(manifests):
        session.add(run_dataset(run, position, site, dataset, manifest))
    session.flush()


def _require_known_steps(spec: RunSpec) -> None:
    """Raises InvalidInput where every site must take the sites' mean number of steps and nobody can say it."""
    if isinstance(spec.strategy, LocalOnlyConfig) and spec.strategy.steps == "equal" and spec.site_steps is None:
        remedy = "check the data sets again, or set steps to full"
        why = "needs the sites' mean number of steps, and the slices of some volumes were never counted"
        raise InvalidInput.of_field("strategies.steps", "equal", why, remedy)


def _as_other_runs(session: Session, run: Run, data: list[SiteData]) -> list[SiteData]:
    """The sites and data that the experiment's other runs have, where they are still there unchanged: methods are
    compared on the same sites, also where one was cancelled before its start and resumed after a site was added.

    Otherwise what there is now, with a warning; the table of results then names the difference.
    """
    others = select(RunDataset).join(Run, Run.id == RunDataset.run_id)
    others = others.where(Run.experiment_id == run.experiment_id, Run.id != run.id)
    fixed = list(session.scalars(others.order_by(Run.position, RunDataset.position)))
    first = [row for row in fixed if row.run_id == fixed[0].run_id]
    if not first:
        return data
    wanted = {(row.dataset_id, row.fingerprint) for row in first}
    kept = [
        SiteData(entry.site, [dataset for dataset in entry.datasets if (dataset.id, dataset.fingerprint) in wanted])
        for entry in data
    ]
    kept = [entry for entry in kept if entry.datasets]
    if sum(len(entry.datasets) for entry in kept) < len(wanted):
        named = ", ".join(sorted({row.site_slug for row in first} - {entry.site.slug for entry in kept}))
        _tell(session, run, f"it cannot have the data of the experiment's other runs ({named or 'a data set'} changed)")
        return data
    if added := [entry.site.slug for entry in data if entry.site.slug not in {other.site.slug for other in kept}]:
        named = ", ".join(added)
        _tell(
            session,
            run,
            f"it has the sites of the experiment's other runs; {named}, added since, takes no part",
            "info",
        )
    return kept


def _tell(session: Session, run: Run, what: str, level: events.Level = "warning") -> None:
    message = f"{run.strategy_label}, seed {run.seed}: {what}."
    events.record_of_run(session, run, "status", message, events.BACKEND, level=level)


def run_dataset(run: Run, position: int, site: Site, dataset: Dataset, manifest: DatasetManifest) -> RunDataset:
    """A data set as the run works on it: `manifest` may name fewer cases than the data set has."""
    return RunDataset(
        run_id=run.id,
        dataset_id=dataset.id,
        position=position,
        site_slug=site.slug,
        queue=site_queue(site.kind, site.slug),
        fingerprint=dataset.fingerprint or "",
        manifest=manifest,
    )
