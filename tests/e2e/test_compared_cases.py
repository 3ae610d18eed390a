"""One case under two methods: the cases by difference, their scatter, views of both, a full screen; and what a site
takes back."""

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from backend.runs.schemas import ScoredCase
from backend.sites.schemas import SiteUpdate
from tests.conftest import wait_until
from tests.e2e.conftest import DEFAULT_WAIT_MS, WINDOW
from tests.e2e.test_cases import mask, open_case, open_ready
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e

LOAD_MS = 90_000


def mean_dice(case: ScoredCase, model: str) -> float:
    return float(np.mean([value for value in case.dice[model].values() if value is not None]))


def ready(page: Page) -> Locator:
    return page.locator("[data-testid=viewer][data-state=ready]")


def test_the_cases_of_two_methods_are_listed_by_difference_and_a_click_opens_both_masks(
    signed_in: Page, platform: LivePlatform, finished: ExperimentRecord
) -> None:
    page = signed_in
    fedsm, fedavg = finished.runs
    own, other = (platform.client.run_cases(run.id).cases for run in (fedsm, fedavg))
    theirs = {case.case_id: mean_dice(case, "global") for case in other}
    difference = {
        case.case_id: mean_dice(case, f"personalized/{case.site_slug}") - theirs[case.case_id] for case in own
    }
    better, worse = (sum(sign * value > 0 for value in difference.values()) for sign in (1, -1))
    page.goto(f"/runs/{fedsm.id}/cases?model=personalized")
    page.get_by_role("combobox", name="Compare the cases with").click()
    page.get_by_role("option", name="FedAvg: global model").click()
    expect(page.get_by_test_id("tally")).to_have_text(
        f"Personalized model is better at {better} and worse at {worse} of {len(own)} cases than FedAvg: global model.",
        timeout=LOAD_MS,
    )
    rows = page.get_by_role("navigation", name="Cases").get_by_role("button")
    expect(rows.first).to_have_attribute("data-case", min(difference, key=lambda case: difference[case]))

    point = page.get_by_test_id("scatter").locator("circle").last  # nothing lies over it
    chosen = point.get_attribute("data-case") or ""
    point.click()
    open_ready(page, next(case for case in own if case.case_id == chosen), 2)
    expect(page.get_by_role("region", name="Both masks, FedAvg: global model")).to_contain_text("Dice:")
    expect(page.locator("[data-case][aria-current=true]")).to_have_attribute("data-case", chosen)
    expect(page).not_to_have_url(re.compile("panes="))  # both masks are what a comparison shows

    box = point.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] - 6, box["y"] - 6)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 6, box["y"] + box["height"] + 6, steps=3)
    page.mouse.up()
    expect(page.get_by_test_id("case-count")).to_contain_text(re.compile(rf"^\d+ of {len(own)} test cases"))
    inside = page.get_by_test_id("scatter").locator("circle[data-out=false]")
    count = inside.count()
    expect(rows).to_have_count(count)
    page.reload()
    expect(rows).to_have_count(count, timeout=LOAD_MS)
    expect(inside).to_have_count(count)
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.get_by_test_id("case-count")).to_contain_text(re.compile(rf"^{len(own)} test cases"))


def test_a_full_screen_keeps_name_model_scores_and_legend_above_a_large_picture(
    signed_in: Page, platform: LivePlatform, finished: ExperimentRecord
) -> None:
    page, run = signed_in, finished.runs[0]
    case = platform.client.run_cases(run.id).cases[0]
    open_case(page, run, case, "model=global", 1)
    bar = page.get_by_test_id("full-screen-bar")
    expect(bar).to_be_hidden()
    page.keyboard.press("f")
    for words in (case.name, "Global model", f"optic disc: Dice {case.dice['global']['optic disc']:.3f}", "optic cup"):
        expect(bar).to_contain_text(words)

    def fills_the_screen() -> bool:
        above, picture = bar.bounding_box(), ready(page).bounding_box()
        return (
            above is not None
            and picture is not None
            and above["y"] + above["height"] <= picture["y"] + 1
            and picture["width"] > 0.95 * WINDOW["width"]
            and picture["height"] > 0.8 * WINDOW["height"]
        )

    # The window grows to the screen after the key.
    wait_until(fills_the_screen, DEFAULT_WAIT_MS / 1000, "a large picture below the bar")
    page.keyboard.press("j")
    expect(bar).not_to_contain_text(case.name)
    page.keyboard.press("f")
    expect(bar).to_be_hidden()


def test_sizes_of_both_masks_and_the_cup_to_disc_ratio_are_measured(
    signed_in: Page, platform: LivePlatform, finished: ExperimentRecord
) -> None:
    page, run = signed_in, finished.runs[0]
    case = platform.client.run_cases(run.id).cases[0]
    assert case.reference_url is not None
    reference = mask(platform, case.reference_url)
    disc, cup = reference & 1 > 0, reference & 2 > 0
    open_case(page, run, case, "model=global", 1)
    row = page.get_by_test_id("sizes").get_by_role("row", name=re.compile("optic disc"))
    expect(row).to_contain_text(f"{int(disc.sum()):,}")
    ratio = cup.any(axis=1).sum() / disc.any(axis=1).sum()
    expect(page.get_by_test_id("cup-to-disc")).to_contain_text(f"{ratio:.2f} in the reference")


def test_what_a_site_takes_back_is_hidden_at_once(
    signed_in: Page, platform: LivePlatform, federation: FederationRecord, finished: ExperimentRecord
) -> None:
    page, run, site = signed_in, finished.runs[0], federation.sites[0]
    before = next(entry for entry in platform.client.federation(federation.id).sites if entry.id == site.id).policy
    case = next(case for case in platform.client.run_cases(run.id).cases if case.site_slug == site.slug)
    open_case(page, run, case, "", 1)
    closed = before.model_copy(update={"may_send_images": False, "may_send_thumbnails": False})
    platform.client.update_site(site.id, SiteUpdate(policy=closed))
    try:
        page.reload()
        expect(page.get_by_text("The site does not let its images leave")).to_be_visible(timeout=LOAD_MS)
        expect(page.get_by_test_id("viewer")).to_have_count(0)
        current = page.locator("[data-case][aria-current=true]")
        expect(current).to_contain_text(case.name)
        expect(current.locator("img")).to_have_count(0)
    finally:
        platform.client.update_site(site.id, SiteUpdate(policy=before))
    page.reload()
    open_ready(page, case, 1)
