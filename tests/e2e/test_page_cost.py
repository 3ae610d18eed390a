"""The benchmark of pages counts what a page costs."""

import pytest
from playwright.sync_api import Browser

from benchmarks.browsers import sign_in
from benchmarks.pages import Cost, measure, median_of
from tests.integration.live_platform import LivePlatform

#: A file for each part that two pages share would be 50 more.
MOST_REQUESTS = 25

pytestmark = pytest.mark.e2e


def test_a_first_visit_is_counted_and_timed(browser: Browser, platform: LivePlatform) -> None:
    url = platform.client.server
    cost = measure(browser, url, sign_in(browser, url, platform.admin_token), "/activity")
    assert 5 < cost.requests <= MOST_REQUESTS, "the page, few files, and what it asks the backend"
    assert cost.num_bytes > 100_000, "nothing comes from a cache"
    assert 0 < cost.first_paint <= cost.interactive
    assert cost.first_paint <= cost.ready
    assert cost.held_up >= 0
    assert cost.main > 10


def test_the_median_is_taken_of_each_figure() -> None:
    costs = [Cost(1, 9, 3, 4, 6, 8, 1, 7), Cost(2, 8, 5, 9, 9, 8, 3, 7), Cost(3, 7, 4, 5, 7, 9, 2, 7)]
    assert median_of(costs) == Cost(2, 8, 4, 5, 7, 8, 2, 7)
