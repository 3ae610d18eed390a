"""The data of runs as they were started on them, and which test cases their numbers should be of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from backend.contracts.datasets import DatasetManifest
from backend.db.models import RunDataset


@dataclass(frozen=True)
class StartedOn:
    """A data set as a run was started on it."""

    run_id: str
    site_slug: str
    dataset_id: str
    fingerprint: str
    manifest: DatasetManifest


def data_of_runs(session: Session, run_ids: Iterable[str]) -> list[StartedOn]:
    """By run, each one's in the order of sites. Manifests are large and mostly the same: each is read once."""
    columns = (RunDataset.run_id, RunDataset.site_slug, RunDataset.dataset_id, RunDataset.fingerprint)
    query = select(*columns).where(RunDataset.run_id.in_(list(run_ids)))
    rows = session.execute(query.order_by(RunDataset.run_id, RunDataset.position)).all()
    of_data = {(row.dataset_id, row.fingerprint): (row.run_id, row.dataset_id) for row in rows}
    manifests = _manifests(session, of_data)
    return [StartedOn(*row, manifest=manifests[row.dataset_id, row.fingerprint]) for row in rows]


def expected_cases(session: Session, run_ids: Iterable[str]) -> dict[str, dict[str, frozenset[str]]]:
    """Run id to site to the ids of its test cases."""
    cases: dict[tuple[str, str], frozenset[str]] = {}
    found: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for data in data_of_runs(session, run_ids):
        key = data.dataset_id, data.fingerprint
        if key not in cases:
            cases[key] = frozenset(case.case_id for case in data.manifest.cases if case.split == "test")
        of_run = found[data.run_id]
        of_run[data.site_slug] = of_run.get(data.site_slug, frozenset()) | cases[key]
    return dict(found)


def _manifests(
    session: Session, keys: Mapping[tuple[str, str], tuple[str, str]]
) -> dict[tuple[str, str], DatasetManifest]:
    wanted = tuple_(RunDataset.run_id, RunDataset.dataset_id).in_(list(keys.values()))
    rows = session.execute(select(RunDataset.dataset_id, RunDataset.fingerprint, RunDataset.manifest).where(wanted))
    return {(row.dataset_id, row.fingerprint): row.manifest for row in rows}
