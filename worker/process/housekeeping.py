"""Removes what a worker's disk need not hold any more: artifacts that the backend removed, and states of deleted
runs."""

import contextlib
import logging
import time
from pathlib import Path

from backend.contracts.worker_state import KeptAtWorker
from worker.stores.api_client import ApiClient
from worker.stores.artifact_cache import ArtifactCache
from worker.stores.local_state import LocalStateStore

logger = logging.getLogger(__name__)

#: Hashes in one question to the backend.
BATCH = 5_000
#: Seconds after which a file that a killed process left half written is removed.
LEFTOVER_SECONDS = 3600.0


class Housekeeping:
    """Asked with every heartbeat; it acts only where the backend has removed something since the last time."""

    def __init__(self, api: ApiClient, cache: ArtifactCache, states: LocalStateStore) -> None:
        self._api = api
        self._cache = cache
        self._states = states
        self._last_removal: str | None = None

    def follow(self, removal: str) -> None:
        """Removes what the backend removed. removal: the number of the last removal, as the heartbeat's answer has
        it."""
        if removal == self._last_removal:
            return
        num_artifacts = self._drop_artifacts()
        num_runs = self._drop_runs()
        _remove_leftovers(self._states.folder)
        self._last_removal = removal
        if num_artifacts or num_runs:
            logger.info("dropped %d cached artifact(s) and the states of %d run(s)", num_artifacts, num_runs)

    def _drop_artifacts(self) -> int:
        kept = self._cache.addresses()
        gone = [
            sha256
            for start in range(0, len(kept), BATCH)
            for sha256 in self._api.what_is_gone(KeptAtWorker(artifacts=tuple(kept[start : start + BATCH]))).artifacts
        ]
        for sha256 in gone:
            self._cache.drop(sha256)
        return len(gone)

    def _drop_runs(self) -> int:
        gone = self._api.what_is_gone(KeptAtWorker(runs=tuple(self._states.runs()[:BATCH]))).runs
        for run_id in gone:
            self._states.drop_run(run_id)
        return len(gone)


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob("**/.incoming-*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > LEFTOVER_SECONDS:
                path.unlink()
