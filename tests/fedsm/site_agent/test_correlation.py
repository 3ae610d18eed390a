"""The id of a click: in the agent's own log, and in what it asks of the hub for the worker that does the task."""

import logging
from collections.abc import Iterator

import pytest

from backend.contracts.log_lines import CORRELATION_HEADER, correlation_id
from fedsm.site_agent.hub import API
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_gateway import TASK_ID, Site, describe, give
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site

CLICK = "a1b2c3d4e5f60718"
FAIL = f"{API}/tasks/{TASK_ID}/fail"
FAILURE = b'{"attempt": 1, "message": "no"}'


class Lines(logging.Handler):
    """Lines of the agent, each with the id that a formatter adds to it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append((record.getMessage(), correlation_id()))


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, logger = Lines(), logging.getLogger("fedsm.site_agent")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.setLevel(level)
    logger.removeHandler(handler)


def ids_at_the_hub(hub: PlayedHub) -> list[str | None]:
    return [headers.get(CORRELATION_HEADER.lower()) for _, headers, _ in hub.asked]


def test_what_is_done_for_a_task_carries_the_id_of_its_click(hub: PlayedHub, site: Site, lines: Lines) -> None:
    give(hub, describe())
    hub.headers = {CORRELATION_HEADER: CLICK}
    assert site.claim().status_code == 200
    assert site.ask("POST", FAIL, FAILURE, x_correlation_id=CLICK).status_code == 204
    words = (f"task {TASK_ID} is claimed: describe_dataset", f"task {TASK_ID} failed: no\n")
    assert lines.found == [(line, CLICK) for line in words]
    assert ids_at_the_hub(hub) == [None, CLICK]


def test_a_refusal_carries_it_here_and_at_the_hub(hub: PlayedHub, site: Site, lines: Lines) -> None:
    give(hub, describe("south"))
    hub.headers = {CORRELATION_HEADER: CLICK}
    assert site.claim().status_code == 422
    ((line, found),) = lines.found
    assert "not of north" in line
    assert found == CLICK
    assert ids_at_the_hub(hub) == [None, CLICK], "the task is handed back with it"


def test_no_other_word_of_a_worker_leaves_as_an_id(hub: PlayedHub, site: Site, lines: Lines) -> None:
    give(hub, describe())
    hub.headers = {CORRELATION_HEADER: CLICK}
    site.claim()
    assert site.ask("POST", FAIL, FAILURE, x_correlation_id="anna_berg_1962").status_code == 204
    assert ids_at_the_hub(hub) == [None, None]
    assert lines.found[-1] == (f"task {TASK_ID} failed: no\n", None)
