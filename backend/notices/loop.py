"""Sends what is due, at the recovery loop's pace and in a thread of its own, so that a slow server holds up nothing."""

import logging
import threading

from backend.notices.sending import send_due
from backend.platform import Platform

logger = logging.getLogger(__name__)


class NoticeLoop:
    """Of one backend process."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopped.wait(self._platform.settings.recovery_seconds):
            try:
                send_due(self._platform)
            except Exception:
                logger.exception("the loop of notices failed; it tries again soon")
