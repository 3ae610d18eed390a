"""The benchmark of pages counts what a page costs."""

import pytest
from playwright.sync_api import Browser

from benchmarks.pages import Cost, measure, median_of, sign_in
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e


def test_a_first_visit_is_counted_and_timed(browser: Browser, platform: LivePlatform) -> None:
    url = platform.client.server
    cost = measure(browser, url, sign_in(browser, url, platform.admin_token), "/activity")
    assert cost.requests > 5, "the page, its scripts and what it asks the backend"
    assert cost.num_bytes > 100_000, "nothing comes from a cache"
    assert 0 < cost.first_paint <= cost.ready


def test_the_median_is_taken_of_each_figure() -> None:
    assert median_of([Cost(1, 9, 3, 4), Cost(2, 8, 5, 9), Cost(3, 7, 4, 5)]) == Cost(2, 8, 4, 5)
