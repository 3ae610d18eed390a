"""Whether a database can be read at all, asked before anything is built on it."""

import sqlite3
from pathlib import Path

from sqlalchemy.engine import make_url


class DatabaseDamaged(Exception):
    """Its text names the file, what is wrong, and what to do."""


def require_sound(url: str) -> None:
    """Looks through an SQLite file, some 100 MB a second; PostgreSQL looks after itself. Raises DatabaseDamaged."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or not Path(parsed.database).is_file():
        return
    problem = _problem_of(parsed.database)
    if problem is not None:
        raise DatabaseDamaged(
            f"the database {parsed.database} is damaged ({problem}). Put the last backup of the state folder back; or "
            f"save what can be read: sqlite3 {parsed.database} .recover > saved.sql"
        )


def _problem_of(path: str) -> str | None:
    try:
        connection = sqlite3.connect(path, timeout=15)
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError:  # locked, or not to be opened: the start says so itself
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if answer == "ok" else " ".join(str(answer).split())[:300]
