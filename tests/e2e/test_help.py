"""The documentation in the application, and the ways to it: header, page, Ctrl+K, and the skip link by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from backend.federations.schemas import FederationRecord

pytestmark = pytest.mark.e2e


def test_help_is_read_searched_and_linked_from_its_page(signed_in: Page) -> None:
    signed_in.goto("/storage")
    signed_in.get_by_role("main").get_by_role("link", name="Help").click()
    section = signed_in.get_by_role("heading", name="Retention", exact=True)
    expect(section).to_be_in_viewport()
    expect(signed_in).to_have_url(re.compile("/help/runs#retention$"))
    signed_in.get_by_role("navigation", name="On this page").get_by_role("link", name="Early stopping").click()
    expect(signed_in.get_by_role("heading", name="Early stopping")).to_be_in_viewport()

    signed_in.get_by_role("searchbox").fill("possibly the same patent")  # with an error of typing
    signed_in.get_by_role("listitem").filter(has_text="Possibly the same patient").get_by_role("link").first.click()
    expect(signed_in).to_have_url(re.compile("/help/data#possibly-the-same-patient$"))
    signed_in.goto("/help/absent")
    expect(signed_in.get_by_text("There is no document absent")).to_be_visible()


def test_palette_goes_to_a_federation_and_to_a_section_of_the_help(
    signed_in: Page, federation: FederationRecord
) -> None:
    signed_in.keyboard.press("Control+k")
    field = signed_in.get_by_role("textbox", name="Go to")
    field.fill("fund")
    signed_in.get_by_role("button", name=re.compile(f"^{federation.name} Federation")).click()
    expect(signed_in).to_have_url(re.compile(f"/federations/{federation.id}"))
    expect(field).to_have_count(0)  # what is typed into a palette that closes is lost

    signed_in.keyboard.press("Control+k")
    field.fill("quorum")
    signed_in.get_by_role("button", name=re.compile("^Waiting")).click()
    expect(signed_in.get_by_role("heading", name="Waiting", exact=True)).to_be_in_viewport()


def test_first_stop_of_the_tab_key_skips_the_header(signed_in: Page) -> None:
    signed_in.keyboard.press("Tab")
    skip = signed_in.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_role("main")).to_be_focused()
