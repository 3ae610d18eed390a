"""The ways that lead on: from the first page to what came out, from a run to its models and back, along a long page."""

import pytest
from playwright.sync_api import Page, expect

from backend.experiments.schemas import ExperimentRecord
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e

LOAD_MS = 90_000


def test_the_first_page_says_what_came_out_and_leads_on(
    signed_in: Page, platform: LivePlatform, finished: ExperimentRecord
) -> None:
    """Of whichever experiment ended last."""
    assert finished.status == "completed"
    page = signed_in
    with page.expect_response("**/api/v1/latest-result") as answer:
        page.goto("/")
    latest = answer.value.json()
    card = page.get_by_role("region", name="What came out last")
    expect(card.get_by_test_id("verdict")).to_contain_text(latest["verdict"]["headline"])
    expect(card.get_by_role("link", name=latest["experiment_name"])).to_be_visible()
    card.get_by_role("link", name="See the results").click()
    expect(page.get_by_test_id("results-table")).to_be_visible(timeout=LOAD_MS)
    page.go_back()
    card.get_by_role("link", name="Look at the worst case").click()
    expect(page.locator("[data-testid=viewer][data-state=ready]")).to_be_visible(timeout=LOAD_MS)
    expect(page.get_by_role("navigation", name="Cases").get_by_role("button").first).to_have_attribute(
        "aria-current", "true"
    )
    page.go_back()
    card.get_by_role("link", name="New experiment").click()
    expect(page.get_by_role("heading", name="What is asked, and where")).to_be_visible()


def test_a_run_leads_to_its_models_and_they_lead_back_and_a_long_page_has_jump_marks(
    signed_in: Page, finished: ExperimentRecord
) -> None:
    page, run = signed_in, finished.runs[0]
    page.goto(f"/experiments/{finished.id}?run={run.id}")
    page.get_by_role("link", name="Open the model").click()
    expect(page.get_by_role("heading", name="Models of FedSM")).to_be_visible()
    marks = page.get_by_role("navigation", name="On this page")
    marks.get_by_role("button", name="Where it comes from").click()
    heading = page.get_by_role("heading", name="Where it comes from")
    expect(heading).to_be_in_viewport()
    expect(heading).to_be_focused()
    page.get_by_test_id("model-origin").get_by_role("link", name=finished.name).click()
    expect(page.get_by_role("heading", name=finished.name)).to_be_visible()
