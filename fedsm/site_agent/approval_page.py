"""The page on which a hospital's manager approves runs: on this machine's loopback alone, behind a link that opens
once. What it shows and does is what `fedsm site approvals`, `approve` and `refuse` show and do."""

import hmac
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from backend.contracts.consent import Decision
from fedsm.site_agent import approvals
from fedsm.site_agent.approval_html import Form, Shown, page, says
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.consents import Consents
from fedsm.site_agent.hub import Hub, HubAway, HubRefused
from fedsm.site_agent.operations import Refused
from fedsm.site_agent.policy import read_policy
from fedsm.site_agent.sheet import facts
from fedsm.site_agent.site_home import Membership

COOKIE = "fedsm_approvals"
LINK_SECONDS = 15 * 60.0
SESSION_SECONDS = 12 * 3600.0
MAX_FORM_BYTES = 10_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    # With no-referrer a browser sends the page's own forms with the origin `null`, which is nobody's.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}


_DECISIONS: dict[str, Decision] = {"approved": "approved", "refused": "refused"}


class NotLetIn(Exception):
    """Its text says how one is let in."""


@dataclass
class ApprovalPage:
    """port: of the loopback, on which it is served."""

    hub: Hub
    membership: Membership
    consents: Consents
    audit: Audit
    port: int
    #: One-time token to when it ends, and session to the same.
    _links: dict[str, float] = field(default_factory=dict)
    _sessions: dict[str, float] = field(default_factory=dict)
    #: Session to the name that was given last, for the next form.
    _names: dict[str, str] = field(default_factory=dict)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def new_link(self) -> str:
        """An address that lets one browser in, once, within the next minutes."""
        token = secrets.token_urlsafe(32)
        self._links = {known: ends for known, ends in self._links.items() if ends > time.monotonic()}
        self._links[token] = time.monotonic() + LINK_SECONDS
        return f"http://127.0.0.1:{self.port}/?token={token}"

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[Route("/", self.show, methods=["GET"]), Route("/decide", self.decide, methods=["POST"])],
            exception_handlers={NotLetIn: self.not_let_in},
        )

    async def show(self, request: Request) -> Response:
        """What is asked, or, for a link's token, a cookie and the same address without it."""
        self._require_own_host(request)
        if (token := request.query_params.get("token")) is not None:
            return self._let_in(token)
        session = self._session(request)
        try:
            shown = await self._shown()
            form = Form(self._guard(session), self._names.get(session, ""))
            content = page(self.membership.site, self.membership.federation, shown, form)
        except (HubAway, HubRefused, Refused) as error:
            content = says(self.membership.site, f"What is asked cannot be shown: {error}. Try again in a moment.")
        return HTMLResponse(content, headers=HEADERS)

    async def decide(self, request: Request) -> Response:
        """The form's answer. The way back shows what has become of it.

        Raises NotLetIn for a form of another page, or without a decision.
        """
        self._require_own_host(request)
        session = self._session(request)
        form = parse_qs((await _body(request)).decode("utf-8", "replace"), keep_blank_values=True)
        if not hmac.compare_digest(_one(form, "guard").encode(), self._guard(session).encode()):
            raise NotLetIn("This form is not of this page: open the page anew and decide there.")
        decision = _DECISIONS.get(_one(form, "decision"))
        if decision is None:
            raise NotLetIn("The form says neither approved nor refused: open the page anew and decide there.")
        digest, name, reason = _one(form, "terms"), _one(form, "name")[:100], _one(form, "reason")[:2000]
        self._names[session] = name
        try:
            chosen = tuple(one for one in await approvals.asked_of(self.hub) if one.terms_sha256 == digest)
            await approvals.decide(self.hub, self.consents, self.audit, chosen, decision, name, reason)
        except (HubAway, HubRefused, Refused, ValueError) as error:
            said = f"The decision is not at the hub yet: {error}."
            return HTMLResponse(says(self.membership.site, said), status_code=503, headers=HEADERS)
        return RedirectResponse("/", status_code=303, headers=HEADERS)

    async def not_let_in(self, _request: Request, error: Exception) -> Response:
        """With the way in."""
        return HTMLResponse(says(self.membership.site, str(error)), status_code=403, headers=HEADERS)

    async def _shown(self) -> list[Shown]:
        policy = read_policy(self.consents.home.policy_file)
        found: dict[str, Shown] = {}
        for one in await approvals.asked_of(self.hub):
            if one.terms_sha256 in found:  # another seed of the same
                continue
            asked = await approvals.sheet_of(self.hub, one.run_id)
            kept = self.consents.find(asked.digest)
            consent = kept.signed.consent if kept else None
            found[one.terms_sha256] = Shown(facts(asked, policy, self.membership.slug), asked.digest, consent)
        return sorted(found.values(), key=lambda shown: shown.consent is not None)

    def _let_in(self, token: str) -> Response:
        if self._links.pop(token, 0.0) < time.monotonic():
            raise NotLetIn("This link has been used, or is too old: fedsm site approvals prints a new one.")
        session = secrets.token_urlsafe(32)
        self._sessions[session] = time.monotonic() + SESSION_SECONDS
        answer = RedirectResponse("/", status_code=303, headers=HEADERS)
        answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", path="/")
        return answer

    def _session(self, request: Request) -> str:
        session = request.cookies.get(COOKIE, "")
        if self._sessions.get(session, 0.0) < time.monotonic():
            raise NotLetIn("This page opens with a link: fedsm site approvals prints one.")
        return session

    def _guard(self, session: str) -> str:
        """What the page's own forms carry, and no other page knows."""
        return hmac.new(self._secret, session.encode(), "sha256").hexdigest()

    def _require_own_host(self, request: Request) -> None:
        """A name that leads here from elsewhere is none of this page's; nor is another page's form."""
        own = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        origin = request.headers.get("origin")
        if request.headers.get("host") not in own or (origin and origin.removeprefix("http://") not in own):
            raise NotLetIn(f"This page is at http://127.0.0.1:{self.port} alone.")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise NotLetIn("The form is too long: give a shorter reason.")
    return bytes(body)


def _one(form: dict[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0].strip()
