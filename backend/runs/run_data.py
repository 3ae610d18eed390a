"""The data of runs as they were started on them, and which test cases their numbers should be of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from backend.contracts.datasets import DatasetManifest
from backend.db.models import Experiment, Run, RunDataset
from backend.db.models.experiment import MODEL_TEST


@dataclass(frozen=True)
class StartedOn:
    """A data set as a run was started on it."""

    run_id: str
    site_slug: str
    dataset_id: str
    fingerprint: str
    manifest: DatasetManifest
    #: What has the same key has the same manifest.
    key: "ManifestKey"


#: Data set, fingerprint, and the run where it is a test of a model: that may take other cases of the same files.
ManifestKey = tuple[str, str, str | None]


def data_of_runs(session: Session, run_ids: Iterable[str]) -> list[StartedOn]:
    """By run, each one's in the order of sites. Manifests are large and mostly the same: each is read once."""
    columns = (RunDataset.run_id, RunDataset.site_slug, RunDataset.dataset_id, RunDataset.fingerprint, Experiment.kind)
    joined = (
        select(*columns).join(Run, Run.id == RunDataset.run_id).join(Experiment, Experiment.id == Run.experiment_id)
    )
    query = joined.where(RunDataset.run_id.in_(list(run_ids)))
    rows = session.execute(query.order_by(RunDataset.run_id, RunDataset.position)).all()
    keys: list[ManifestKey] = [
        (row.dataset_id, row.fingerprint, row.run_id if row.kind == MODEL_TEST else None) for row in rows
    ]
    manifests = _manifests(session, {key: row.run_id for key, row in zip(keys, rows, strict=True)})
    return [
        StartedOn(row.run_id, row.site_slug, row.dataset_id, row.fingerprint, manifests[key], key)
        for key, row in zip(keys, rows, strict=True)
    ]


def expected_cases(session: Session, run_ids: Iterable[str]) -> dict[str, dict[str, frozenset[str]]]:
    """Run id to site to the ids of its test cases."""
    cases: dict[ManifestKey, frozenset[str]] = {}
    found: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for data in data_of_runs(session, run_ids):
        if data.key not in cases:
            cases[data.key] = frozenset(case.case_id for case in data.manifest.cases if case.split == "test")
        of_run = found[data.run_id]
        of_run[data.site_slug] = of_run.get(data.site_slug, frozenset()) | cases[data.key]
    return dict(found)


def _manifests(session: Session, runs: Mapping[ManifestKey, str]) -> dict[ManifestKey, DatasetManifest]:
    """runs: of each manifest one run that has it."""
    columns = RunDataset.run_id, RunDataset.dataset_id, RunDataset.fingerprint, RunDataset.manifest
    wanted = tuple_(RunDataset.run_id, RunDataset.dataset_id, RunDataset.fingerprint)
    places = {
        (run_id, dataset_id, fingerprint): (dataset_id, fingerprint, test)
        for (dataset_id, fingerprint, test), run_id in runs.items()
    }
    rows = session.execute(select(*columns).where(wanted.in_(list(places))))
    return {places[row.run_id, row.dataset_id, row.fingerprint]: row.manifest for row in rows}
