"""What stays at a site between rounds, such as Adam's moments of the segmentation models.

There is one file for each round, `<run>/<participant>/<round>.safetensors`. The last three are kept: a repeated round r
reads what round r - 1 left, so that a crash changes no bit, and r is done again where the state after it is found
damaged while r + 1 trains. The last one whose update was used is kept too, because a site whose update was refused or
came too late goes on from there. All worker processes of one machine share the folder.

A run that was tested may be given more rounds later, so its files stay for some days, marked by a file `ended`.
"""

import contextlib
import re
import shutil
import time
from pathlib import Path

from worker.stores.artifact_cache import write_atomically

KEPT_ROUNDS = 3
_ENDED = "ended"
_SUFFIX = ".safetensors"
_SAFE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")


class LocalStateStore:
    """Bytes by run, participant and round."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file_before(
        self, run_id: str, participant: str, round_number: int, used_round: int | None = None
    ) -> Path | None:
        """The file that the last round before `round_number` in which this participant trained has left; None where
        there is nothing.

        used_round: the last one whose update was used, 0 where none was; None where that is not known.
        """
        folder = self._participant_folder(run_id, participant)
        last = round_number - 1 if used_round is None else min(round_number - 1, used_round)
        earlier = [number for number in _rounds_in(folder) if number <= last]
        return _file(folder, max(earlier)) if earlier else None

    def save(
        self, run_id: str, participant: str, round_number: int, content: bytes, used_round: int | None = None
    ) -> None:
        """Keeps the last three rounds, and the last one up to `used_round`, because no repetition asks for another
        one."""
        folder = self._participant_folder(run_id, participant)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / _ENDED).unlink(missing_ok=True)
        write_atomically(_file(folder, round_number), content)
        rounds = _rounds_in(folder)
        used = [number for number in rounds if used_round is not None and number <= used_round]
        for number in {*rounds[:-KEPT_ROUNDS]} - {*used[-1:]}:
            _file(folder, number).unlink(missing_ok=True)

    def end(self, run_id: str, participant: str) -> None:
        """Marks the files of a run that was tested; they stay until `sweep` finds that its end is too long ago."""
        folder = self._participant_folder(run_id, participant)
        if folder.is_dir():
            (folder / _ENDED).touch(mode=0o600)

    def sweep(self, days: float) -> int:
        """Removes what ended more days ago than this; returns the number of participants whose files were removed.

        Where several processes sweep at once, one of them removes.
        """
        limit = time.time() - days * 24 * 3600
        num_removed = 0
        for mark in self.folder.glob(f"*/*/{_ENDED}"):
            with contextlib.suppress(OSError):  # removed by another process, or trained on just now
                if mark.stat().st_mtime > limit:
                    continue
                shutil.rmtree(mark.parent)
                num_removed += 1
                mark.parent.parent.rmdir()  # refused while other participants are still there
        return num_removed

    def runs(self) -> list[str]:
        """The runs of which something is kept here."""
        return sorted(path.name for path in self.folder.glob("*") if path.is_dir())

    def drop_run(self, run_id: str) -> None:
        """Removes the files of a run that was deleted."""
        if _SAFE_NAME.match(run_id):
            shutil.rmtree(self.folder / run_id, ignore_errors=True)

    def _participant_folder(self, run_id: str, participant: str) -> Path:
        for name in (run_id, participant):
            if not _SAFE_NAME.match(name):
                raise ValueError(f"{name!r} cannot name a folder: only letters, digits, - and _ may be in it")
        return self.folder / run_id / participant


def _rounds_in(folder: Path) -> list[int]:
    """The rounds that have a file, ascending."""
    return sorted(int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())


def _file(folder: Path, round_number: int) -> Path:
    return folder / f"{round_number}{_SUFFIX}"
