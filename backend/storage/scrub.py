"""Looks at every stored file: what is damaged or lost is named before somebody needs it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import select, update

from backend.db.models import Artifact
from backend.db.session import read_only, unit_of_work
from backend.events import service as events
from backend.platform import Platform
from backend.settings import Settings
from backend.storage.schemas import ScrubRecord

#: Its time of change says when the whole store was last looked through.
MARK = "last-scrub"


def scrub(platform: Platform) -> ScrubRecord:
    """Hashes every file again. An event names what is newly damaged or lost, and what is whole again."""
    with read_only(platform.database) as session:
        known = dict(session.execute(select(Artifact.sha256, Artifact.problem)).all())
    found = {sha256: platform.artifacts.problem(sha256, again=True) for sha256 in sorted(known)}
    changed = {sha256: problem for sha256, problem in found.items() if problem != known[sha256]}
    if changed:
        _note(platform, changed)
    (platform.settings.home / MARK).touch()
    return ScrubRecord(
        num_checked=len(found),
        damaged=[sha256 for sha256, problem in found.items() if problem == "damaged"],
        lost=[sha256 for sha256, problem in found.items() if problem == "lost"],
    )


def last_scrub(settings: Settings) -> datetime | None:
    try:
        return datetime.fromtimestamp((settings.home / MARK).stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _note(platform: Platform, changed: Mapping[str, str | None]) -> None:
    with unit_of_work(platform.database) as session:
        for sha256, problem in changed.items():
            row = session.get(Artifact, sha256, with_for_update=True)
            if row is None:  # swept meanwhile
                continue
            session.execute(update(Artifact).where(Artifact.sha256 == sha256).values(problem=problem))
            if problem is None:
                events.record(session, "storage", f"The file of artifact {sha256} is whole again.", events.BACKEND)
                continue
            message = (
                f"The file of artifact {sha256} is {problem}: it is not served. Restore it from a backup; a run that "
                "needs it goes on from its last whole round when it is resumed."
            )
            events.record(session, "storage", message, events.BACKEND, level="error")
