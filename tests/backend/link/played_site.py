"""A hospital played by the test: it joins with a real kit, signs each request and speaks the real worker API."""

import base64
import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
import redis

from backend.contracts.consent import ApprovalSheet, Consent, Decision, SignedConsent, consent_message
from backend.contracts.values import stored_values
from backend.link.keys import PublicKey, SigningKey
from fedsm.site_agent.signing import SignedRequests, require_signed
from tests.backend.played_worker import PlayedWorker
from tests.backend.reached_backend import ReachedBackend


def add_site(backend: ReachedBackend, federation: dict[str, Any], name: str, kind: str = "real") -> dict[str, Any]:
    site: dict[str, Any] = backend.post(f"/federations/{federation['id']}/sites", {"name": name, "kind": kind})
    return site


def invite(backend: ReachedBackend, site: dict[str, Any]) -> dict[str, Any]:
    kit: dict[str, Any] = backend.post(f"/sites/{site['id']}/invitation")
    return kit


def link_of(backend: ReachedBackend, site: dict[str, Any]) -> dict[str, Any]:
    link: dict[str, Any] = backend.get(f"/sites/{site['id']}")["link"]
    return link


def signed_client(backend: ReachedBackend, key: SigningKey, server: PublicKey | None = None) -> httpx.Client:
    """Each answer's signature is verified, but for artifacts' own bytes."""
    hub = server or backend.server_key.public

    def verify(response: httpx.Response) -> None:
        response.read()
        is_file = response.request.method == "GET" and response.url.path.rpartition("/")[0].endswith("/artifacts")
        if not (is_file and response.is_success):
            require_signed(hub, response)

    return httpx.Client(
        base_url=backend.url,
        auth=SignedRequests(key, backend.url),
        trust_env=False,
        timeout=60,
        event_hooks={"response": [verify]},
    )


def ask_to_join(backend: ReachedBackend, kit: dict[str, Any], key: SigningKey, **changes: Any) -> httpx.Response:
    body = {
        "code": kit["code"],
        "public_key": key.public.text,
        "hardware": "2 CPU cores, 8 GiB",
        "version": "0.1.0",
    } | changes
    with signed_client(backend, key, PublicKey.from_text(kit["server_key"])) as client:
        return client.post("/api/v1/join", json=body)


class PlayedSite(PlayedWorker):
    """Its tasks come by the poll, where a central worker's come by the broker."""

    def __init__(self, backend: ReachedBackend, broker: redis.Redis, site: dict[str, Any]) -> None:
        self.key = SigningKey.generate()
        super().__init__(signed_client(backend, self.key), broker, "workstation")
        self.backend, self.site = backend, site
        self.number = 0
        self.secret = ""
        self.known: list[str] = []
        #: Whether it approves by itself what runs ask.
        self.approves = True

    @property
    def slug(self) -> str:
        return str(self.site["slug"])

    def join(self) -> "PlayedSite":
        """With a new kit, accepted at once."""
        answer = ask_to_join(self.backend, invite(self.backend, self.site), self.key)
        assert answer.status_code == 201, answer.text
        self.accept()
        return self

    def accept(self) -> dict[str, Any]:
        path = f"/sites/{self.site['id']}/credential/accept"
        record: dict[str, Any] = self.backend.post(path, {"fingerprint": self.key.public.fingerprint})
        return record

    def poll(self, again: bool = False, **changes: Any) -> httpx.Response:
        """again: as the poll before, whose answer was lost."""
        if not again:
            self.number, self.secret = self.number + 1, secrets.token_hex(16)
        heartbeat = {
            "worker": self.name,
            "queues": ["coordinator"],
            "hardware": "2 CPU cores, 8 GiB",
            "num_processes": 2,
        }
        body = {
            "renewal": {"number": self.number, "secret": self.secret},
            "workers": [heartbeat],
            "known": self.known,
            "wait_seconds": 0,
            "version": "0.1.0",
            "hardware": "2 CPU cores, 8 GiB",
        } | changes
        return self.client.post("/worker-api/v1/poll", json=body)

    def sheet(self, run_id: str) -> ApprovalSheet:
        answer = self.client.get(f"/worker-api/v1/approvals/{run_id}")
        assert answer.status_code == 200, answer.text
        with stored_values():
            return ApprovalSheet.model_validate_json(answer.content)

    def decide(self, run_id: str, decision: Decision, name: str = "", reason: str = "") -> None:
        consent = Consent(
            site=self.slug,
            terms_sha256=self.sheet(run_id).asked.terms_sha256,
            decision=decision,
            by="person",
            name=name,
            reason=reason,
            decided_at=datetime.now(UTC),
        )
        signature = base64.b64encode(self.key.sign(consent_message(consent))).decode()
        signed = SignedConsent(consent=consent, signature=signature)
        answer = self.client.post("/worker-api/v1/consents", json=signed.model_dump(mode="json"))
        assert answer.status_code == 204, answer.text

    def next_task_id(self, queue: str) -> str | None:
        answer = self.poll()
        asked = answer.json().get("approvals") or ()
        if self.approves and asked:
            for run_id in asked:
                self.decide(run_id, "approved")
            answer = self.poll()
        assert answer.status_code == 200, answer.text
        tasks = answer.json()["tasks"]
        return str(tasks[0]) if tasks else None

    def work_until_idle(self, queues: tuple[str, ...] = ("of the site",)) -> None:
        super().work_until_idle(queues)


def with_data(
    backend: ReachedBackend,
    broker: redis.Redis,
    federation: dict[str, Any],
    names: tuple[str, ...] = ("north", "south"),
) -> dict[str, PlayedSite]:
    """Sites of these names, which join, each with a data set that is ready."""
    played = {name: PlayedSite(backend, broker, add_site(backend, federation, name)).join() for name in names}
    for name, site in played.items():
        backend.post(f"/sites/{site.site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{name}"})
        site.work_until_idle()
    return played
