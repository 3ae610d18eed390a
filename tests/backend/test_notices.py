"""The end of a run is sent by e-mail and webhook: each once, by a real mail server and a real HTTP server."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select, update

from backend.clock import now
from backend.db.models import Notice
from backend.db.session import read_only, unit_of_work
from backend.notices.sending import RETRY_SECONDS, send_due
from backend.settings import Settings
from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.people import Person, make_person
from tests.backend.played_worker import PlayedWorker
from tests.ports import held_port

SECRET = "a webhook's secret of the tests"
PASSWORD = "a mail password of the tests"


class MailServer:
    """Asks for the account, and refuses everything while `is_away`."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.is_away = False
        self.port = held_port()
        self._server = Controller(
            self, "127.0.0.1", self.port, authenticator=self._check, auth_require_tls=False, auth_required=True
        )
        self._server.start()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 aiosmtpd's interface
        if self.is_away:
            return "451 try again later"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    def stop(self) -> None:
        self._server.stop()

    def _check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=right)


class Hook(ThreadingHTTPServer):
    """Keeps what is posted to it. It answers `status`, with a way elsewhere that nobody must go."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status = 204
        self.posted: list[tuple[dict[str, str], bytes]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?key=not-to-be-said"


class _Answer(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((dict(self.headers.items()), body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.shutdown()
    hook.server_close()


@pytest.fixture
def jo(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], mail_server: MailServer, hook: Hook
) -> Person:
    """A researcher, on a platform that sends both."""
    backend.stop()
    settings = {
        "smtp_host": "127.0.0.1",
        "smtp_port": mail_server.port,
        "smtp_security": "none",
        "smtp_user": "fedsm",
        "smtp_password": SecretStr(PASSWORD),
        "smtp_from": "fedsm@hub.example",
        "webhook_url": SecretStr(hook.url),
        "webhook_secret": SecretStr(SECRET),
        "public_url": "https://hub.example/fedsm",
    }
    backend.settings = backend.settings.model_copy(update=settings)
    backend.start()
    worker.client = backend.worker
    return make_person(backend, "jo", federation["id"], "researcher")


def run_of(person: Person, worker: PlayedWorker, federation: dict[str, Any]) -> str:
    config = {"schedule": {"rounds": 1}, "strategies": [{"name": "fedavg"}]}
    body = {"name": "Réseau", "config": config}
    made = person.request("POST", f"/federations/{federation['id']}/experiments", json=body)
    assert made.status_code == 201, made.text
    experiment = made.json()
    assert person.request("POST", f"/experiments/{experiment['id']}/start").is_success
    worker.work_until_idle()
    return str(experiment["runs"][0]["id"])


def num_waiting(backend: LiveBackend) -> int:
    with read_only(backend.platform.database) as session:
        return session.scalar(select(func.count()).select_from(Notice)) or 0


def make_due(backend: LiveBackend) -> None:
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Notice).values(next_at=now()))


def warnings(backend: LiveBackend) -> list[str]:
    found = [entry["message"] for entry in backend.get("/events", limit=500, level="warning")]
    return [message for message in found if "was not sent" in message]


def test_an_end_is_sent_once_by_both_ways(
    backend: LiveBackend,
    worker: PlayedWorker,
    federation: dict[str, Any],
    jo: Person,
    mail_server: MailServer,
    hook: Hook,
) -> None:
    assert jo.get("/session/emails") == {"is_offered": True, "address": None, "wanted": False}
    chosen = jo.request("PUT", "/session/emails", json={"address": "jo@clinic.example", "wanted": True})
    assert chosen.json() == {"is_offered": True, "address": "jo@clinic.example", "wanted": True}
    for wrong in ("jo", "jo@a b", "jo@clinic.example\nBcc: all@clinic.example"):
        refused = jo.request("PUT", "/session/emails", json={"address": wrong, "wanted": True})
        assert refused.status_code == 422
    run_id = run_of(jo, worker, federation)
    assert (send_due(backend.platform), send_due(backend.platform)) == (2, 0)
    (mail,) = mail_server.mails
    assert (mail["To"], mail["From"]) == ("jo@clinic.example", "fedsm@hub.example")
    assert mail["Subject"] == "FedAvg, seed 0 is finished (Réseau)"
    text = mail.get_content()
    assert "https://hub.example/fedsm/experiments/" in text
    assert run_id in text
    ((headers, body),) = hook.posted
    said = json.loads(body)
    assert (said["event"], said["status"], said["run"]["id"]) == ("run_ended", "completed", run_id)
    assert said["experiment"]["created_by"] == "jo"
    seconds, _, digest = headers["X-FedSM-Signature"].removeprefix("t=").partition(",v1=")
    expected = hmac.new(SECRET.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(digest, expected)
    assert headers["X-FedSM-Delivery"] == said["id"]
    assert num_waiting(backend) == 0


def test_what_fails_is_tried_again_then_given_up_and_stops_nothing(
    backend: LiveBackend,
    worker: PlayedWorker,
    federation: dict[str, Any],
    jo: Person,
    mail_server: MailServer,
    hook: Hook,
) -> None:
    jo.request("PUT", "/session/emails", json={"address": "jo@clinic.example", "wanted": True})
    mail_server.is_away, hook.status = True, 302
    run_of(jo, worker, federation)
    assert send_due(backend.platform) == 0
    assert send_due(backend.platform) == 0, "it waits before the next try"
    assert len(hook.posted) == 1, "a redirect is not followed"
    assert sorted(warnings(backend)) == [
        "The e-mail about the end of FedAvg, seed 0 was not sent: the mail server refused it (code 451). "
        "It is tried again.",
        "The webhook about the end of FedAvg, seed 0 was not sent: the webhook's server answered 302. "
        "It is tried again.",
    ]
    mail_server.is_away = False
    make_due(backend)
    assert send_due(backend.platform) == 1
    for _ in RETRY_SECONDS:
        make_due(backend)
        send_due(backend.platform)
    assert num_waiting(backend) == 0
    assert len(hook.posted) == 1 + len(RETRY_SECONDS)
    assert len({body for _, body in hook.posted}) == 1, "the same bytes at each try"
    assert any(
        message.endswith(f"It is given up after {1 + len(RETRY_SECONDS)} tries.") for message in warnings(backend)
    )
    everything = json.dumps(backend.get("/events", limit=500))
    assert not any(secret in everything for secret in (PASSWORD, SECRET, "not-to-be-said", "jo@clinic.example"))


def test_only_who_wants_e_mails_and_still_may_look_gets_them(
    backend: LiveBackend,
    worker: PlayedWorker,
    federation: dict[str, Any],
    jo: Person,
    mail_server: MailServer,
    hook: Hook,
) -> None:
    run_of(jo, worker, federation)
    start_run(backend, federation)  # of the administrator's token, which has no account
    worker.work_until_idle()
    assert send_due(backend.platform) == 2, "two ends by the webhook"
    jo.request("PUT", "/session/emails", json={"address": "jo@clinic.example", "wanted": True})
    run_of(jo, worker, federation)
    backend.admin.delete(f"/api/v1/federations/{federation['id']}/members/{jo.id}").raise_for_status()
    assert send_due(backend.platform) == 1
    assert mail_server.mails == []
    assert num_waiting(backend) == 0
    refused = backend.admin.put("/api/v1/session/emails", json={"address": "a@b.example", "wanted": True})
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({"smtp_host": "mail.example"}, "FEDSM_SMTP_FROM"),
        (
            {"smtp_host": "mail.example", "smtp_from": "a@b.example", "smtp_user": "a", "smtp_security": "none"},
            "set starttls or tls",
        ),
        ({"webhook_url": "ftp://hook.example"}, "an address with https or http"),
        ({"webhook_url": "https://hook.example", "webhook_secret": "short"}, "FEDSM_WEBHOOK_SECRET"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(tmp_path: Path, given: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        Settings(home=tmp_path, **given)
