"""What each run, experiment and data set holds on the disk."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend.artifacts.kinds import Kind
from backend.artifacts.owners import OWNERS
from backend.db.models import Artifact, Dataset, Experiment, Prediction, Run, RunRound, Site
from backend.db.session import read_only
from backend.disks import disk_record, platform_disks
from backend.looks import Look
from backend.paging import Page
from backend.platform import Platform
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
        self.of_reports: defaultdict[str, _Held] = defaultdict(lambda: defaultdict(set))
        wanted = None if run_ids is None else list(run_ids)
        predictions = select(Prediction.id, Prediction.run_id)
        run_of_prediction: dict[str, str] = dict(session.execute(predictions).all())
        for owner in OWNERS:
            query = owner.rows(owner.subject_id)
            if wanted is not None and owner.subject == "run":
                query = query.where(owner.subject_id.in_(wanted))
            if wanted is not None and owner.subject == "prediction":
                query = query.where(owner.subject_id.in_(select(Prediction.id).where(Prediction.run_id.in_(wanted))))
            if wanted is not None and owner.subject in ("dataset", "report"):
                continue
            for value, subject_id in session.execute(query):
                if owner.subject == "dataset":
                    held = self.of_datasets[subject_id]
                elif owner.subject == "report":
                    held = self.of_reports[subject_id]
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


@dataclass(frozen=True)
class Holders:
    """What everybody holds on the disk. experiments and datasets: the largest first."""

    by_kind: dict[Kind, int]
    owned_bytes: int
    stored_bytes: int
    experiments: list[ExperimentStorage]
    datasets: list[DatasetStorage]


def holders(session: Session) -> Holders:
    """Reads every row that names a file: seconds, once there are years of runs."""
    found = _Holdings(session)
    held = [*found.of_runs.values(), *found.of_datasets.values(), *found.of_reports.values()]
    everything = found.record(held)
    rows = list(session.scalars(select(Experiment)))
    runs = _runs(session, select(Run.id))
    experiments = [_experiment(found, row, runs[row.id]) for row in rows]
    names = select(Dataset.id, Dataset.name, Site.name).join(Site, Site.id == Dataset.site_id)
    datasets = [
        DatasetStorage(dataset_id=row_id, dataset_name=name, site_name=site, **_numbers(found, [of]))
        for row_id, name, site in session.execute(names)
        if (of := found.of_datasets.get(row_id))
    ]
    return Holders(
        by_kind=everything.by_kind,
        owned_bytes=everything.num_bytes,
        stored_bytes=sum(found.sizes.values()),
        experiments=sorted(experiments, key=lambda entry: (-entry.num_bytes, entry.experiment_id)),
        datasets=sorted(datasets, key=lambda entry: -entry.num_bytes),
    )


def latest_look(platform: Platform) -> Look[Holders]:
    """At who holds what: a new one, or the last where looks take long."""

    def take() -> Holders:
        with read_only(platform.database) as session:
            return holders(session)

    look: Look[Holders] = platform.looks.latest(take)
    return look


def storage_record(session: Session, settings: Settings, look: Look[Holders], page: Page) -> StorageRecord:
    """look: at who holds what; the rest is read now. Raises InvalidInput where the page begins after no experiment."""
    found = look.found
    there = set(session.scalars(select(Experiment.id)))
    experiments = [entry for entry in found.experiments if entry.experiment_id in there]
    shown = page.of(experiments, lambda entry: entry.experiment_id)
    has_more = bool(shown) and shown[-1] is not experiments[-1]
    damaged = select(Artifact.sha256).where(Artifact.problem.is_not(None)).order_by(Artifact.sha256)
    num_files, num_bytes = session.execute(select(func.count(), func.coalesce(func.sum(Artifact.num_bytes), 0))).one()
    return StorageRecord(
        num_files=num_files,
        num_bytes=int(num_bytes),
        by_kind=found.by_kind,
        unowned_bytes=found.stored_bytes - found.owned_bytes,
        damaged=list(session.scalars(damaged)),
        disks=[disk_record(disk) for disk in platform_disks(settings)],
        experiments=list(shown),
        next_after=shown[-1].experiment_id if has_more else None,
        datasets=found.datasets,
        swept_at=last_scrub(settings),
        looked_at=look.at,
    )


def experiment_storage(session: Session, experiment: Experiment) -> ExperimentStorage:
    runs = _runs(session, select(Run.id).where(Run.experiment_id == experiment.id))[experiment.id]
    return _experiment(_Holdings(session, [run.run_id for run in runs]), experiment, runs)


def run_storage(session: Session, run: Run) -> RunStorage:
    (own,) = _runs(session, select(Run.id).where(Run.id == run.id))[run.experiment_id]
    return _run(_Holdings(session, [run.id]), own)


@dataclass(frozen=True)
class _RunOnDisk:
    run_id: str
    strategy_label: str
    seed: int
    #: Round to whether its models were removed, of the rounds that have any.
    removed: dict[int, bool]


def _runs(session: Session, run_ids: Select[str]) -> dict[str, list[_RunOnDisk]]:
    """By experiment, in its order. Two queries, whatever the number."""
    of_rounds: dict[str, dict[int, bool]] = defaultdict(dict)
    rounds = select(RunRound.run_id, RunRound.round, RunRound.removed_at.is_not(None)).where(
        RunRound.run_id.in_(run_ids), RunRound.parts.is_not(None)
    )
    for run_id, number, is_removed in session.execute(rounds.order_by(RunRound.run_id, RunRound.round)):
        of_rounds[run_id][number] = bool(is_removed)
    found: dict[str, list[_RunOnDisk]] = defaultdict(list)
    columns = select(Run.experiment_id, Run.id, Run.strategy_label, Run.seed).where(Run.id.in_(run_ids))
    for experiment_id, run_id, label, seed in session.execute(columns.order_by(Run.experiment_id, Run.position)):
        found[experiment_id].append(_RunOnDisk(run_id, label, seed, of_rounds[run_id]))
    return found


def _experiment(found: _Holdings, experiment: Experiment, runs: list[_RunOnDisk]) -> ExperimentStorage:
    return ExperimentStorage(
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        federation_id=experiment.federation_id,
        retention=experiment.config.retention,
        runs=[_run(found, run) for run in runs],
        **_numbers(found, [found.of_runs[run.run_id] for run in runs]),
    )


def _run(found: _Holdings, run: _RunOnDisk) -> RunStorage:
    return RunStorage(
        run_id=run.run_id,
        strategy_label=run.strategy_label,
        seed=run.seed,
        kept_rounds=[number for number, is_removed in run.removed.items() if not is_removed],
        removed_rounds=[number for number, is_removed in run.removed.items() if is_removed],
        **_numbers(found, [found.of_runs[run.run_id]]),
    )


def _numbers(found: _Holdings, held: list[_Held]) -> dict[str, object]:
    return found.record(held).model_dump()
