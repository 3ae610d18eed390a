"""A PostgreSQL server for tests, started once for all processes of a run of pytest."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from tests.ports import held_port

#: Each test's backend keeps a few connections, and several processes of pytest share the server.
MAX_CONNECTIONS = 300


def start_once(folder: Path) -> str | None:
    """The address without a database name of the server in `folder`: the first process that asks starts it.

    None where PostgreSQL is not installed."""
    binaries = _binaries()
    if binaries is None:
        return None
    address = folder / "postgres-address"
    with FileLock(folder / "postgres.lock"):
        if not address.exists():
            address.write_text(_start(binaries, folder / "postgres"))
    return address.read_text()


def stop(folder: Path) -> None:
    """Stops the server in `folder`, if there is one."""
    binaries = _binaries()
    data = folder / "postgres" / "data"
    if binaries is not None and (data / "postmaster.pid").exists():
        _run([binaries / "pg_ctl", "stop", "-D", data, "-m", "immediate"], data.parent)


def _start(binaries: Path, home: Path) -> str:
    home.mkdir()
    if _user():
        shutil.chown(home, _user())
    data, port = home / "data", held_port()
    _run([binaries / "initdb", "-D", data, "-U", "fedsm", "-A", "trust", "-E", "UTF8", "--no-sync"], home)
    settings = {"listen_addresses": "127.0.0.1", "fsync": "off", "max_connections": MAX_CONNECTIONS}
    options = f"-p {port} -k {home} " + " ".join(f"-c {name}={value}" for name, value in settings.items())
    _run([binaries / "pg_ctl", "start", "-w", "-D", data, "-l", home / "log", "-o", options], home)
    return f"postgresql://fedsm@127.0.0.1:{port}"


def _user() -> str | None:
    """Who runs it: the server refuses to run as root."""
    return "postgres" if os.getuid() == 0 else None


def _run(command: list[Any], folder: Path) -> None:
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, check=True, user=_user(), cwd=folder, **quiet)


@contextmanager
def database(server: str, name: str, create: bool) -> Iterator[str]:
    """The address of a database that is dropped at the end; without `create`, whoever uses it makes it."""
    import psycopg

    if create:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def _binaries() -> Path | None:
    """The folder of initdb and postgres: on the PATH, or where Debian puts them."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in candidates if (folder / "postgres").exists()), None)
