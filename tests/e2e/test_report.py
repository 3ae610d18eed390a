"""A report: shared from the experiment's page, read and saved by somebody without an account, then revoked."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from backend.experiments.schemas import ExperimentRecord
from tests.e2e.conftest import new_context
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e


def test_a_report_is_shared_read_and_revoked(
    signed_in: Page, browser: Browser, finished: ExperimentRecord, platform: LivePlatform, tmp_path: Path
) -> None:
    page = signed_in
    page.goto(f"/experiments/{finished.id}")
    table = page.get_by_test_id("results-table")
    super_model = table.get_by_role("row", name=re.compile("Super model"))
    expect(super_model).to_contain_text(re.compile(r"\[\S+, "))  # the differences from FedAvg are there
    on_screen = super_model.inner_text()
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("FedSM at four clinics")
    dialog.get_by_label("Note").fill("Two rounds only.")
    dialog.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="FedAvg").click()
    dialog.get_by_role("button", name="Freeze and make a link").click()
    link = page.get_by_role("link", name=re.compile("FedSM at four clinics"))
    address = link.get_attribute("href") or ""

    stranger = new_context(browser, platform)
    reader = stranger.new_page()
    reader.goto(address)
    expect(reader.get_by_role("heading", name="FedSM at four clinics", level=1)).to_be_visible()
    expect(reader.get_by_test_id("report-note")).to_have_text("Two rounds only.")
    row = reader.get_by_test_id("report-dice-mean").get_by_role("row", name=re.compile("super model"))
    numbers = set(re.findall(r"0\.\d{3}", row.inner_text()))
    assert numbers
    assert numbers <= set(re.findall(r"0\.\d{3}", on_screen))
    expect(reader.get_by_text("Wilcoxon signed-rank test")).to_be_visible()
    expect(reader.get_by_test_id("verdict")).to_contain_text("The super model of FedSM")
    pictures = reader.get_by_test_id("report-pictures").get_by_role("img")
    expect(pictures).to_have_count(3)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("naturalWidth", 480)
    expect(reader.get_by_test_id("report-hd95-mean")).to_be_hidden()
    reader.get_by_role("button", name=re.compile("^Show the other metrics")).click()
    expect(reader.get_by_test_id("report-hd95-mean")).to_be_visible()
    with reader.expect_download() as download:
        reader.get_by_role("link", name="Download PDF").click()
    download.value.save_as(tmp_path / "report.pdf")
    text = "\n".join(sheet.extract_text() for sheet in PdfReader(tmp_path / "report.pdf").pages)
    assert all(number in text for number in numbers)
    reader.goto("/")
    expect(reader.get_by_role("button", name="Sign in")).to_be_visible()

    page.get_by_role("button", name="Revoke FedSM at four clinics").click()
    page.get_by_role("button", name="Revoke the link").click()
    expect(page.get_by_test_id("report-links")).to_contain_text("revoked")
    reader.goto(address)
    expect(reader.get_by_role("heading", name="This link no longer works")).to_be_visible()
    stranger.close()
