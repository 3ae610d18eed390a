"""Many writers at once, on the database that takes one at a time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from backend.db.session import unit_of_work
from tests.backend.conftest import DISC
from tests.backend.live_backend import LiveBackend

pytestmark = pytest.mark.only_sqlite

#: More than the backend has threads for requests.
WRITERS = 50


def test_more_writers_than_threads_are_all_answered(backend: LiveBackend) -> None:
    """Who holds the lock needs a thread to go on, and all threads may have those who wait for the lock."""

    def make(number: int) -> int:
        return backend.admin.post("/api/v1/federations", json={"name": f"Eyes {number}", "task": DISC}).status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        with unit_of_work(backend.platform.database) as session:
            session.execute(text("SELECT 1"))
            answers = [pool.submit(make, number) for number in range(WRITERS)]
            time.sleep(0.5)
            assert not any(answer.done() for answer in answers)
            assert backend.get("/federations") == [], "who only reads does not wait for them"
        assert [answer.result() for answer in answers] == [201] * WRITERS


def test_a_writer_that_failed_lets_the_next_one_write(backend: LiveBackend) -> None:
    for _ in range(3):
        with pytest.raises(OperationalError), unit_of_work(backend.platform.database) as session:
            session.execute(text("SELECT nothing"))
    assert backend.admin.post("/api/v1/federations", json={"name": "Eyes", "task": DISC}).status_code == 201


def test_requests_one_after_the_other_share_a_connection(backend: LiveBackend) -> None:
    """Each connection has caches of its own, which ten would fill with the same."""
    engine = backend.platform.database.engine
    barrier = threading.Barrier(3)

    def read() -> object:
        with engine.connect() as connection:
            barrier.wait(60)
            return connection.connection.dbapi_connection

    with ThreadPoolExecutor(3) as pool:
        together = {future.result() for future in [pool.submit(read) for _ in range(3)]}
    assert len(together) == 3
    in_turn = set()
    for _ in range(5):
        with engine.connect() as connection:
            in_turn.add(connection.connection.dbapi_connection)
    assert len(in_turn) == 1
