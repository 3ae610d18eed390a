"""Says when a disk of the backend is nearly full, full, and when there is room again."""

import logging
from typing import Literal

from sqlalchemy import select

from backend.contracts.status import RunStatus
from backend.db.models import Run
from backend.db.session import unit_of_work
from backend.disks import Disk, disk_record, platform_disks
from backend.events import service as events
from backend.platform import Platform
from backend.runs.words import describe_run

logger = logging.getLogger(__name__)

Level = Literal["room", "low", "full"]
WAITING = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.EVALUATING)


class DiskWatch:
    """One event for each change, tried again until the database could take it."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._told: dict[str, Level] = {}

    def look(self) -> None:
        for disk in platform_disks(self._platform.settings):
            level = _level(disk)
            before = self._told.get(str(disk.folder), "room")
            if level != before:
                self._tell(disk, level, before)
                self._told[str(disk.folder)] = level

    def _tell(self, disk: Disk, level: Level, before: Level) -> None:
        with unit_of_work(self._platform.database) as session:
            gravity: events.Level = "info"
            if level == "room":
                words = f"There is room again on the disk of the backend ({disk.in_words()})."
            else:
                words = disk_record(disk).warning or ""
                gravity = "error" if level == "full" else "warning"
            events.record(session, "storage", words, events.BACKEND, level=gravity)
            if "full" not in (level, before):
                return
            verb = "waits" if level == "full" else "goes on"
            for run in session.scalars(select(Run).where(Run.status.in_(WAITING))):
                message = f"{describe_run(run)} {verb}: {words[0].lower()}{words[1:]}"
                events.record_of_run(session, run, "storage", message, events.BACKEND, level=gravity)


def _level(disk: Disk) -> Level:
    if disk.is_full:
        return "full"
    return "low" if disk.is_low else "room"
