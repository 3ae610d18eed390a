"""From an empty federation to data in a real browser: skipped cases, a site in its drawer, its policy, the archive."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from backend.federations.schemas import FederationRecord
from backend.sites.schemas import SiteCreate
from fedsm.synthetic_fundus import FUNDUS_TASK
from tests.integration.hospitals import Hospital, hospital_environment
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e

NUM_CASES = 8
CHECK_MS = 240_000


def write_folder(folder: Path, num_cases: int = NUM_CASES) -> Path:
    """Cases 0 and 1 have empty masks, case 2 has none, and a name begins as a formula; the others can be used."""
    generator = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for index in range(num_cases):
        name = "=eye_0.png" if index == 0 else f"eye_{index}.png"
        image = generator.integers(40, 200, (48, 48, 3), dtype=np.uint8)
        mask = np.zeros((48, 48), dtype=np.uint8)
        if index > 1:
            mask[10:30, 10:30], mask[15:22, 15:22] = 1, 2
        Image.fromarray(image).save(folder / "images" / name)
        if index != 2:
            Image.fromarray(mask).save(folder / "masks" / name)
    return folder


def test_a_federation_from_nothing_to_its_skipped_cases(signed_in: Page, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clinic")
    page = signed_in
    page.get_by_role("link", name="New federation").first.click()
    page.get_by_role("textbox", name="Name").fill("Eyes from nothing")
    page.get_by_role("textbox", name="Structure").fill("optic disc")
    page.get_by_role("textbox", name="Mask values").fill("1, 2")
    page.get_by_role("button", name="Create federation").click()
    expect(page.get_by_text("2D, 3 channels")).to_be_visible()
    page.get_by_role("button", name="Add site").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Hazel clinic")
    page.get_by_role("dialog").get_by_role("button", name="Add site").click()
    page.get_by_role("link", name="Register data").click()
    page.get_by_role("textbox", name="Name").fill("Screening")
    page.get_by_role("combobox", name="Folder").fill("clinic")
    page.get_by_role("button", name="Register and check").click()
    expect(page.get_by_text("give the absolute path")).to_be_visible()
    page.get_by_role("combobox", name="Folder").fill(str(folder))
    page.get_by_role("button", name="Register and check").click()
    sentence = page.get_by_test_id("check-sentence")
    expect(sentence).to_contain_text(f"5 of {NUM_CASES} cases used, 3 skipped because", timeout=CHECK_MS)
    page.get_by_role("group", name="Skipped cases by reason").get_by_text("they have no mask").click()
    rows = page.get_by_test_id("skipped").get_by_role("row")
    expect(rows).to_have_count(1 + 1)
    expect(rows.nth(1)).to_contain_text("eye_2")
    page.get_by_text("the mask is empty (2)", exact=True).click()
    expect(rows).to_have_count(1 + 2)
    page.reload()
    expect(rows).to_have_count(1 + 2)
    with page.expect_download() as download:
        page.get_by_role("link", name="Skipped cases as CSV").click()
    with Path(download.value.path()).open(newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    assert names == ["'=eye_0", "eye_1"]
    page.get_by_role("tab", name="Used cases (5)").click()
    page.get_by_role("button", name=re.compile("eye_3")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="Case eye_3 with its reference outlined")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("img", name="Case eye_4 with its reference outlined")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Distributions").click()
    expect(page.get_by_role("img", name="Cases by size of optic disc")).to_be_visible()
    page.get_by_role("button", name="Show as table: Cases by size of optic disc").focus()
    page.keyboard.press("Enter")
    table = page.get_by_role("table", name="Cases by size of optic disc")
    expect(table.get_by_role("columnheader")).to_have_text(["Area (px)", "Cases"])
    counts = table.get_by_role("row").locator("td").all_inner_texts()
    assert sum(int(count) for count in counts) == 5
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV", exact=True).click()
    assert download.value.suggested_filename == "cases-by-size-of-optic-disc.csv"
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_test_id("checks")).to_contain_text("First version")


@pytest.fixture
def small(request: pytest.FixtureRequest, platform: LivePlatform, tmp_path: Path) -> FederationRecord:
    """Two sites with data, for one test."""
    folders = {name: write_folder(tmp_path / name) for name in ("hazel", "linden")}
    return platform.add_federation(f"Two sites of {request.node.name}", FUNDUS_TASK, folders)


def test_a_site_is_opened_by_keyboard_and_its_policy_is_enforced(
    signed_in: Page, platform: LivePlatform, small: FederationRecord
) -> None:
    page = signed_in
    page.goto(f"/federations/{small.id}?picture=true")
    picture = page.get_by_role("region", name=re.compile("The coordinator and its 2 sites"))
    node = picture.get_by_role("button", name=re.compile("hazel.*Online.*5 cases"))
    node.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("heading", name="Policy")).to_be_visible()
    expect(page).to_have_url(re.compile("site=hazel"))
    page.reload()
    drawer.get_by_role("switch", name="Every method may train here").click()
    drawer.get_by_role("combobox", name="Methods that may").click()
    page.get_by_role("option", name="FedSM").click()
    page.keyboard.press("Escape")
    drawer.get_by_role("switch", name="Thumbnails may leave").click()
    drawer.get_by_role("button", name="Save policy").click()
    expect(page.get_by_text("The policy of hazel is saved.")).to_be_visible()
    site = next(site for site in platform.client.federation(small.id).sites if site.slug == "hazel")
    assert site.policy.allowed_strategies == ("fedsm",)
    assert (site.policy.may_send_thumbnails, site.policy.may_send_images) == (False, True)
    (dataset, _) = platform.client.datasets(small.id)
    page.goto(f"/datasets/{dataset.id}")
    expect(page.get_by_text("The policy of hazel lets no thumbnail leave")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("reference outlined"))).to_have_count(0)
    body = {"config": {"schedule": {"rounds": 1}, "strategies": [{"name": "fedavg"}]}}
    (problem, *_) = platform.client.post_json(f"/federations/{small.id}/experiments/check", body)["problems"]
    assert problem["message"] == "may not run at hazel: the policy there does not allow it"


def test_sites_and_federations_are_edited_archived_and_restored(signed_in: Page, small: FederationRecord) -> None:
    page = signed_in
    page.goto(f"/federations/{small.id}?site=linden")
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("button", name="Edit name, description, contact").click()
    drawer.get_by_role("textbox", name="Name").fill("Linden hospital")
    drawer.get_by_role("textbox", name="Contact").fill("desk@linden.test")
    drawer.get_by_role("button", name="Save", exact=True).click()
    expect(drawer.get_by_text("desk@linden.test", exact=True)).to_be_visible()
    drawer.get_by_role("button", name="Archive site").click()
    page.get_by_role("dialog", name="Archive Linden hospital?").get_by_role("button", name="Archive site").click()
    expect(page.get_by_text("left out of new experiments")).to_be_visible()
    page.keyboard.press("Escape")
    table = page.get_by_test_id("sites")
    expect(table.get_by_role("row")).to_have_count(1 + 1)
    page.get_by_role("switch", name="Archived").click()
    table.get_by_role("button", name="Linden hospital").click()
    drawer.get_by_role("button", name="Restore site").click()
    expect(page.get_by_text("Linden hospital takes part again.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Actions of {small.name}").click()
    page.get_by_role("menuitem", name="Archive").click()
    page.get_by_role("button", name="Archive federation").click()
    expect(page.get_by_text("This federation is archived")).to_be_visible()
    page.get_by_role("link", name="Federations", exact=True).click()
    expect(page.get_by_role("link", name=small.name)).to_have_count(0)
    page.get_by_role("switch", name=re.compile("^Archived")).click()
    page.get_by_role("button", name=f"Actions of {small.name}").click()
    page.get_by_role("menuitem", name="Restore").click()
    expect(page.get_by_text(f"{small.name} is back in the list.")).to_be_visible()


def test_an_empty_federation_is_deleted_after_asking(signed_in: Page, platform: LivePlatform) -> None:
    empty = platform.client.create_federation("Soon gone", "", FUNDUS_TASK)
    platform.client.create_site(empty.id, SiteCreate(name="Nobody's"))
    page = signed_in
    page.goto(f"/federations/{empty.id}")
    page.get_by_role("button", name="Actions of Soon gone").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete federation").click()
    page.get_by_role("heading", name="Federations", exact=True).wait_for()
    expect(page.get_by_role("link", name="Soon gone")).to_have_count(0)
    assert all(federation.id != empty.id for federation in platform.client.federations())


def test_a_hospital_is_invited_accepted_and_revoked(signed_in: Page, platform: LivePlatform, tmp_path: Path) -> None:
    """The kit is saved by the browser; the hospital joins with it from its own machine, as its command does."""
    page = signed_in
    federation = platform.client.create_federation("Hospitals", "", FUNDUS_TASK)
    page.goto(f"/federations/{federation.id}")
    page.get_by_role("button", name="Add site").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Rowan hospital")
    page.get_by_role("radio", name="Real").check()
    page.get_by_role("dialog").get_by_role("button", name="Add site").click()
    page.get_by_role("button", name="Rowan hospital").first.click()
    joining = page.get_by_test_id("joining")
    with page.expect_download() as download:
        joining.get_by_role("button", name="Make the kit").click()
    kit = tmp_path / download.value.suggested_filename
    download.value.save_as(kit)
    assert kit.name == "rowan-hospital.fedsm-kit.json"
    expect(joining.get_by_test_id("kit")).to_contain_text("fedsm site join rowan-hospital.fedsm-kit.json")
    said = Hospital(tmp_path / "rowan", hospital_environment(None, tmp_path)).fedsm("join", str(kit))
    words = joining.get_by_test_id("phrase")
    expect(words).to_be_visible()
    assert words.inner_text() in said
    joining.get_by_role("button", name="Accept site").click()
    page.get_by_role("button", name="They are the same: accept").click()
    expect(joining).to_contain_text("accepted by admin")
    joining.get_by_role("button", name="Revoke the credential").click()
    asked = page.get_by_role("dialog", name="Revoke the credential?")
    asked.get_by_role("button", name="Revoke the credential", exact=True).click()
    expect(joining).to_contain_text("The credential has ended: revoked by admin")
    expect(joining.get_by_role("button", name="Make a new kit")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("sites")).to_contain_text("Its credential has ended.")
