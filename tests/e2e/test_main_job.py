"""The main job in a real browser: sign in, create an experiment, watch it, look at a case."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from backend.federations.schemas import FederationRecord
from tests.e2e.pixels import Pixels, content_box, likeness, settled, share_of_colour
from tests.e2e.test_cases import rounds_known
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e

RUN_MS = 240_000
#: The first structure's colour in frontend/src/lib/palette.ts.
DISC_COLOUR = (34, 211, 238)
#: The same, mixed with white as the viewer does for the reference.
REFERENCE_COLOUR = (189, 242, 250)


def test_sign_in_refuses_a_wrong_token_and_takes_the_right_one(page: Page, platform: LivePlatform) -> None:
    page.goto("/")
    page.get_by_role("textbox", name="Token").fill("not the token")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("token is not valid")).to_be_visible()
    page.get_by_role("textbox", name="Token").fill(platform.admin_token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Federations", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Federations", exact=True)).to_be_visible()


def test_token_leaves_the_address(signed_in: Page) -> None:
    expect(signed_in).not_to_have_url(re.compile("token"))


def test_main_job(signed_in: Page, federation: FederationRecord, platform: LivePlatform) -> None:
    page = signed_in
    page.get_by_role("link", name=re.compile(federation.name)).click()
    expect(page.get_by_role("row", name=re.compile("aster-clinic"))).to_contain_text("Online")
    page.get_by_role("tab", name="Experiments").click()
    page.get_by_role("link", name="New experiment").first.click()
    fill_experiment(page)
    page.get_by_role("button", name="Create and start").click()

    expect(page.get_by_role("heading", name="Two methods, one click")).to_be_visible()
    runs = page.get_by_test_id("runs-table")  # the first tab of an experiment that runs
    expect(runs.get_by_role("row", name=re.compile("FedSM"))).to_contain_text("of 3")
    page.get_by_role("tab", name=re.compile("FedSM")).click()
    expect(page.get_by_test_id("run-round")).to_contain_text("of 3")
    done = page.get_by_label(re.compile(r"^aster-clinic, round 1: done"))
    expect(done).to_be_visible(timeout=RUN_MS)  # without a reload: the event stream brought it
    page.get_by_role("link", name="Look at the cases").wait_for(timeout=RUN_MS)
    expect(page.get_by_role("tab", name=re.compile("FedAvg.*Completed"))).to_be_visible(timeout=RUN_MS)

    page.get_by_role("tab", name="Results").click()
    expect(page.get_by_test_id("verdict")).to_contain_text(re.compile("The super model of FedSM .*FedAvg"))
    table = page.get_by_test_id("results-table")
    expect(table.get_by_role("row", name=re.compile("Super model"))).to_have_text(re.compile(r"0\.\d{3}"))
    expect(table.get_by_role("row", name=re.compile("FedAvg"))).to_be_visible()
    compare_methods(page)
    look_at_one_run(page)

    read_settings(page)
    page.get_by_role("tab", name=re.compile("FedSM")).click()
    page.get_by_role("link", name="Look at the cases").click()
    look_at_cases(page, federation, platform)


def fill_experiment(page: Page) -> None:
    """FedSM and FedAvg, three short rounds; on the way, a lambda that the server refuses with a remedy."""
    page.get_by_label("Name", exact=False).first.fill("Two methods, one click")
    open_step(page, "Methods")
    for name in ("Local-only", "Centralized"):
        page.get_by_label(name).uncheck()
    lambda_ = page.get_by_role("textbox", name="Lambda", exact=True)
    lambda_.fill("0.2")
    expect(page.get_by_text(re.compile("set lambda above 0.25")).first).to_be_visible()
    expect(step_of(page, "Methods")).to_contain_text("1 problem")
    open_step(page, "Review")
    expect(page.get_by_role("button", name="Create and start")).to_be_disabled()
    open_step(page, "Methods")
    lambda_.fill("0.8")
    expect(page.get_by_text("\u03c1 = 0.733")).to_be_visible()
    open_step(page, "Data")
    page.get_by_label("Image size", exact=True).fill("64")
    open_step(page, "Network and schedule")
    page.get_by_label("Rounds", exact=True).fill("3")
    page.get_by_label("Batch size", exact=True).fill("4")
    page.get_by_label("Learning rate", exact=True).fill("0.005")
    page.get_by_label("Channels", exact=True).fill("8, 16, 32")
    open_step(page, "Review")
    expect(page.get_by_text("2 runs on 4 sites with data")).to_be_visible()
    expect(page.get_by_text("schedule.rounds")).to_be_visible()


def step_of(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^\d?\s*{name}"))


def open_step(page: Page, name: str) -> None:
    step_of(page, name).first.click()


def compare_methods(page: Page) -> None:
    """Another metric, a baseline and a file of what is on screen; a reload keeps it all."""
    page.get_by_role("combobox", name="Metric").click()
    page.get_by_role("option", name=re.compile("^HD95")).click()
    expect(page.get_by_role("heading", name="HD95 in px \u2193 on the test cases")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^FedAvg, global model is the baseline"))).to_be_visible()
    page.reload()
    row = page.get_by_test_id("results-table").get_by_role("row", name=re.compile("Super model"))
    expect(row).to_contain_text(re.compile(r"\[[+\u2212]\d+\.\d{2}, [+\u2212]\d+\.\d{2}\]"))
    notes = page.get_by_test_id("results-notes")
    expect(notes).to_contain_text("against FedAvg, global model")
    expect(notes).to_contain_text(re.compile(r"Wilcoxon signed-rank test.*n = \d+"))
    page.get_by_role("button", name="Download").click()
    latex = page.locator("a[role=menuitem]", has_text="LaTeX").get_attribute("href")
    answer = page.request.get(latex or "")
    assert answer.ok
    assert "Test HD95 in px" in answer.text()
    assert "FedAvg (global)" in answer.text()
    page.keyboard.press("Escape")


def read_settings(page: Page) -> None:
    """All of them with their defaults, and those alone that differ."""
    page.get_by_role("tab", name="Settings").click()
    settings = page.get_by_test_id("settings")
    expect(settings.get_by_role("row", name=re.compile(r"Rounds 3 100 schedule\.rounds"))).to_be_visible()
    expect(settings.get_by_role("row", name=re.compile(r"data\.sampling"))).to_be_visible()
    page.get_by_label("Only what differs").check()
    expect(settings.get_by_role("row", name=re.compile(r"data\.sampling"))).to_have_count(0)
    expect(settings.get_by_role("row", name=re.compile(r"FedSM . Lambda 0\.8 0\.7"))).to_be_visible()


def look_at_one_run(page: Page) -> None:
    """The matrix leads to a site's cases, and the super model is seen at another threshold."""
    matrix = page.get_by_test_id("matrix")
    expect(matrix.get_by_role("row")).to_have_count(1 + 1 + 4 + 2)  # head, global, one a site, oracle routing and super
    matrix.get_by_role("row", name=re.compile("^Super model")).get_by_role("link").nth(1).click()
    expect(page.get_by_role("combobox", name="Site")).to_have_value("aster-clinic")
    page.go_back()
    readout = page.get_by_test_id("gamma-readout")
    expect(readout).to_contain_text("\u03b3 = 0.9as the run had it")
    page.get_by_role("slider", name="Threshold gamma").press("End")
    expect(readout).to_contain_text("every case by the global model")
    expect(page).to_have_url(re.compile("gamma=1"))
    heads = page.get_by_test_id("confusion").get_by_role("rowheader")
    expect(heads).to_have_count(4)
    # What stays in place covers what moves below it: the build must not drop the colour that depends on the scheme.
    expect(heads.first).to_have_css("background-color", "rgb(255, 255, 255)")


def look_at_cases(page: Page, federation: FederationRecord, platform: LivePlatform) -> None:
    viewer = page.locator("[data-testid=viewer][data-state=ready]")
    viewer.wait_for()
    rows = page.get_by_role("navigation", name="Cases").get_by_role("button")
    scores = [float(text.split()[-1]) for text in rows.all_inner_texts()]
    assert len(scores) > 1
    assert scores == sorted(scores)
    first = viewer.get_attribute("data-case")
    page.keyboard.press("j")
    expect(viewer).not_to_have_attribute("data-case", first or "")
    expect(page).to_have_url(re.compile(f"case={viewer.get_attribute('data-case')}"))
    expect(page.get_by_test_id("routing")).to_contain_text("\u03b3 = 0.9")
    assert_overlay_is_visible(page)
    assert_upright(page, federation, platform)


def assert_overlay_is_visible(page: Page) -> None:
    """The reference filled at full opacity paints its colour; switched off, the colour is gone."""
    with_overlay = shown(page, reference="fill", prediction="off", opacity="1", hidden="[1]")
    without = shown(page, reference="off", prediction="off")
    assert share_of_colour(with_overlay, REFERENCE_COLOUR) > share_of_colour(without, REFERENCE_COLOUR) + 0.005
    prediction = shown(page, reference="off", prediction="fill", opacity="1", hidden="[1]")
    assert share_of_colour(prediction, DISC_COLOUR) > share_of_colour(without, DISC_COLOUR) + 0.005


def assert_upright(page: Page, federation: FederationRecord, platform: LivePlatform) -> None:
    """The viewer shows the photograph as its file holds it: neither mirrored nor upside down."""
    picture = content_box(shown(page, reference="off", prediction="off"))
    original = content_box(photograph(page, federation, platform))
    turned = {
        "as it is": original,
        "mirrored": original[:, ::-1],
        "upside down": original[::-1],
        "turned round": original[::-1, ::-1],
    }
    alike = {name: likeness(picture, candidate) for name, candidate in turned.items()}
    assert max(alike, key=lambda name: alike[name]) == "as it is", alike
    assert alike["as it is"] > 0.9, alike


def shown(page: Page, **search: str) -> Pixels:
    """The viewer's pixels at this state of the address: the page opens there, as from a deep link."""
    viewer = page.locator("[data-testid=viewer][data-state=ready]")
    case = viewer.get_attribute("data-case")
    query = "&".join(f"{key}={value}" for key, value in {"case": f"%22{case}%22", **search}.items())
    page.goto(f"{page.url.split('?')[0]}?{query}")
    viewer.wait_for()
    expect(viewer).to_have_attribute("data-case", case or "")
    rounds_known(page)
    return settled(viewer)


def photograph(page: Page, federation: FederationRecord, platform: LivePlatform) -> Pixels:
    """The file behind the case on screen."""
    current = page.locator("[data-case][aria-current=true]")
    expect(current).to_have_text(re.compile(r"\S"), use_inner_text=True)
    name = current.inner_text().splitlines()[0]
    datasets = platform.client.datasets(federation.id)
    [file] = [path for dataset in datasets for path in Path(dataset.folder).glob(f"images/{name}.*")]
    return np.asarray(Image.open(file).convert("RGB"), dtype=np.float32)


def test_data_set_says_which_cases_are_skipped_and_why(
    signed_in: Page, federation: FederationRecord, platform: LivePlatform, tmp_path: Path
) -> None:
    [source] = [d.folder for d in platform.client.datasets(federation.id) if d.site_slug == "birch-clinic"]
    folder = tmp_path / "birch"
    shutil.copytree(source, folder)
    masks = sorted((folder / "masks").iterdir())
    masks[0].unlink()
    masks[1].write_bytes(b"no picture")
    other = platform.client.create_federation("Another", "", federation.task)
    page = signed_in
    page.goto(f"/federations/{other.id}")
    page.get_by_role("button", name="Add site").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Birch again")
    page.get_by_role("dialog").get_by_role("button", name="Add site").click()
    page.get_by_role("link", name="Register data").click()
    page.get_by_role("textbox", name="Name").fill("With two bad masks")
    page.get_by_role("combobox", name="Folder").fill(str(folder))
    page.get_by_role("button", name="Register and check").click()
    sentence = page.get_by_test_id("check-sentence")
    expect(sentence).to_contain_text(f"{len(masks) - 2} of {len(masks)} cases used, 2 skipped because", timeout=RUN_MS)
    page.get_by_role("tab", name="Skipped cases (2)").click()
    expect(page.get_by_role("row", name=re.compile(masks[1].stem))).to_be_visible()


def test_lost_connection_is_shown_and_comes_back(
    signed_in: Page, federation: FederationRecord, platform: LivePlatform
) -> None:
    """What happened while the backend was away is on screen after it, without a reload."""
    page = signed_in
    lost = page.get_by_text("Connection to the backend lost, reconnecting")
    platform.kill_backend()
    expect(lost).to_be_visible()
    platform.start_backend()
    expect(lost).to_be_hidden()
    platform.client.create_federation("Made meanwhile", "", federation.task)
    expect(page.get_by_role("heading", name="Made meanwhile")).to_be_visible()
