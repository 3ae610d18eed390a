"""What a page still waits for."""

import time

from playwright.sync_api import Page, Request

from tests.e2e.conftest import DEFAULT_WAIT_MS
from tests.e2e.pixels import next_frame


class Answers:
    """What a page has asked for and not got yet. The stream of events, which never ends, is not waited for."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._open: set[Request] = set()
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def _began(self, request: Request) -> None:
        if not request.url.split("?")[0].endswith("/stream"):
            self._open.add(request)

    def _ended(self, request: Request) -> None:
        self._open.discard(request)

    def all_drawn(self) -> None:
        """Waits until nothing is asked for and what came is drawn, which may ask for more."""
        deadline = time.monotonic() + DEFAULT_WAIT_MS / 1000
        while True:
            next_frame(self._page)
            if not self._open:
                next_frame(self._page)
                if not self._open:
                    return
            assert time.monotonic() < deadline, f"no answer: {sorted(request.url for request in self._open)}"
            self._page.wait_for_timeout(20)
