"""Saved states of a backend, from which each test starts: migrating and registering are done once, then copied."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis
from sqlalchemy import text

from backend.db.migrate import migrate
from backend.db.session import create_engine_for
from backend.settings import Settings
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

DISC = {"modality": "fundus photography", "structures": [{"name": "disc", "label_values": [1]}]}


@dataclass(frozen=True)
class SavedState:
    """`database` names a PostgreSQL database; on SQLite the database is a file in `home`."""

    home: Path
    database: str
    federation: dict[str, Any] = field(default_factory=dict)


class BackendStates:
    """Made when first asked for, then kept for the whole session."""

    def __init__(self, folder: Path, valkey_url: str) -> None:
        self._folder, self._valkey_url = folder, valkey_url
        self._saved: dict[tuple[bool, bool], SavedState] = {}

    def restore(self, home: Path, database_url: str, broker: redis.Redis, with_federation: bool) -> dict[str, Any]:
        """Fills an empty home and an empty database. Returns the federation that is in it, {} without one."""
        key = (bool(database_url), with_federation)
        if key not in self._saved:
            self._saved[key] = self._make(database_url, broker, with_federation)
        saved = self._saved[key]
        shutil.copytree(saved.home, home, dirs_exist_ok=True)
        if database_url:
            server, _, name = database_url.rpartition("/")
            _copy_database(server, saved.database, name)
        return saved.federation

    def _make(self, database_url: str, broker: redis.Redis, with_federation: bool) -> SavedState:
        home = self._folder / uuid4().hex
        home.mkdir()
        url, name = "", f"saved_{uuid4().hex}"
        if database_url:
            server = database_url.rpartition("/")[0]
            url = f"{server}/{name}"
            _execute(server, f"CREATE DATABASE {name}")
        federation: dict[str, Any] = {}
        if with_federation:
            federation = _register_federation(home, url, broker, self._valkey_url)
        else:
            migrate(Settings(home=home, database_url=url).effective_database_url)
        if not database_url:
            _write_back(Settings(home=home).effective_database_url)
        return SavedState(home, name, federation)


def _register_federation(home: Path, database_url: str, broker: redis.Redis, valkey_url: str) -> dict[str, Any]:
    """Three simulated sites a, b, c, each with 2 train, 1 val and 1 test cases."""
    backend = LiveBackend(home, database_url, valkey_url)
    try:
        federation: dict[str, Any] = backend.post("/federations", {"name": "Eyes", "task": DISC})
        for name in ("a", "b", "c"):
            site = backend.post(f"/federations/{federation['id']}/sites", {"name": name})
            backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{name}"})
        PlayedWorker(backend.worker, broker).work_until_idle()
    finally:
        backend.stop()
    return federation


def _write_back(url: str) -> None:
    """What is in the write-ahead log comes into the file, so that the file alone is the database."""
    engine = create_engine_for(url)
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def _copy_database(server: str, source: str, target: str) -> None:
    _execute(server, f"DROP DATABASE {target}")
    _execute(server, f"CREATE DATABASE {target} TEMPLATE {source}")


def _execute(server: str, statement: str) -> None:
    engine = create_engine_for(Settings(database_url=f"{server}/postgres").effective_database_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()
