"""What each run, experiment and data set holds on the disk."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.kinds import Kind
from backend.artifacts.owners import OWNERS
from backend.db.models import Artifact, Dataset, Experiment, Prediction, Run, RunRound, Site
from backend.disks import disk_record, platform_disks
from backend.settings import Settings
from backend.storage.schemas import BytesByKind, DatasetStorage, ExperimentStorage, RunStorage, StorageRecord
from backend.storage.scrub import last_scrub

#: Kind to hashes.
_Held = dict[Kind, set[str]]


class _Holdings:
    """Hashes by holder and kind, and their sizes. run_ids: of these runs only."""

    def __init__(self, session: Session, run_ids: Iterable[str] | None = None) -> None:
        self.of_runs: defaultdict[str, _Held] = defaultdict(lambda: defaultdict(set))
        self.of_datasets: defaultdict[str, _Held] = defaultdict(lambda: defaultdict(set))
        wanted = None if run_ids is None else list(run_ids)
        predictions = select(Prediction.id, Prediction.run_id)
        run_of_prediction: dict[str, str] = dict(session.execute(predictions).all())
        for owner in OWNERS:
            query = owner.rows(owner.subject_id)
            if wanted is not None and owner.subject == "run":
                query = query.where(owner.subject_id.in_(wanted))
            if wanted is not None and owner.subject == "dataset":
                continue
            for value, subject_id in session.execute(query):
                if owner.subject == "dataset":
                    held = self.of_datasets[subject_id]
                else:
                    run_id = run_of_prediction.get(subject_id, "") if owner.subject == "prediction" else subject_id
                    held = self.of_runs[run_id]
                held[owner.kind].update(owner.hashes_in(value))
        self.sizes: dict[str, int] = dict(session.execute(select(Artifact.sha256, Artifact.num_bytes)).all())

    def record(self, held: Iterable[_Held]) -> BytesByKind:
        """Of several holders together: each file once."""
        union: defaultdict[Kind, set[str]] = defaultdict(set)
        for one in held:
            for kind, hashes in one.items():
                union[kind] |= hashes & self.sizes.keys()
        everything = set().union(*union.values())
        return BytesByKind(
            num_files=len(everything),
            num_bytes=self._bytes(everything),
            by_kind={kind: self._bytes(hashes) for kind, hashes in union.items() if hashes},
        )

    def _bytes(self, hashes: Iterable[str]) -> int:
        return sum(self.sizes[sha256] for sha256 in hashes)


def storage_record(session: Session, settings: Settings) -> StorageRecord:
    found = _Holdings(session)
    held = [*found.of_runs.values(), *found.of_datasets.values()]
    everything = found.record(held)
    experiments = [_experiment(session, found, row) for row in session.scalars(select(Experiment))]
    names = select(Dataset.id, Dataset.name, Site.name).join(Site, Site.id == Dataset.site_id)
    datasets = [
        DatasetStorage(dataset_id=row_id, dataset_name=name, site_name=site, **_numbers(found, [of]))
        for row_id, name, site in session.execute(names)
        if (of := found.of_datasets.get(row_id))
    ]
    damaged = select(Artifact.sha256).where(Artifact.problem.is_not(None)).order_by(Artifact.sha256)
    return StorageRecord(
        num_files=len(found.sizes),
        num_bytes=sum(found.sizes.values()),
        by_kind=everything.by_kind,
        unowned_bytes=sum(found.sizes.values()) - everything.num_bytes,
        damaged=list(session.scalars(damaged)),
        disks=[disk_record(disk) for disk in platform_disks(settings)],
        experiments=sorted(experiments, key=lambda entry: -entry.num_bytes),
        datasets=sorted(datasets, key=lambda entry: -entry.num_bytes),
        swept_at=last_scrub(settings),
    )


def experiment_storage(session: Session, experiment: Experiment) -> ExperimentStorage:
    ids = session.scalars(select(Run.id).where(Run.experiment_id == experiment.id)).all()
    return _experiment(session, _Holdings(session, ids), experiment)


def run_storage(session: Session, run: Run) -> RunStorage:
    return _run(session, _Holdings(session, [run.id]), run)


def _experiment(session: Session, found: _Holdings, experiment: Experiment) -> ExperimentStorage:
    runs = session.scalars(select(Run).where(Run.experiment_id == experiment.id).order_by(Run.position)).all()
    return ExperimentStorage(
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        federation_id=experiment.federation_id,
        retention=experiment.config.retention,
        runs=[_run(session, found, run) for run in runs],
        **_numbers(found, [found.of_runs[run.id] for run in runs]),
    )


def _run(session: Session, found: _Holdings, run: Run) -> RunStorage:
    rows = select(RunRound.round, RunRound.removed_at).where(RunRound.run_id == run.id, RunRound.parts.is_not(None))
    rounds = session.execute(rows.order_by(RunRound.round)).all()
    return RunStorage(
        run_id=run.id,
        strategy_label=run.strategy_label,
        seed=run.seed,
        kept_rounds=[row.round for row in rounds if row.removed_at is None],
        removed_rounds=[row.round for row in rounds if row.removed_at is not None],
        **_numbers(found, [found.of_runs[run.id]]),
    )


def _numbers(found: _Holdings, held: list[_Held]) -> dict[str, object]:
    return found.record(held).model_dump()
