"""Saved states of a backend, from which each test starts: what is played once is copied for every test."""

import copy
import inspect
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from filelock import FileLock

from backend.db.migrate import migrate
from backend.db.session import create_engine_for
from backend.settings import Settings
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

#: What leads from one state to the next, by the name of its fixture.
Play = Callable[..., Any]
_PLAYS: dict[str, Play] = {}


def saved_state(play: Play) -> Any:
    """A fixture with the name and the answer of `play`, which is played once a database, not once a test.

    `play` takes a backend, a played worker and, if it goes on from another saved state, the answer of that one under
    the name of its fixture. Its answer is JSON.
    """
    name = play.__name__
    assert name not in _PLAYS, f"two saved states are named {name}"
    _PLAYS[name] = play

    @pytest.fixture(name=name)
    def answer_of_play(saved_answers: dict[str, Any]) -> Any:
        return copy.deepcopy(saved_answers[name])

    return answer_of_play


def state_of(fixture_names: list[str]) -> str | None:
    """The state that a test starts from: the one that holds all others that it asks for."""
    chains = [_chain(name) for name in fixture_names if name in _PLAYS]
    longest = max(chains, key=len, default=())
    apart = {name for chain in chains for name in chain} - set(longest)
    assert not apart, f"{longest[-1]} does not go on from {', '.join(sorted(apart))}"
    return longest[-1] if longest else None


def _chain(name: str | None) -> tuple[str, ...]:
    """The states that lead to a state, itself the last."""
    return () if name is None else (*_chain(_base_of(_PLAYS[name])), name)


def _base_of(play: Play) -> str | None:
    names = set(inspect.signature(play).parameters) & set(_PLAYS)
    assert len(names) <= 1, f"{play.__name__} goes on from several states: {names}"
    return next(iter(names), None)


@dataclass(frozen=True)
class SavedState:
    """`database` names a PostgreSQL database; on SQLite the database is a file in `home`."""

    home: str
    database: str
    answers: dict[str, Any]


class BackendStates:
    """Made when first asked for, then kept in a folder that all processes of a run of pytest share."""

    def __init__(self, folder: Path, valkey_url: str) -> None:
        self._folder, self._valkey_url = folder, valkey_url

    def restore(self, name: str | None, home: Path, database_url: str, broker: redis.Redis) -> dict[str, Any]:
        """Fills an empty home and an empty database with a state, None for one without rows.

        Returns the answers of the plays that led to it.
        """
        saved = self._saved(name, database_url, broker)
        shutil.copytree(saved.home, home, dirs_exist_ok=True)
        if database_url:
            server, _, database = database_url.rpartition("/")
            _copy_database(server, saved.database, database)
        return saved.answers

    def _saved(self, name: str | None, database_url: str, broker: redis.Redis) -> SavedState:
        """One process makes a state, and the others wait for it."""
        file = self._folder / f"{name or 'no rows'} on {'postgresql' if database_url else 'sqlite'}.json"
        with FileLock(file.with_suffix(".lock")):
            if not file.exists():
                file.write_text(json.dumps(asdict(self._make(name, database_url, broker))))
        return SavedState(**json.loads(file.read_text()))

    def _make(self, name: str | None, database_url: str, broker: redis.Redis) -> SavedState:
        home = self._folder / uuid4().hex
        home.mkdir()
        url, database = "", f"saved_{uuid4().hex}"
        if database_url:
            server = database_url.rpartition("/")[0]
            url = f"{server}/{database}"
            _execute(server, f"CREATE DATABASE {database}")
        answers: dict[str, Any] = {}
        if name is None:
            migrate(Settings(home=home, database_url=url).effective_database_url)
        else:
            answers = self._play(name, home, url, broker)
        if not database_url:
            _write_back(Settings(home=home).effective_database_url)
        return SavedState(str(home), database, answers)

    def _play(self, name: str, home: Path, database_url: str, broker: redis.Redis) -> dict[str, Any]:
        play = _PLAYS[name]
        base = _base_of(play)
        before = self.restore(base, home, database_url, broker)
        backend = LiveBackend(home, database_url, self._valkey_url)
        try:
            given = {} if base is None else {base: copy.deepcopy(before[base])}
            answer = play(backend=backend, worker=PlayedWorker(backend.worker, broker), **given)
        finally:
            backend.stop()
        return before | {name: answer}


def _write_back(url: str) -> None:
    """What is in the write-ahead log comes into the file, so that the file alone is the database."""
    engine = create_engine_for(url)
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def _copy_database(server: str, source: str, target: str) -> None:
    _execute(server, f"DROP DATABASE IF EXISTS {target}")
    _execute(server, f"CREATE DATABASE {target} TEMPLATE {source}")


def _execute(server: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())
