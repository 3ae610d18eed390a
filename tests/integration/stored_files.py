"""Counting what lies on a live platform's disks."""

import os
from pathlib import Path

from tests.conftest import wait_until
from tests.integration.live_platform import LivePlatform


def stored(platform: LivePlatform) -> set[str]:
    """Names of all files in the backend's artifact folder."""
    return _names(platform.folder / "artifacts")


def cached(platform: LivePlatform) -> set[str]:
    """Names of all files in the worker's artifact cache."""
    return _names(platform.folder / "worker" / "artifacts")


def kept_local_states(platform: LivePlatform) -> set[str]:
    return _names(platform.folder / "worker" / "local_state")


def delete_everything(platform: LivePlatform) -> None:
    """Experiments, then data sets: then nothing may be left, neither at the backend nor in the worker's caches."""
    for federation in platform.client.federations():
        for experiment in platform.client.experiments(federation.id):
            platform.client.delete_experiment(experiment.id)
        for dataset in platform.client.datasets(federation.id):
            platform.client.delete_dataset(dataset.id)
    wait_until(lambda: not stored(platform), 20, "the backend's files to go")
    wait_until(lambda: not cached(platform) | kept_local_states(platform), 30, "the worker's caches to follow")


def _names(folder: Path) -> set[str]:
    """Folders may go while they are looked through: `os.walk` passes over those."""
    return {name for _, _, files in os.walk(folder) for name in files}
