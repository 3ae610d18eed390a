"""What a backend process does again and again next to answering, each in a thread of its own."""

import logging
import threading
from abc import ABC, abstractmethod

from backend.platform import Platform

logger = logging.getLogger(__name__)


class BackgroundLoop(ABC):
    """Looks at the recovery loop's pace, first after one pause. A look that fails is logged, and the next one comes."""

    name: str

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=10)

    @abstractmethod
    def look(self) -> None:
        """One look."""

    def _run(self) -> None:
        while not self._stopped.wait(self._platform.settings.recovery_seconds):
            try:
                self.look()
            except Exception:
                logger.exception("the %s loop failed; it tries again soon", self.name)
