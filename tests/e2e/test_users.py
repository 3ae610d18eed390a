"""Somebody is invited by a link, sees what the role lets them see, and nothing more once it is taken away."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from backend.federations.schemas import FederationRecord
from tests.e2e.conftest import new_context
from tests.integration.live_platform import LivePlatform

pytestmark = pytest.mark.e2e
PASSWORD = "a password of the tests"


@pytest.fixture
def invited(browser: Browser, platform: LivePlatform) -> Iterator[Page]:
    """Another person's browser."""
    context = new_context(browser, platform)
    yield context.new_page()
    context.close()


def test_a_reader_is_invited_looks_and_is_taken_the_role(
    signed_in: Page, invited: Page, federation: FederationRecord
) -> None:
    signed_in.get_by_role("link", name="Users").click()
    expect(signed_in.get_by_text("No user yet")).to_be_visible()
    link = make_link(signed_in, "Jo of Aster clinic", federation, "reader:")
    expect(signed_in.get_by_test_id("invitations")).to_contain_text("Jo of Aster clinic: reader of Fundus")

    invited.goto(link)
    expect(invited.get_by_text(re.compile("admin invites you to Fundus as reader"))).to_be_visible()
    choose(invited, "jo", PASSWORD, "another password")
    expect(invited.get_by_text("The two passwords differ.")).to_be_visible()
    choose(invited, "jo", PASSWORD, PASSWORD)
    invited.get_by_role("heading", name="Federations", exact=True).wait_for()
    expect(invited).not_to_have_url(re.compile("#"))
    expect(invited.get_by_text("Federations are created by administrators.")).to_be_visible()
    for name in ("Activity", "Users", "New federation"):
        expect(invited.get_by_role("link", name=name)).to_have_count(0)
    invited.goto(f"/federations/{federation.id}")
    invited.get_by_role("heading", name="Fundus").wait_for()
    expect(invited.get_by_role("tab", name="Data sets")).to_have_count(0)
    expect(invited.get_by_text("Sites are added by coordinators and administrators.")).to_be_visible()
    invited.get_by_role("tab", name=re.compile("Experiments")).click()
    expect(
        invited.get_by_text("Experiments are made by researchers, coordinators and administrators.").first
    ).to_be_visible()

    protect(invited)

    signed_in.reload()
    row = signed_in.get_by_test_id("users").get_by_role("row", name=re.compile("^jo"))
    expect(row).to_contain_text("Fundus: reader")
    expect(row.get_by_role("cell", name="On", exact=True)).to_be_visible()
    row.get_by_role("button", name="Actions of jo").click()
    signed_in.get_by_role("menuitem", name="Take role in Fundus").click()
    expect(row).to_contain_text("No role")
    invited.goto("/")
    expect(invited.get_by_text("You have a role in no federation")).to_be_visible()

    row.get_by_role("button", name="Actions of jo").click()
    signed_in.get_by_role("menuitem", name="Remove…").click()
    signed_in.get_by_role("button", name="Remove user").click()
    expect(signed_in.get_by_text("No user yet")).to_be_visible()
    invited.goto("/")
    invited.get_by_role("button", name="Sign in").wait_for()


def protect(page: Page) -> None:
    """Sets up a second factor, signs out, and signs in with it: at first with a wrong code, then for recovery."""
    page.get_by_role("button", name="jo").click()
    page.get_by_role("menuitem", name="Second factor…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Present password").fill(PASSWORD)
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    secret = dialog.get_by_test_id("totp-secret").inner_text()
    dialog.get_by_label("Code of your app").fill(pyotp.TOTP(secret).now())
    dialog.get_by_role("button", name="Confirm").click()
    codes = dialog.get_by_test_id("recovery-codes").locator("code")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    dialog.get_by_role("button", name="I have kept them").click()

    page.get_by_role("button", name="jo").click()
    page.get_by_role("menuitem", name="Sign out", exact=True).click()
    page.get_by_text("Name and password").click()
    page.get_by_role("textbox", name="Name").fill("jo")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    code = page.get_by_label("Code of your app")
    code.fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(re.compile("this code is not right"))).to_be_visible()
    code.fill(recovery)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Federations", exact=True).wait_for()


def make_link(page: Page, label: str, federation: FederationRecord, role: str) -> str:
    """Other tests' federations may stand next to this one, and then one has to be chosen."""
    page.get_by_role("button", name="Invite a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Whom it is for").fill(label)
    dialog.get_by_role("combobox", name="Federation").click()
    page.get_by_role("option", name=federation.name, exact=True).click()
    dialog.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name=re.compile(f"^{role}")).click()
    dialog.get_by_role("button", name="Make link").click()
    link = page.get_by_test_id("invitation-link").inner_text()
    page.get_by_role("button", name="Done").click()
    return link


def choose(page: Page, name: str, password: str, again: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_role("textbox", name="Password", exact=True).fill(password)
    page.get_by_role("textbox", name="Password, again").fill(again)
    page.get_by_role("button", name="Accept").click()
