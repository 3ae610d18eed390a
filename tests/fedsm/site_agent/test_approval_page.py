"""The page on a hospital's loopback: who is let in, what is shown, and that no other page decides."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import httpx
import pytest

from backend.contracts.consent import AskedApprovals
from fedsm.site_agent.approval_page import ApprovalPage
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.hub import API, Hub
from fedsm.site_agent.process import by_socket
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.test_consents import TERMS, offer, sent, sheet
from tests.fedsm.site_agent.test_gateway import Site
from tests.fedsm.site_agent.test_gateway import hub as hub
from tests.fedsm.site_agent.test_gateway import site as site

PORT = 8123
Visit = Callable[[ApprovalPage, httpx.AsyncClient], Awaitable[None]]


@pytest.fixture
def asked(hub: PlayedHub) -> None:
    shown = sheet()
    trick = shown.asked.model_copy(update={"experiment": "<script>alert(1)</script>"})
    shown = shown.model_copy(update={"asked": trick})
    offer(hub, shown)
    hub.answers[f"GET {API}/approvals"] = (200, AskedApprovals(asked=(trick,)).model_dump_json().encode())


def visit(hub: PlayedHub, site: Site, does: Visit) -> None:
    async def go() -> None:
        async with Hub(hub.url, site.home.key(), hub.key.public) as client:
            page = ApprovalPage(client, site.membership, site.consents, Audit(site.audit_file), PORT)
            transport = httpx.ASGITransport(page.app())
            async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}") as browser:
                await does(page, browser)

    asyncio.run(go())


def test_a_link_opens_once_and_the_page_shows_and_signs(hub: PlayedHub, site: Site, asked: None) -> None:
    async def does(page: ApprovalPage, browser: httpx.AsyncClient) -> None:
        link = page.new_link()
        opened = await browser.get(link)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        cookie = opened.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        shown = await browser.get("/")
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert "<script>" not in shown.text
        for words in (
            "&lt;script&gt;",
            "FedAvg",
            "/data: 3 training cases, 0 validation cases, 0 test cases",
            TERMS,
            "thumbnails",
        ):
            assert words in shown.text, words
        guard = re.search("name='guard' value='([0-9a-f]+)'", shown.text)
        assert guard is not None
        form = {"guard": guard[1], "terms": TERMS, "decision": "approved", "name": "Dr. Berg"}
        decided = await browser.post("/decide", data=form)
        assert decided.status_code == 303
        again = (await browser.get("/")).text
        assert "Approved" in again
        assert "Dr. Berg" in again
        browser.cookies.clear()
        assert (await browser.get(link)).status_code == 403, "a second time it lets nobody in"

    visit(hub, site, does)
    [signed] = sent(hub)
    assert (signed.consent.terms_sha256, signed.consent.name) == (TERMS, "Dr. Berg")
    assert [entry["what"] for entry in site.recorded()] == ["approved"]


def test_nobody_else_decides(hub: PlayedHub, site: Site, asked: None) -> None:
    async def does(page: ApprovalPage, browser: httpx.AsyncClient) -> None:
        form = {"guard": "0" * 64, "terms": TERMS, "decision": "approved"}
        assert (await browser.get("/")).status_code == 403, "without a link"
        assert (await browser.get("/?token=guess")).status_code == 403
        assert (await browser.post("/decide", data=form)).status_code == 403
        await browser.get(page.new_link())
        assert (await browser.get("/")).status_code == 200
        assert (await browser.post("/decide", data=form)).status_code == 403, "with a form of another page"
        shown = (await browser.get("/")).text
        guard = re.findall("name='guard' value='([0-9a-f]+)'", shown)[0]
        for headers in ({"Origin": "http://evil.example"}, {"Host": f"evil.example:{PORT}"}, {"Origin": "null"}):
            answer = await browser.post("/decide", data=form | {"guard": guard}, headers=headers)
            assert answer.status_code == 403, headers
        assert (await browser.post("/decide", data=form | {"guard": guard, "decision": "x"})).status_code == 403
        assert (await browser.post("/decide", content=b"a" * 20_000)).status_code == 403

    visit(hub, site, does)
    assert sent(hub) == []
    assert not site.consents.folder.exists()


def test_the_loopback_leads_to_the_page_and_the_unix_socket_to_the_workers_api() -> None:
    reached: list[str] = []

    def named(name: str) -> Callable[..., Awaitable[None]]:
        async def app(*_: object) -> None:
            reached.append(name)

        return app

    app = by_socket(named("workers"), named("people"))

    async def ask() -> None:
        for server in (("/tmp/agent.sock", None), ("127.0.0.1", PORT), None):
            await app({"type": "http", "server": server}, None, None)  # type: ignore[arg-type]

    asyncio.run(ask())
    assert reached == ["workers", "people", "people"]
