"""A folder that needs a person: repairs are chosen and looked at, and two pictures of one eye are decided."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backend.federations.schemas import FederationRecord
from backend.sites.schemas import SiteCreate
from tests.e2e.odd_folder import DISC_TASK, NUM_EYES, NUM_GREY, NUM_SMALL, write_odd_folder
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e

CHECK_MS = 240_000
NUM_CASES = NUM_EYES + 1


@pytest.fixture(scope="module")
def odd_federation(platform: LivePlatform) -> FederationRecord:
    made = platform.client.create_federation("Odd masks", "", DISC_TASK)
    platform.client.create_site(made.id, SiteCreate(name="Elder clinic", slug="elder-clinic"))
    return platform.client.federation(made.id)


def test_repairs_are_chosen_looked_at_and_taken_into_use_and_a_pair_is_decided(
    signed_in: Page, platform: LivePlatform, odd_federation: FederationRecord, tmp_path: Path
) -> None:
    page = signed_in
    folder = write_odd_folder(tmp_path / "odd")
    page.goto(f"/federations/{odd_federation.id}/datasets/new")
    page.get_by_label("Name", exact=False).first.fill("Odd")
    page.get_by_label("Folder").first.fill(str(folder))
    for repair in ("Resize masks to their images", "Cut grey and JPEG masks at half"):
        expect(page.get_by_role("checkbox", name=repair)).not_to_be_checked()
    page.get_by_role("button", name="Register and check").click()

    # Without repairs the five odd cases are skipped, and what would mend them is named.
    remedies = page.get_by_test_id("remedies")
    expect(remedies).to_contain_text(f"mask cut at half ({NUM_GREY}), mask resized ({NUM_SMALL})", timeout=CHECK_MS)
    (dataset,) = platform.client.datasets(odd_federation.id)
    assert dataset.num_used == NUM_CASES - NUM_SMALL - NUM_GREY
    remedies.get_by_role("button", name="Check again with these…").click()
    dialog = page.get_by_role("dialog")
    for repair in ("Resize masks to their images", "Cut grey and JPEG masks at half"):
        expect(dialog.get_by_role("checkbox", name=repair)).to_be_checked()
    expect(dialog.get_by_role("checkbox", name="Turn masks as their images")).not_to_be_checked()
    dialog.get_by_role("button", name="Check again", exact=True).click()

    review = page.get_by_test_id("review")
    expect(review).to_contain_text(f"{NUM_SMALL + NUM_GREY} repaired cases to look at", timeout=CHECK_MS)
    expect(remedies).to_be_hidden()
    assert platform.client.dataset(dataset.id).status == "review"
    review.get_by_role("button", name="Use the data set").click()
    expect(review).to_be_hidden()
    used = platform.client.dataset(dataset.id)
    assert (used.status, used.num_used) == ("ready", NUM_CASES)
    assert used.num_repaired == {"resize_masks": NUM_SMALL, "cut_at_half": NUM_GREY}

    page.get_by_role("tab", name="Same patient? (1)").click()
    pair = page.get_by_test_id("alike")
    expect(pair).to_contain_text("possibly the same patient")
    expect(pair).to_contain_text(re.compile(r"\d+ of 256 bits differ"))
    pair.get_by_role("button", name="eye-23 and eye-23-again: same patient").click()
    expect(pair).to_contain_text("decided")
    expect(page.get_by_role("tab", name="Same patient?", exact=True)).to_be_visible()
    splits = {case.name: case.split for case in platform.client.dataset_cases(dataset.id)}
    assert splits["eye-23"] == splits["eye-23-again"]
    page.reload()
    expect(page.get_by_test_id("alike").get_by_role("button", name=re.compile(": same patient"))).to_be_disabled()
