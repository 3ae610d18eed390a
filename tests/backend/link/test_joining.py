"""A hospital joins, renews, is stopped, revoked, and leaves; on both databases."""

import base64
import hashlib
import threading
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
import redis
from sqlalchemy import String, Text, cast, select, update

from backend.clock import now
from backend.db.base import Base
from backend.db.models import SiteCredential, SiteInvitation, Task
from backend.db.session import read_only, unit_of_work
from backend.link import signatures
from backend.link.keys import SigningKey, phrase, proof_message
from backend.link.versions import PROTOCOL
from tests.backend.conftest import start_run
from tests.backend.link.played_site import PlayedSite, add_site, ask_to_join, invite, link_of, signed_client
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_from_kit_to_the_first_poll(backend: LiveBackend, broker: redis.Redis, hospitals: dict[str, Any]) -> None:
    site = add_site(backend, hospitals, "North clinic")
    assert site["link"] is None
    kit = invite(backend, site)
    hub = backend.platform.server_key.public
    assert (kit["site"], kit["slug"], kit["federation"]) == ("North clinic", "north-clinic", "Hospitals")
    assert kit["server_fingerprint"] == hashlib.sha256(hub.raw).hexdigest()
    assert link_of(backend, site)["status"] == "invited"

    north = PlayedSite(backend, broker, site)
    answer = ask_to_join(backend, kit, north.key)
    assert answer.status_code == 201, answer.text
    words = phrase(hub, north.key.public)
    assert answer.json() == {
        "site": "North clinic",
        "slug": "north-clinic",
        "queue": "site.north-clinic",
        "phrase": words,
    }
    link = link_of(backend, site)
    assert (link["status"], link["phrase"], link["hardware"]) == ("pending", words, "2 CPU cores, 8 GiB")
    assert code_of(north.poll()) == (403, "site_not_accepted")

    assert north.accept()["link"]["status"] == "joined"
    answer = north.poll()
    assert (answer.status_code, answer.json()["tasks"]) == (200, [])
    record = backend.get(f"/sites/{site['id']}")
    assert record["state"] == "online"
    assert record["link"]["accepted_by"] == "admin"
    workers = {worker["name"]: worker for worker in backend.get("/system")["workers"]}
    assert workers["north-clinic/workstation"]["queues"] == ["site.north-clinic"], (
        "the queue that it claimed is ignored"
    )


def test_a_script_neither_invites_a_hospital_nor_lets_it_in(
    backend: LiveBackend, broker: redis.Redis, hospitals: dict[str, Any]
) -> None:
    """What it made would outlive its personal token."""
    site = add_site(backend, hospitals, "north")
    north = PlayedSite(backend, broker, site)
    assert ask_to_join(backend, invite(backend, site), north.key).status_code == 201
    token = backend.post("/tokens", {"name": "script", "days": 1})["token"]
    for path, body in (
        ("invitation", None),
        ("credential/accept", {"fingerprint": north.key.public.fingerprint}),
    ):
        answer = httpx.post(
            f"{backend.url}/api/v1/sites/{site['id']}/{path}", json=body, headers={"Authorization": f"Bearer {token}"}
        )
        assert code_of(answer) == (403, "forbidden")
    assert link_of(backend, site)["status"] == "pending"


def test_a_code_is_kept_as_a_hash_and_good_once(backend: LiveBackend, hospitals: dict[str, Any]) -> None:
    kit = invite(backend, add_site(backend, hospitals, "north"))
    with read_only(backend.platform.database) as session:
        stored = [
            value
            for table in Base.metadata.sorted_tables
            for column in table.columns
            if isinstance(column.type, String) or "JSON" in str(column.type) or hasattr(column.type, "contract")
            for (value,) in session.execute(select(cast(column, Text)).where(column.is_not(None)))
        ]
    assert not any(kit["code"] in value for value in stored)
    assert hashlib.sha256(kit["code"].encode()).hexdigest() in stored
    assert ask_to_join(backend, kit, SigningKey.generate()).status_code == 201
    assert code_of(ask_to_join(backend, kit, SigningKey.generate())) == (403, "forbidden")


def test_an_old_kit_and_one_that_another_followed_are_refused(backend: LiveBackend, hospitals: dict[str, Any]) -> None:
    site = add_site(backend, hospitals, "north")
    first, second = invite(backend, site), invite(backend, site)
    assert code_of(ask_to_join(backend, first, SigningKey.generate())) == (403, "forbidden")
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(SiteInvitation).values(expires_at=now() - timedelta(seconds=1)))
    answer = ask_to_join(backend, second, SigningKey.generate())
    assert code_of(answer) == (403, "forbidden")
    assert "older than 24 hours" in answer.json()["detail"]


def test_who_does_not_hold_the_key_does_not_join(backend: LiveBackend, hospitals: dict[str, Any]) -> None:
    kit = invite(backend, add_site(backend, hospitals, "north"))
    other = SigningKey.generate().public.text
    assert code_of(ask_to_join(backend, kit, SigningKey.generate(), public_key=other)) == (
        401,
        "request_signature_refused",
    )
    body = {"code": kit["code"], "public_key": other, "hardware": "x", "version": "1"}
    with httpx.Client(base_url=backend.url, trust_env=False) as plain:
        assert code_of(plain.post("/api/v1/join", json=body, headers={"X-FedSM-Agent": str(PROTOCOL)}))[0] == 401
    assert ask_to_join(backend, kit, SigningKey.generate()).status_code == 201, "the code was not used up"


def test_a_simulated_site_is_not_invited(backend: LiveBackend, hospitals: dict[str, Any]) -> None:
    site = add_site(backend, hospitals, "a", kind="simulated")
    answer = backend.admin.post(f"/api/v1/sites/{site['id']}/invitation")
    assert code_of(answer) == (409, "conflict")
    assert "is simulated" in answer.json()["detail"]


def test_only_what_was_seen_is_accepted(backend: LiveBackend, broker: redis.Redis, hospitals: dict[str, Any]) -> None:
    site = add_site(backend, hospitals, "north")
    first = SigningKey.generate()
    ask_to_join(backend, invite(backend, site), first)
    second = PlayedSite(backend, broker, site)
    ask_to_join(backend, invite(backend, site), second.key)
    path = f"/api/v1/sites/{site['id']}/credential/accept"
    answer = backend.admin.post(path, json={"fingerprint": first.public.fingerprint})
    assert code_of(answer) == (409, "conflict")
    second.accept()
    assert second.poll().status_code == 200


class TestReplays:
    """What was sent before, is old, or was changed."""

    def signed(self, site: PlayedSite, content: bytes = b"{}", age: float = 0.0) -> httpx.Request:
        headers = {"content-type": "application/json", "x-fedsm-agent": str(PROTOCOL)}
        path = "/worker-api/v1/gone"
        headers |= signatures.sign_request(
            site.key, "POST", path, "", headers, signatures.content_digest(content), lambda: now().timestamp() - age
        )
        return httpx.Request("POST", site.backend.url + path, headers=headers, content=content)

    def send(self, site: PlayedSite, request: httpx.Request) -> httpx.Response:
        with httpx.Client(trust_env=False) as client:
            return client.send(request)

    def test_a_request_counts_once(self, sites: dict[str, PlayedSite]) -> None:
        request = self.signed(sites["north"])
        assert self.send(sites["north"], request).status_code == 200
        again = self.send(sites["north"], request)
        assert code_of(again) == (401, "request_signature_refused")
        assert "was sent before" in again.json()["detail"]

    def test_an_old_one_is_refused(self, sites: dict[str, PlayedSite]) -> None:
        answer = self.send(sites["north"], self.signed(sites["north"], age=200))
        assert code_of(answer) == (401, "request_signature_refused")
        assert "behind of this machine's clock" in answer.json()["detail"]

    def test_one_from_before_the_hub_started_is_refused(
        self, backend: LiveBackend, sites: dict[str, PlayedSite]
    ) -> None:
        request = self.signed(sites["north"], age=2)
        backend.restart()
        request.url = request.url.copy_with(port=httpx.URL(backend.url).port)
        answer = self.send(sites["north"], request)
        assert code_of(answer) == (401, "request_signature_refused")

    def test_another_body_is_refused(self, sites: dict[str, PlayedSite]) -> None:
        request = self.signed(sites["north"])
        changed = httpx.Request("POST", request.url, headers=request.headers, content=b"[]")
        assert code_of(self.send(sites["north"], changed)) == (401, "request_signature_refused")

    def test_a_body_where_none_was_signed_and_none_where_one_was(self, sites: dict[str, PlayedSite]) -> None:
        empty, full = self.signed(sites["north"], b""), self.signed(sites["north"], b"{}")
        with_body = httpx.Request(
            "POST", empty.url, headers=dict(empty.headers) | {"content-length": "2"}, content=b"{}"
        )
        without = httpx.Request("POST", full.url, headers=dict(full.headers) | {"content-length": "0"}, content=b"")
        for request in (with_body, without):
            assert code_of(self.send(sites["north"], request)) == (401, "request_signature_refused")

    def test_a_changed_answer_is_noticed(self, backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
        with (
            signed_client(backend, sites["north"].key, SigningKey.generate().public) as client,
            pytest.raises(signatures.SignatureRefused, match="another key than this hub's"),
        ):
            client.post("/worker-api/v1/gone", json={})


def test_a_revoked_credential_is_refused_at_once(backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
    north = sites["north"]
    record = backend.post(f"/sites/{north.site['id']}/credential/revoke", {"reason": "the workstation was stolen"})
    assert record["link"]["status"] == "revoked"
    assert record["state"] == "offline"
    answer = north.poll()
    assert code_of(answer) == (401, "credential_ended")
    assert "the workstation was stolen" in answer.json()["detail"]
    again = backend.admin.post(f"/api/v1/sites/{north.site['id']}/credential/revoke", json={})
    assert code_of(again) == (409, "conflict")
    assert sites["south"].poll().status_code == 200

    successor = PlayedSite(backend, north.broker, north.site).join()
    assert successor.poll().status_code == 200, "issued again, without anything installed anew"


def test_the_run_goes_on_without_a_revoked_site(
    backend: LiveBackend, worker: PlayedWorker, hospitals: dict[str, Any], sites: dict[str, PlayedSite]
) -> None:
    """It was training; its lease is not renewed any more, and the quorum is met by the other."""
    run_id = start_run(backend, hospitals, schedule={"rounds": 1}, minimum_sites=1)
    worker.work_until_idle()
    claimed = sites["north"].must_claim(str(sites["north"].next_task_id("")))
    backend.post(f"/sites/{sites['north'].site['id']}/credential/revoke", {})
    assert code_of(sites["north"].progress(claimed)) == (401, "credential_ended")
    assert code_of(sites["north"].complete(claimed, {"kind": "train_site"}))[0] == 401
    sites["south"].work_until_idle()
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Task).where(Task.id == claimed["task_id"]).values(lease_expires_at=now(), failures=2))
    backend.recover()
    for _ in range(4):
        worker.work_until_idle()
        sites["south"].work_until_idle()
    tasks = backend.get(f"/runs/{run_id}/tasks")
    assert {(task["kind"], task["status"]) for task in tasks if task["participant"] == "south"} >= {
        ("train_site", "completed")
    }
    assert ("aggregate_round", "completed") in {(task["kind"], task["status"]) for task in tasks}


class TestCopies:
    """Two copies of one credential."""

    def copy(self, site: PlayedSite) -> PlayedSite:
        copied = PlayedSite(site.backend, site.broker, site.site)
        copied.key, copied.client = site.key, signed_client(site.backend, site.key)
        copied.number, copied.secret = site.number, site.secret
        return copied

    def test_both_wait_until_a_person_decides(self, backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
        north = sites["north"]
        north.poll()
        thief = self.copy(north)
        assert thief.poll().status_code == 200
        assert code_of(north.poll()) == (403, "credential_stopped")
        for copy in (north, thief):
            assert code_of(copy.poll()) == (403, "credential_stopped")
        link = link_of(backend, north.site)
        assert link["status"] == "stopped"
        said = [event["message"] for event in backend.get("/events", level="error")]
        assert any("is in use twice" in message for message in said)
        north.accept()
        assert north.poll().status_code == 200
        assert code_of(thief.poll()) == (403, "credential_stopped"), "the copy is behind: it stops them again"

    def rotate(self, site: PlayedSite, renewal: dict[str, Any] | None = None) -> PlayedSite:
        """The one with the new key."""
        new = SigningKey.generate()
        proof = base64.b64encode(new.sign(proof_message(site.key.public, new.public))).decode()
        body = {"public_key": new.public.text, "proof": proof} | ({} if renewal is None else {"renewal": renewal})
        answer = site.client.post("/worker-api/v1/key", json=body)
        assert answer.status_code == 204, answer.text
        successor = PlayedSite(site.backend, site.broker, site.site)
        successor.key, successor.client = new, signed_client(site.backend, new)
        return successor

    def later(self, backend: LiveBackend, seconds: float) -> None:
        """All that happened to the credentials was so long ago."""
        ago = timedelta(seconds=seconds)
        with unit_of_work(backend.platform.database) as session:
            for credential in session.scalars(select(SiteCredential)):
                credential.created_at -= ago
                credential.accepted_at = credential.accepted_at and credential.accepted_at - ago
                credential.ended_at = credential.ended_at and credential.ended_at - ago

    def test_a_thief_that_makes_a_new_key_stops_both(self, backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
        """The key alone was copied: the thief says nothing of the number, as an agent of protocol 2."""
        north = sites["north"]
        north.poll()
        thief = self.rotate(self.copy(north))
        assert thief.poll().status_code == 200
        warned = [event["message"] for event in backend.get("/events", level="warning")]
        assert any("made a new key" in message for message in warned)
        assert code_of(north.poll()) == (401, "credential_ended"), "it may be the site's own agent, for a moment"
        assert link_of(backend, north.site)["status"] == "joined"
        self.later(backend, 100)
        assert code_of(north.poll()) == (403, "credential_stopped")
        assert code_of(thief.poll()) == (403, "credential_stopped")
        assert link_of(backend, north.site)["status"] == "stopped"
        said = [event["message"] for event in backend.get("/events", level="error")]
        assert any("a new one followed is in use still" in message for message in said)

    def test_a_person_who_decided_for_the_new_key_is_not_asked_again(
        self, backend: LiveBackend, sites: dict[str, PlayedSite]
    ) -> None:
        north = sites["north"]
        own = self.rotate(north)
        self.later(backend, 100)
        assert code_of(north.poll()) == (403, "credential_stopped"), "the thief has the old key"
        own.accept()
        assert code_of(north.poll()) == (401, "credential_ended")
        assert own.poll().status_code == 200

    def test_a_copy_that_is_behind_makes_no_new_key(self, backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
        """It has the whole folder, as it was some polls ago."""
        north = sites["north"]
        north.poll()
        thief = self.copy(north)
        north.poll()
        new = SigningKey.generate()
        body = {
            "public_key": new.public.text,
            "proof": base64.b64encode(new.sign(proof_message(thief.key.public, new.public))).decode(),
            "renewal": {"number": thief.number + 1, "secret": "0" * 32},
        }
        assert code_of(thief.client.post("/worker-api/v1/key", json=body)) == (403, "credential_stopped")
        assert code_of(north.poll()) == (403, "credential_stopped")
        north.accept()
        renewal = {"number": north.number, "secret": north.secret}
        assert self.rotate(north, renewal).poll().status_code == 200, "the site's own repeats what it said last"

    def test_a_poll_whose_answer_was_lost_is_no_copy(self, sites: dict[str, PlayedSite]) -> None:
        north = sites["north"]
        for again in (False, True, True, False):
            assert north.poll(again=again).status_code == 200
        north.number += 5  # polls that never arrived
        assert north.poll().status_code == 200


def test_a_site_makes_a_new_key(backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:

    north = sites["north"]
    old, new = north.key, SigningKey.generate()
    proof = base64.b64encode(new.sign(proof_message(old.public, new.public))).decode()
    wrong = base64.b64encode(old.sign(proof_message(old.public, new.public))).decode()
    path = "/worker-api/v1/key"
    body = {"public_key": new.public.text, "proof": wrong}
    assert code_of(north.client.post(path, json=body)) == (401, "request_signature_refused")
    assert north.client.post(path, json=body | {"proof": proof}).status_code == 204
    assert code_of(north.poll()) == (401, "credential_ended")
    successor = PlayedSite(backend, north.broker, north.site)
    successor.key, successor.client = new, signed_client(backend, new)
    assert successor.poll().status_code == 200
    assert link_of(backend, north.site)["fingerprint"] == new.public.fingerprint


def test_a_site_leaves_and_hears_what_remains(backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
    answer = sites["north"].client.post("/worker-api/v1/leave")
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in ("datasets", "cases", "thumbnails", "runs")} == {
        "datasets": 1,
        "cases": 5,
        "thumbnails": 1,
        "runs": 0,
    }
    assert answer.json()["bytes"] > 0
    assert code_of(sites["north"].poll()) == (401, "credential_ended")
    assert link_of(backend, sites["north"].site)["reason"] == "the site left"


def test_a_poll_waits_and_is_woken(backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
    """Work that comes up while the poll waits is answered long before its time is over."""
    north = sites["north"]
    timer = threading.Timer(
        0.3, lambda: backend.post(f"/sites/{north.site['id']}/datasets", {"name": "More", "folder": "/data/more"})
    )
    timer.start()
    started = time.monotonic()
    answer = north.poll(wait_seconds=30)
    seconds = time.monotonic() - started
    timer.join()
    assert len(answer.json()["tasks"]) == 1
    assert seconds < 30
    north.known = answer.json()["tasks"]
    assert north.poll().json()["tasks"] == [], "what it knows already is not said again"


def test_a_waiting_poll_ends_when_the_credential_does(backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
    north = sites["north"]
    timer = threading.Timer(0.3, lambda: backend.post(f"/sites/{north.site['id']}/credential/revoke", {}))
    timer.start()
    assert code_of(north.poll(wait_seconds=30)) == (401, "credential_ended")
    timer.join()
