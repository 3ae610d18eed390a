"""Federated statistics: what the sites' own sums say, less what their policies withhold.

The rule of suppression. A split with 1 to minimum_count - 1 cases at a site is withheld, and its cases are in none of
the site's other numbers: every number is computed from the sums of the stated splits alone. So no total, mean or share
holds anything of what is withheld. Among the stated cases a structure that fewer than minimum_count have, or lack, is
withheld whole: means are sums divided by counts, and would tell the count.
"""

import math
from itertools import combinations
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.data_statistics import Moments, SplitStatistics, StructureMoments
from backend.contracts.metrics import Split
from backend.contracts.status import DatasetStatus
from backend.contracts.task_definition import SegmentationTask
from backend.datasets.statistics.distances import site_distance
from backend.datasets.statistics.schemas import (
    FederationStatistics,
    SiteStatistics,
    Spread,
    StatedCount,
    StructureStatistics,
)
from backend.db.models import Dataset, Federation, Site
from backend.sites.service import active_sites, policy_of

SPLITS: tuple[Split, ...] = get_args(Split)


def federation_statistics(session: Session, federation: Federation) -> FederationStatistics:
    sites = [
        site_statistics(site, datasets, federation.task)
        for site in active_sites(session, federation.id)
        if (datasets := _ready_datasets(session, site))
    ]
    dimensions = federation.task.dimensions
    distances = [site_distance(first, second, dimensions) for first, second in combinations(sites, 2)]
    known = [distance for distance in distances if distance.overall is not None]
    return FederationStatistics(
        dimensions=dimensions,
        sites=sites,
        num_cases={split: sum(site.splits[split].count or 0 for site in sites) for split in SPLITS},
        num_sites_withheld={split: sum(site.splits[split].count is None for site in sites) for split in SPLITS},
        distances=distances,
        farthest=max(known, key=lambda distance: distance.overall or 0.0, default=None),
    )


def site_statistics(site: Site, datasets: list[Dataset], task: SegmentationTask) -> SiteStatistics:
    minimum = policy_of(site).minimum_count
    counted = [dataset.statistics for dataset in datasets if dataset.statistics]
    parts = {split: [of_set[split] for of_set in counted if split in of_set] for split in SPLITS}
    counts = {split: sum(part.num_cases for part in parts[split]) for split in SPLITS}
    withheld = [split for split in SPLITS if 0 < counts[split] < minimum]
    stated = [part for split in SPLITS if split not in withheld for part in parts[split]]
    num_cases = sum(part.num_cases for part in stated)
    return SiteStatistics(
        site_slug=site.slug,
        site_name=site.name,
        minimum_count=minimum,
        num_datasets=len(counted),
        splits={split: _count(counts[split], split in withheld, minimum) for split in SPLITS},
        num_cases=num_cases,
        note=_note(withheld, minimum, len(datasets) - len(counted)),
        spacing=_axes([part.spacing for part in stated], num_cases, minimum),
        size=_axes([part.size for part in stated], num_cases, minimum),
        intensity_histogram=_histogram(stated, num_cases),
        structures=[_structure(structure.name, stated, num_cases, minimum) for structure in task.structures],
    )


def _ready_datasets(session: Session, site: Site) -> list[Dataset]:
    query = select(Dataset).where(Dataset.site_id == site.id, Dataset.status == DatasetStatus.READY)
    return list(session.scalars(query.order_by(Dataset.created_at, Dataset.id)))


def _count(count: int, is_withheld: bool, minimum: int) -> StatedCount:
    return StatedCount(count=None, below=minimum) if is_withheld else StatedCount(count=count, below=None)


def _note(withheld: list[Split], minimum: int, num_uncounted: int) -> str | None:
    notes = []
    if withheld:
        notes.append(f"Fewer than {minimum} cases in {' and '.join(withheld)}: they are in none of these numbers.")
    if num_uncounted:
        notes.append(f"{num_uncounted} data set(s) have no statistics yet: check them again.")
    return " ".join(notes) or None


def _may_be_told(count: int, num_cases: int, minimum: int) -> bool:
    """Whether neither the cases that are counted nor the others are too few; none, and all, may be shown."""
    return all(number == 0 or number >= minimum for number in (count, num_cases - count))


def _axes(parts: list[tuple[Moments, ...]], num_cases: int, minimum: int) -> list[Spread] | None:
    known = [part for part in parts if part]
    axes = [_sum(list(axis)) for axis in zip(*known, strict=True)]
    spreads = [_spread(axis) for axis in axes if _may_be_told(axis.count, num_cases, minimum)]
    stated = [spread for spread in spreads if spread is not None]
    return stated if stated and len(stated) == len(axes) else None


def _histogram(parts: list[SplitStatistics], num_cases: int) -> list[float]:
    return [sum(bins) / num_cases for bins in zip(*(part.intensity_histogram for part in parts), strict=True)]


def _structure(name: str, parts: list[SplitStatistics], num_cases: int, minimum: int) -> StructureStatistics:
    moments = [part.structures.get(name, StructureMoments()) for part in parts]
    size, share = _sum([part.size for part in moments]), _sum([part.share for part in moments])
    if not num_cases or not _may_be_told(size.count, num_cases, minimum):
        return StructureStatistics(structure=name, num_present=None, prevalence=None, size=None, share=None)
    return StructureStatistics(
        structure=name,
        num_present=size.count,
        prevalence=size.count / num_cases,
        size=_spread(size),
        share=_spread(share),
    )


def _sum(moments: list[Moments]) -> Moments:
    total = Moments()
    for part in moments:
        total = total.plus(part)
    return total


def _spread(moments: Moments) -> Spread | None:
    """None of no case. A variance that is only the rounding of its sums counts as none."""
    if not moments.count:
        return None
    mean = moments.total / moments.count
    variance = moments.squares / moments.count - mean * mean
    return Spread(mean=mean, std=math.sqrt(variance) if variance > 1e-12 * mean * mean else 0.0)
