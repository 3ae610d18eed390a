"""A poll that waits looks into the database when something may concern a site, and not at each commit of anybody."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.db.session import unit_of_work
from backend.events import service
from backend.worker_api import polling, site_news
from tests.backend.link.played_site import PlayedSite
from tests.backend.live_backend import LiveBackend


def test_a_waiting_poll_hears_of_tasks_and_not_of_what_runs_say(
    backend: LiveBackend, sites: dict[str, PlayedSite], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def counted(look: Callable[..., Any]) -> Callable[..., Any]:
        def counts(*arguments: Any) -> Any:
            nonlocal looks
            looks += 1
            return look(*arguments)

        return counts

    monkeypatch.setattr(polling, "_answer", counted(polling._answer))
    monkeypatch.setattr(site_news, "look", counted(site_news.look))
    monkeypatch.setattr(polling, "_until_next_look", lambda: 3600.0)
    north = sites["north"]
    federation = backend.get("/federations")[0]["id"]
    datasets = backend.get(f"/federations/{federation}/datasets")
    [dataset] = [one for one in datasets if one["site_id"] == north.site["id"]]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(north.poll, wait_seconds=50)
        deadline = time.monotonic() + 60
        while looks == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        before = looks
        for number in range(8):
            with unit_of_work(backend.platform.database) as session:
                service.record(session, "log", f"step {number}", "worker")
            time.sleep(0.08)
        # The bell of the poll's own begin may be heard late. Eight messages would be eight looks.
        assert looks <= before + 1
        assert not waiting.done()
        backend.post(f"/datasets/{dataset['id']}/check")
        assert len(waiting.result(timeout=60).json()["tasks"]) == 1


def test_hospitals_that_wait_share_their_looks(
    backend: LiveBackend, sites: dict[str, PlayedSite], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two wait while there is nothing: the answer of each is made at its beginning and its end alone, and in between
    looks that they share (`tests/backend/test_shared_look.py`) say that there is nothing."""
    answers, answer_of = list[object](), polling._answer

    def counted(*arguments: Any) -> Any:
        answers.append(arguments)
        return answer_of(*arguments)

    monkeypatch.setattr(polling, "_answer", counted)
    monkeypatch.setattr(polling, "LOOK_SECONDS", 0.2)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(sites[name].poll, wait_seconds=3) for name in ("north", "south")]
        for each in waiting:
            assert each.result(timeout=60).json()["tasks"] == []
    assert len(answers) == 4
