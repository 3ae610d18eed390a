"""The hub's record: what was changed, removed or moved is named; the oldest go by age; hospitals confirm heads."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from backend.clock import now
from backend.contracts.canonical import canonical
from backend.db.models import AuditRecord, Event
from backend.db.session import unit_of_work
from backend.events import retention
from backend.events import service as events
from fedsm.cli.app import app
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend

pytestmark = pytest.mark.every_database

NUM_RECORDS = 6


@pytest.fixture
def hub(backend: LiveBackend) -> LiveBackend:
    """With six records, and lines of work in between, which are in no chain."""
    for index in range(NUM_RECORDS):
        with unit_of_work(backend.platform.database) as session:
            events.record(session, "user", f"did {index}", "ada")
            events.record(session, "log", f"line {index}", "worker")
    return backend


def verified(hub: LiveBackend) -> dict[str, Any]:
    found: dict[str, Any] = hub.get("/audit/verification")
    return found


def record(session: Session, index: int) -> AuditRecord:
    """Of the event `did {index}`."""
    event_id = session.scalars(select(Event.id).where(Event.message == f"did {index}")).one()
    return session.scalars(select(AuditRecord).where(AuditRecord.event_id == event_id)).one()


def test_an_untouched_record_is_intact_and_its_export_proves_itself(hub: LiveBackend) -> None:
    found = verified(hub)
    assert (found["intact"], found["problems"]) == (True, [])
    lines = [json.loads(line) for line in hub.admin.get("/api/v1/audit/records.jsonl").text.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, found["last"] + 1))
    assert all(line["kind"] != "log" for line in lines)
    before = "0" * 64
    for line in lines:
        digest = line.pop("hash")
        assert line["previous"] == before
        assert digest == hashlib.sha256(canonical(line)).hexdigest()
        before = digest
    assert found["head"] == before
    messages = {event["message"] for event in hub.get("/events", kind="user")}
    assert {line["message"] for line in lines if line["kind"] == "user"} == messages, "the activity is the same record"


def change_text(session: Session) -> int:
    session.execute(update(Event).where(Event.message == "did 3").values(actor="somebody else"))
    event_id = session.scalars(select(Event.id).where(Event.message == "did 3")).one()
    return session.scalars(select(AuditRecord.number).where(AuditRecord.event_id == event_id)).one()


def remove_event(session: Session) -> int:
    number = record(session, 3).number
    session.execute(delete(Event).where(Event.message == "did 3"))
    return number


def remove_both(session: Session) -> int:
    found = record(session, 3)
    session.delete(found)
    session.execute(delete(Event).where(Event.message == "did 3"))
    return found.number


def swap_two(session: Session) -> int:
    one, two = record(session, 2), record(session, 3)
    numbers, values = (one.number, two.number), [(row.event_id, row.previous, row.hash) for row in (two, one)]
    session.execute(delete(AuditRecord).where(AuditRecord.number.in_(numbers)))
    session.expunge_all()
    for number, (event_id, previous, digest) in zip(numbers, values, strict=True):
        session.add(AuditRecord(number=number, event_id=event_id, previous=previous, hash=digest))
        session.flush()
    return numbers[0]


@pytest.mark.parametrize(
    ("touch", "words"),
    [
        (change_text, "was changed after it was written"),
        (remove_event, "was removed from the activity"),
        (remove_both, "it was removed"),
        (swap_two, "does not follow the one before"),
    ],
    ids=["changed", "event removed", "removed", "reordered"],
)
def test_what_was_touched_is_named(hub: LiveBackend, touch: Callable[[Session], int], words: str) -> None:
    with unit_of_work(hub.platform.database) as session:
        number = touch(session)
    found = verified(hub)
    assert not found["intact"]
    assert (found["problems"][0]["number"], words in found["problems"][0]["problem"]) == (number, True), found


def test_the_command_names_a_touched_record_and_its_exit_code_is_1(hub: LiveBackend) -> None:
    command = ["audit", "verify", "--server", hub.url, "--token", ADMIN_TOKEN]
    whole = CliRunner().invoke(app, command)
    assert (whole.exit_code, "none changed, removed or moved" in whole.output) == (0, True), whole.output
    with unit_of_work(hub.platform.database) as session:
        number = change_text(session)
    touched = CliRunner().invoke(app, command)
    assert touched.exit_code == 1
    assert f"record {number}: " in touched.output
    assert "was changed after it was written" in touched.output
    assert CliRunner().invoke(app, [*command, "--json"]).exit_code == 1


def test_records_go_by_age_from_the_beginning(hub: LiveBackend) -> None:
    with unit_of_work(hub.platform.database) as session:
        old = now() - timedelta(days=hub.settings.audit_days + 1)
        last_old = record(session, 2).number
        rows = session.scalars(select(AuditRecord).where(AuditRecord.number <= last_old)).all()
        session.execute(update(Event).where(Event.id.in_([row.event_id for row in rows])).values(at=old))
    retention.forget_old_events(hub.platform.database, hub.settings)
    found = verified(hub)
    assert found["first"] == last_old + 1
    assert (found["intact"], found["problems"]) == (True, [])


def test_an_administrator_alone_sees_the_whole_record(hub: LiveBackend) -> None:
    assert hub.worker.get("/api/v1/audit/verification").status_code == 401
