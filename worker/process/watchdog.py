"""Ends a process that hangs, so that a new one takes its place and the backend learns why.

Three things count as hanging. First, there is no beat until the lease can no longer be renewed in time: C code keeps
the interpreter to itself, or the process is stopped. Second, there is no pulse for `stall_seconds`: threads run and the
work does not move. Third, the backend asked a task to stop and it did not within `STOP_SECONDS`. An idle process
without a beat hangs too, because the next task would be given to it and never begin.
"""

import logging
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass

from backend.contracts.tasks import FailRequest
from worker.process.lease import RENEWAL_SHARE
from worker.process.signs import Sign, read_sign
from worker.stores.api_client import ApiClient, AttemptSuperseded, BackendUnavailable, RequestRefused

logger = logging.getLogger(__name__)

CHECK_SECONDS = 1.0
#: Minimum patience, because a process may have to wait for a while on an overloaded machine.
MIN_PATIENCE_SECONDS = 5.0
#: Patience with a process without a task, where no lease ends.
IDLE_PATIENCE_SECONDS = 20.0
#: Time for a task that is asked to stop; it learns of it between two steps.
STOP_SECONDS = 20.0
#: Time for a process to write into the log where it hangs.
DUMP_SECONDS = 0.5
DUMP_SIGNAL = signal.SIGUSR2
#: How long a report of a failure is tried; without it the backend learns of the failure by the lease.
REPORT_PATIENCE_SECONDS = 5.0


@dataclass
class _Watched:
    """A process's last sign, and the seconds of watching in which it has not changed."""

    sign: Sign
    beatless: float = 0.0
    pulseless: float = 0.0
    stopping: float = 0.0
    ended: bool = False

    def see(self, sign: Sign, seconds: float) -> None:
        before, self.sign = self.sign, sign
        if (before.pid, before.task_id, before.attempt) != (sign.pid, sign.task_id, sign.attempt):
            self.beatless = self.pulseless = self.stopping = 0.0
            self.ended = False
            return
        self.beatless = 0.0 if sign.beats != before.beats else self.beatless + seconds
        self.pulseless = 0.0 if sign.pulses != before.pulses else self.pulseless + seconds
        self.stopping = self.stopping + seconds if sign.stopping else 0.0


class Watchdog:
    """Looks at every process each second, from a thread of the main process."""

    def __init__(self, api: ApiClient, num_processes: int, stall_seconds: float) -> None:
        self._api = api
        self._stall_seconds = stall_seconds
        self._watched = [_Watched(read_sign(index)) for index in range(num_processes)]

    def start(self) -> None:
        """Starts the thread."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @property
    def num_hung(self) -> int:
        """The number of processes that give no sign: half the patience is over, or they could not be ended."""
        return sum(
            bool(watched.sign.pid)
            and (watched.ended or watched.beatless > _patience(watched.sign) / 2 or self._stalls(watched))
            for watched in self._watched
        )

    def look(self, seconds: float = CHECK_SECONDS) -> None:
        """Looks at every process once. seconds: passed since the last look."""
        for index, watched in enumerate(self._watched):
            watched.see(read_sign(index), seconds)
            if watched.sign.pid and not watched.ended:
                self._judge(watched)

    def _watch(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(CHECK_SECONDS)
            try:
                self.look()
            except Exception:
                logger.exception("the watchdog failed; it looks again")

    def _judge(self, watched: _Watched) -> None:
        if watched.stopping >= STOP_SECONDS:
            said = f"it was asked to stop {watched.stopping:.0f} s ago and did not"
            self._end(watched, said, someone_waits=False)
        elif watched.beatless >= _patience(watched.sign):
            self._end(
                watched,
                f"its process gave no sign of life for {watched.beatless:.0f} s and was ended",
                bool(watched.sign.task_id),
            )
        elif self._stalls(watched):
            self._end(watched, f"it made no progress for {watched.pulseless / 60:.0f} min, and its process was ended")

    def _stalls(self, watched: _Watched) -> bool:
        return bool(watched.sign.task_id) and watched.pulseless >= self._stall_seconds

    def _end(self, watched: _Watched, cause: str, someone_waits: bool = True) -> None:
        """Ends a process. someone_waits: whether the backend gets a report of the cause."""
        sign = watched.sign
        watched.ended = True
        if not _is_own_child(sign.pid):
            return
        what = f"task {sign.task_id}" if sign.task_id else "an idle process"
        logger.error("%s hangs (process %d): %s", what, sign.pid, cause)
        _kill(sign.pid)
        if not someone_waits:
            return
        failure = FailRequest(attempt=sign.attempt, kind="process_hung", message=f"it hung: {cause}", retryable=True)
        try:
            self._api.fail(sign.task_id, failure, REPORT_PATIENCE_SECONDS)
        except (AttemptSuperseded, BackendUnavailable, RequestRefused) as error:
            logger.info("task %s: its end was not reported (%s); the lease tells it", sign.task_id, error)


def _patience(sign: Sign) -> float:
    """Seconds without a beat after which the lease, which was not renewed either, ends before it could be."""
    if not sign.task_id:
        return IDLE_PATIENCE_SECONDS
    return max(MIN_PATIENCE_SECONDS, sign.lease_seconds * (1 - RENEWAL_SHARE))


def _kill(pid: int) -> None:
    """Ends a process, which first writes into the log where it hangs."""
    try:
        os.kill(pid, DUMP_SIGNAL)
        time.sleep(DUMP_SECONDS)
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _is_own_child(pid: int) -> bool:
    """Whether the number still belongs to a process of this worker, because it may have ended by itself."""
    if not pid:
        return False
    if sys.platform == "darwin":
        return True
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False
