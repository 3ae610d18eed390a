"""How much the sites of a run train in a round, by their manifests and what the database knows of their cases."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.local_work import LocalWork, local_work, mean_work
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.tasks import DatasetManifest
from backend.db.models import Case


def work_of(
    session: Session, config: ExperimentConfig, task: SegmentationTask, manifests: Sequence[DatasetManifest]
) -> LocalWork:
    """Of one participant, whose manifests these are."""
    is_volume = task.dimensions == 3
    depths = {}
    if is_volume and config.network.spatial_dims == 2:
        datasets = [manifest.dataset_id for manifest in manifests]
        depths = dict(session.execute(select(Case.id, Case.depth).where(Case.dataset_id.in_(datasets))).all())
    return local_work(config, manifests, depths, is_volume)


def works_of_sites(
    session: Session, config: ExperimentConfig, task: SegmentationTask, manifests: Iterable[DatasetManifest]
) -> list[LocalWork]:
    """Of each site that these manifests are of, in their order."""
    by_site: dict[str, list[DatasetManifest]] = {}
    for manifest in manifests:
        by_site.setdefault(manifest.site, []).append(manifest)
    return [work_of(session, config, task, own) for own in by_site.values()]


def mean_site_steps(
    session: Session, config: ExperimentConfig, task: SegmentationTask, manifests: Iterable[DatasetManifest]
) -> int | None:
    """The optimizer steps that a site takes in a round on average; None where they are not known exactly."""
    works = works_of_sites(session, config, task, manifests)
    if not works:
        return None
    work = mean_work(works)
    return work.least_steps if all(own.least_steps == own.most_steps for own in works) else None
