"""The load tool hears every event, and tells when one did not come."""

import asyncio
import threading
from array import array

from benchmarks.load.live import growth
from benchmarks.load.template import TASK
from benchmarks.load.viewers import Followed, Viewer, compared, follow
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def test_what_a_viewer_was_not_told_is_counted() -> None:
    whole, holed = Viewer(10, array("q", [11, 12, 14])), Viewer(10, array("q", [11, 14, 12, 12]))
    assert compared([whole, holed], [11, 12, 14]) == Followed(3, 7, 0, 2, 0)
    assert compared([whole, holed], [11, 12, 13, 14]).num_lost == 2


def test_three_viewers_are_told_all_that_happens_meanwhile(backend: LiveBackend, worker: PlayedWorker) -> None:
    def play() -> None:
        made = backend.post("/federations", {"name": "Eyes", "task": TASK})
        for name in "ab":
            site = backend.post(f"/federations/{made['id']}/sites", {"name": name})
            backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{name}"})
        worker.work_until_idle()

    start = max((event["id"] for event in backend.get("/events")), default=0)
    playing = threading.Thread(target=play)
    playing.start()
    found = asyncio.run(follow(backend.url, 3, start, lambda: not playing.is_alive()))
    assert found.num_events >= 5
    assert (found.num_lost, found.num_twice_or_late, found.num_reconnects) == (0, 0, 0)
    assert found.num_told == 3 * found.num_events


def test_growth_leaves_the_first_minutes_out() -> None:
    assert growth([50, 90, 100, 100, 100, 100, 101, 103]) == 2.0
    assert growth([50.0, 90.0]) == 0.0
