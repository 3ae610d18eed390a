"""The backend on both databases, a played worker, and a federation with data."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.backend.backend_states import DISC as DISC
from tests.backend.backend_states import BackendStates
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker, open_broker

#: The played sites have two training cases each.
FEDSM = {"name": "fedsm", "selector": {"name": "lda", "minimum_cases": 2}}


@pytest.fixture
def broker(valkey_url: str) -> Iterator[redis.Redis]:
    """An empty broker."""
    client = open_broker(valkey_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database; on SQLite the default one in the state folder."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def backend_states(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> BackendStates:
    return BackendStates(tmp_path_factory.mktemp("states"), valkey_url)


@pytest.fixture
def saved_federation(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    database_url: str,
    broker: redis.Redis,
    backend_states: BackendStates,
) -> dict[str, Any]:
    """The state from which the backend starts: with the federation, if the test asks for it, else with no rows."""
    return backend_states.restore(tmp_path, database_url, broker, "registered_federation" in request.fixturenames)


@pytest.fixture
def backend(
    tmp_path: Path, database_url: str, saved_federation: dict[str, Any], valkey_url: str
) -> Iterator[LiveBackend]:
    backend = LiveBackend(tmp_path, database_url, valkey_url)
    yield backend
    backend.stop()


@pytest.fixture
def worker(backend: LiveBackend, broker: redis.Redis) -> PlayedWorker:
    return PlayedWorker(backend.worker, broker)


@pytest.fixture
def registered_federation(saved_federation: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(saved_federation)


@pytest.fixture
def federation(backend: LiveBackend, registered_federation: dict[str, Any]) -> dict[str, Any]:
    """Three simulated sites a, b, c, each with 2 train, 1 val and 1 test cases."""
    return registered_federation


def make_experiment(backend: LiveBackend, federation: dict[str, Any], **config: Any) -> dict[str, Any]:
    """Created, not started: FedAvg over 2 rounds unless `config` says otherwise."""
    config = {"schedule": {"rounds": 2}, "strategies": [{"name": "fedavg"}]} | config
    experiment: dict[str, Any] = backend.post(
        f"/federations/{federation['id']}/experiments", {"name": "Try", "config": config}
    )
    return experiment


def start_run(backend: LiveBackend, federation: dict[str, Any], **config: Any) -> str:
    """The id of the one run of a started experiment."""
    experiment = make_experiment(backend, federation, **config)
    return str(backend.post(f"/experiments/{experiment['id']}/start")["runs"][0]["id"])
