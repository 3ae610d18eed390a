"""The backend on both databases, a played worker, and a federation with data."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import redis

from tests.backend.backend_states import BackendStates, saved_state, state_of
from tests.backend.kept_artifacts import keep_artifact
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker, open_broker

DISC = {"modality": "fundus photography", "structures": [{"name": "disc", "label_values": [1]}]}
#: The played sites have two training cases each.
FEDSM = {"name": "fedsm", "selector": {"name": "lda", "minimum_cases": 2}}


DATABASES = ("sqlite", "postgresql")
#: Set to anything, every test runs on every database.
EVERY_DATABASE = "FEDSM_TEST_EVERY_DATABASE"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked `every_database` runs on both; any other on one of them, the same one each time.

    Its name chooses: one in four runs on PostgreSQL, where a test takes nearly twice the time."""
    if "database_url" not in metafunc.fixturenames:
        return
    chosen: tuple[str, ...] = DATABASES
    if metafunc.definition.get_closest_marker("only_sqlite"):
        chosen = DATABASES[:1]
    elif not (os.environ.get(EVERY_DATABASE) or metafunc.definition.get_closest_marker("every_database")):
        chosen = DATABASES[1:] if crc32(metafunc.definition.nodeid.encode()) % 4 == 0 else DATABASES[:1]
    metafunc.parametrize("database_url", chosen, indirect=True)


@pytest.fixture
def broker(valkey_url: str) -> Iterator[redis.Redis]:
    """An empty broker."""
    client = open_broker(valkey_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Empty, or on PostgreSQL one that a saved state makes; on SQLite the default one in the state folder."""
    if request.param == "sqlite":
        return ""
    filled = "saved_answers" in request.fixturenames
    return str(request.getfixturevalue("unmade_postgres_url" if filled else "postgres_url"))


@pytest.fixture(scope="session")
def backend_states(shared_folder: Path, valkey_url: str) -> BackendStates:
    folder = shared_folder / "states"
    folder.mkdir(exist_ok=True)
    return BackendStates(folder, valkey_url)


@pytest.fixture
def saved_answers(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    database_url: str,
    broker: redis.Redis,
    backend_states: BackendStates,
) -> dict[str, Any]:
    """The state from which the backend starts, that of the saved states which the test asks for, and their answers."""
    return backend_states.restore(state_of(request.fixturenames), tmp_path, database_url, broker)


@pytest.fixture
def backend(tmp_path: Path, database_url: str, saved_answers: dict[str, Any], valkey_url: str) -> Iterator[LiveBackend]:
    backend = LiveBackend(tmp_path, database_url, valkey_url, is_migrated=True)
    yield backend
    backend.stop()


@pytest.fixture
def worker(backend: LiveBackend, broker: redis.Redis) -> PlayedWorker:
    played = PlayedWorker(backend.worker, broker)
    played.keep = lambda content, media_type, task_id: keep_artifact(backend.platform, content, media_type, task_id)
    return played


@saved_state
def federation(backend: LiveBackend, worker: PlayedWorker) -> dict[str, Any]:
    """Three simulated sites a, b, c, each with 2 train, 1 val and 1 test cases."""
    made: dict[str, Any] = backend.post("/federations", {"name": "Eyes", "task": DISC})
    for name in ("a", "b", "c"):
        site = backend.post(f"/federations/{made['id']}/sites", {"name": name})
        backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{name}"})
    worker.work_until_idle()
    return made


@saved_state
def completed_run(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> str:
    """The id of a run of FedSM at the sites a, b and c, over two rounds: a global model, and one for each site."""
    run_id = start_run(backend, federation, strategies=[FEDSM])
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    return run_id


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
