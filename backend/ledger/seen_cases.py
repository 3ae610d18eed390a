"""What a run's models have seen: the images that the run, and every run that it began with, trained or validated on."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.registry import Reference
from backend.db.models import Experiment, Run, RunDataset
from backend.registry.lookup import find_version


@dataclass(frozen=True)
class Seen:
    """images: SHA-256 of image files. lost: runs and versions in the lineage that were removed, so that nobody knows
    what they saw."""

    images: frozenset[str]
    lost: tuple[str, ...]


def seen_by(session: Session, run: Run) -> Seen:
    """Of a run and all of its lineage. What a model that came in as a file has seen stands nowhere."""
    lineage, lost = _lineage(session, run)
    rows = session.scalars(select(RunDataset).where(RunDataset.run_id.in_(lineage)))
    images = frozenset(
        case.image_sha256
        for row in rows
        if not _is_held_out(lineage[row.run_id], row.site_slug)
        for case in row.manifest.cases
        if case.split != "test"
    )
    return Seen(images, tuple(lost))


def _is_held_out(run: Run, slug: str) -> bool:
    return run.spec is not None and slug in run.spec.held_out_sites


def _lineage(session: Session, run: Run) -> tuple[dict[str, Run], list[str]]:
    """The run and those before it, by id; and the names of those that are gone."""
    found: dict[str, Run] = {}
    lost: list[str] = []
    open_ = [run]
    while open_:
        one = open_.pop()
        if one.id in found:
            continue
        found[one.id] = one
        for name, before in _begun_with(session, one):
            if before is None:
                lost.append(name)
            else:
                open_.append(before)
    return found, lost


def _begun_with(session: Session, run: Run) -> list[tuple[str, Run | None]]:
    """What each run before is called, and the run; None where it was removed."""
    if run.spec is None:
        return []
    before: list[tuple[str, Run | None]] = []
    if (start := run.spec.start) is not None:
        before.append((start.in_words(), session.get(Run, start.run_id)))
    if (added := run.spec.added) is not None:
        before.append((added.version, session.get(Run, added.run_id)))
        if added.model is not None:
            before.append((added.model, _run_of(session, run, added.model)))
    return before


def _run_of(session: Session, run: Run, version: str) -> Run | None:
    reference = Reference.of(version)
    federation_id = session.get_one(Experiment, run.experiment_id).federation_id
    row = find_version(session, federation_id, reference) if reference is not None else None
    return session.get(Run, row.run_id) if row is not None else None
