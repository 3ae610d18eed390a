"""A hospital's manager decides in a real browser: what its own rules send with a form, only it shows."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import Browser, expect

from backend.contracts.consent import AskedApprovals
from fedsm.site_agent.approval_page import ApprovalPage
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.hub import API, Hub
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_consents import TERMS, offer, sent, sheet
from tests.fedsm.site_agent.test_gateway import Site
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site

pytestmark = pytest.mark.e2e


@contextmanager
def served(hub: PlayedHub, site: Site) -> Iterator[ApprovalPage]:
    """The page on a port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    pages: list[ApprovalPage] = []
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        async with Hub(hub.url, site.home.key(), hub.key.public) as client:
            port = listener.getsockname()[1]
            page = ApprovalPage(client, site.membership, site.consents, Audit(site.audit_file), port)
            server = uvicorn.Server(uvicorn.Config(page.app(), log_config=None, lifespan="off"))
            pages.append(page)
            servers.append(server)
            await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    while not (servers and servers[0].started):
        thread.join(0.01)
        assert thread.is_alive()
    try:
        yield pages[0]
    finally:
        servers[0].should_exit = True
        thread.join(10)


def test_a_manager_refuses_and_then_approves(browser: Browser, hub: PlayedHub, site: Site) -> None:
    shown = sheet()
    offer(hub, shown)
    hub.answers[f"GET {API}/approvals"] = (200, AskedApprovals(asked=(shown.asked,)).model_dump_json().encode())
    with served(hub, site) as page_of_site:
        context = browser.new_context()
        page = context.new_page()
        page.goto(page_of_site.new_link())
        expect(page).not_to_have_url(re.compile("token"))
        expect(page.get_by_text("Waits for your decision.")).to_be_visible()
        page.get_by_label("Your name").fill("Dr. Berg")
        page.get_by_label("Reason of a refusal").fill("The ethics vote is pending")
        page.get_by_role("button", name="Refuse").click()
        expect(
            page.get_by_text(re.compile(r"Refused on .* UTC by Dr\. Berg: The ethics vote is pending\."))
        ).to_be_visible()
        expect(page.get_by_role("button", name="Refuse")).to_have_count(0)
        expect(page.get_by_label("Your name")).to_have_value("Dr. Berg")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text(re.compile(r"Approved on .* UTC by Dr\. Berg\."))).to_be_visible()
        context.close()
    decided = [(one.consent.terms_sha256, one.consent.decision, one.consent.name) for one in sent(hub)]
    assert decided == [(TERMS, "refused", "Dr. Berg"), (TERMS, "approved", "Dr. Berg")]
