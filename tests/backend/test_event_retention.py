"""How long events stay, and exports of any length."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from backend.clock import now
from backend.db.models import Event
from backend.db.session import read_only, unit_of_work
from backend.events import retention
from backend.events import service as events
from tests.backend.live_backend import LiveBackend


def _write(backend: LiveBackend, rows: list[tuple[str, str, float]]) -> None:
    values = [
        {
            "at": now() - timedelta(days=days),
            "kind": kind,
            "level": level,
            "actor": "w",
            "message": f"{kind} {level} {days}",
        }
        for kind, level, days in rows
    ]
    with unit_of_work(backend.platform.database) as session:
        session.execute(insert(Event), values)


def test_lines_of_work_go_first_and_what_people_did_stays(
    backend: LiveBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    rows = [
        (kind, "info", days) for kind in ("log", "task", "metrics", "user", "experiment") for days in (1, 400, 4000)
    ]
    rows += [("log", "warning", 400), ("task", "error", 400), ("log", "error", 4000)]
    _write(backend, rows)
    assert retention.forget_old_events(backend.platform.database, backend.settings) == 9
    with read_only(backend.platform.database) as session:
        left = sorted(session.scalars(select(Event.message).where(Event.actor == "w")))
    assert left == sorted(
        [f"{kind} info 1" for kind in ("log", "task", "metrics", "user", "experiment")]
        + ["user info 400", "experiment info 400", "log warning 400", "task error 400"]
    )
    assert retention.forget_old_events(backend.platform.database, backend.settings) == 0


def test_an_export_is_the_same_in_one_page_and_in_many(backend: LiveBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(backend, [("log", "info", days / 100) for days in range(500, 0, -1)])
    whole = {path: backend.admin.get(f"/api/v1/{path}").text for path in ("events.csv", "events.txt")}
    assert whole["events.csv"].count("\n") == 501
    assert whole["events.txt"].count("\n") == 500
    monkeypatch.setattr(events, "PAGE", 7)
    for path, text in whole.items():
        answer = backend.admin.get(f"/api/v1/{path}")
        assert answer.text == text
        assert "content-length" not in answer.headers, "it is sent as it is made"
