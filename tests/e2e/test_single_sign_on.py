"""An invited person comes in by the institution's provider, and signs in by it again."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.backend.live_backend import LiveBackend
from tests.backend.test_single_sign_on import CLIENT, Provider
from tests.backend.test_single_sign_on import provider as provider
from tests.e2e.conftest import DEFAULT_WAIT_MS, DIST, WINDOW, slow_down

pytestmark = pytest.mark.e2e


@pytest.fixture
def hub(tmp_path: Path, valkey_url: str, provider: Provider) -> Iterator[LiveBackend]:
    """A backend with the pages, that names the provider."""
    settings = {**CLIENT, "oidc_issuer": provider.issuer, "oidc_name": "Aster hospital"}
    backend = LiveBackend(tmp_path, "", valkey_url, frontend_dist=DIST.parent, **settings)
    provider.start(backend)
    yield backend
    backend.stop()


@pytest.fixture
def visitor(browser: Browser, hub: LiveBackend) -> Iterator[Page]:
    context = browser.new_context(base_url=hub.url, viewport=WINDOW, reduced_motion="reduce")
    context.set_default_timeout(DEFAULT_WAIT_MS)
    slow_down(context)
    yield context.new_page()
    context.close()


def test_a_person_comes_in_by_the_institutions_provider(visitor: Page, hub: LiveBackend) -> None:
    link = hub.post("/invitations", {"label": "Jo of Aster"})["path"]
    visitor.goto(link)
    visitor.get_by_role("button", name="Sign in with Aster hospital").click()
    at_provider(visitor, "jo")
    visitor.get_by_role("heading", name="Federations", exact=True).wait_for()
    expect(visitor).to_have_url(f"{hub.url}/")

    visitor.get_by_role("button", name="jo").click()
    visitor.get_by_role("menuitem", name="Sign-in with Aster hospital…").click()
    expect(visitor.get_by_role("dialog")).to_contain_text("Your account at Aster hospital lets you in")
    visitor.keyboard.press("Escape")
    visitor.get_by_role("button", name="jo").click()
    visitor.get_by_role("menuitem", name="Sign out", exact=True).click()
    visitor.get_by_role("button", name="Sign in with Aster hospital").click()
    at_provider(visitor, "jo")  # on the same host, whose cookies the sign-out cleared
    visitor.get_by_role("heading", name="Federations", exact=True).wait_for()


def test_a_stranger_reads_why_and_what_to_do(visitor: Page) -> None:
    visitor.goto("/")
    visitor.get_by_role("button", name="Sign in with Aster hospital").click()
    at_provider(visitor, "stranger")
    expect(visitor.get_by_role("alert")).to_contain_text(re.compile("nobody here is known as stranger"))
    visitor.get_by_role("link", name="Back to the sign-in").click()
    visitor.get_by_role("button", name="Sign in", exact=True).wait_for()
    visitor.goto("/signed-in?error=access_denied&error_description=You+declined")
    expect(visitor.get_by_role("alert")).to_contain_text("You declined")


def at_provider(page: Page, name: str) -> None:
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
