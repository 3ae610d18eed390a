"""What runs ask of hospitals at the hub: who is waited for, what is handed out, and whose decision counts."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from backend.contracts.consent import ApprovalSheet, Consent, consent_message, terms_sha256
from backend.contracts.values import stored_values
from backend.db.models import RunApproval
from backend.db.session import unit_of_work
from backend.link.keys import SigningKey
from tests.backend.conftest import FEDSM, start_run
from tests.backend.link.played_site import PlayedSite
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


@pytest.fixture
def run_id(backend: LiveBackend, worker: PlayedWorker, hospitals: dict[str, Any], sites: dict[str, PlayedSite]) -> str:
    """Round 1 is open, and nobody has decided."""
    for site in sites.values():
        site.approves = False
    started = start_run(backend, hospitals, strategies=[FEDSM])
    worker.work_until_idle()
    return started


def approvals(backend: LiveBackend, run_id: str) -> dict[str, dict[str, Any]]:
    return {record["site_slug"]: record for record in backend.get(f"/runs/{run_id}/approvals")}


def test_a_run_waits_for_the_approval_of_each_hospital(
    backend: LiveBackend, sites: dict[str, PlayedSite], run_id: str
) -> None:
    north, south = sites["north"], sites["south"]
    for site in sites.values():
        answer = site.poll().json()
        assert (answer["tasks"], answer["approvals"]) == ([], [run_id])
    waits = {wait["participant"]: wait for wait in backend.get(f"/runs/{run_id}")["waits_for"]}
    assert {name: (wait["reason"], wait["needed"]) for name, wait in waits.items()} == {
        "north": ("not_approved", True),
        "south": ("not_approved", True),
    }
    assert {record["decision"] for record in approvals(backend, run_id).values()} == {None}
    north.decide(run_id, "approved", name="Dr. Berg")
    answer = north.poll().json()
    assert (len(answer["tasks"]), answer["approvals"]) == (1, [])
    assert south.poll().json()["tasks"] == []
    record = approvals(backend, run_id)["north"]
    assert (record["decision"], record["by"], record["name"]) == ("approved", "person", "Dr. Berg")
    assert record["public_key"] == north.key.public.text
    federation = backend.get("/federations")[0]
    assert [one["site_slug"] for one in backend.get(f"/federations/{federation['id']}/approvals")] == ["south"]
    said = [event["message"] for event in backend.get("/events", run_id=run_id, kind="site")]
    assert any("north approved" in message and "Dr. Berg" in message for message in said), said


def test_a_refusal_reaches_the_site_which_gives_its_reason(
    backend: LiveBackend, sites: dict[str, PlayedSite], run_id: str
) -> None:
    north = sites["north"]
    north.decide(run_id, "refused", reason="The ethics vote is pending")
    [task_id] = north.poll().json()["tasks"]
    assert task_id
    [record] = [one for one in approvals(backend, run_id).values() if one["site_slug"] == "north"]
    assert (record["decision"], record["reason"]) == ("refused", "The ethics vote is pending")
    north.decide(run_id, "approved")
    assert approvals(backend, run_id)["north"]["decision"] == "approved", "a hospital may think again"


def test_hub_and_hospital_hash_the_same(backend: LiveBackend, sites: dict[str, PlayedSite], run_id: str) -> None:
    """Of the sheet, and of the task that is handed out after the consent."""
    north = sites["north"]
    shown = north.sheet(run_id)
    assert terms_sha256(shown.run, shown.data) == shown.asked.terms_sha256
    assert {manifest.site for manifest in shown.data} == {"north"}
    north.decide(run_id, "approved")
    payload = north.must_claim(str(north.next_task_id("")))["payload"]
    with stored_values():
        claimed = ApprovalSheet.model_validate({"asked": shown.asked, "run": payload["run"], "data": payload["data"]})
    assert terms_sha256(claimed.run, claimed.data) == shown.asked.terms_sha256


def consent_of(site: PlayedSite, run_id: str, **changes: Any) -> Consent:
    values: dict[str, Any] = {
        "site": site.slug,
        "terms_sha256": site.sheet(run_id).asked.terms_sha256,
        "decision": "approved",
        "by": "person",
        "decided_at": datetime.now(UTC),
    }
    return Consent(**(values | changes))


def send(site: PlayedSite, consent: Consent, key: SigningKey | None = None) -> httpx.Response:
    signature = base64.b64encode((key or site.key).sign(consent_message(consent))).decode()
    body = {"consent": consent.model_dump(mode="json"), "signature": signature}
    return site.client.post("/worker-api/v1/consents", json=body)


def test_a_decision_counts_that_the_site_signed_of_itself_on_what_is_asked(
    backend: LiveBackend, sites: dict[str, PlayedSite], run_id: str
) -> None:
    north, south = sites["north"], sites["south"]
    forged = send(north, consent_of(north, run_id), SigningKey.generate())
    assert (forged.status_code, forged.json()["error"]) == (401, "request_signature_refused")
    of_other = send(north, consent_of(south, run_id))
    assert (of_other.status_code, "another site" in of_other.json()["detail"]) == (422, True)
    of_nothing = send(north, consent_of(north, run_id, terms_sha256="a" * 64))
    assert (of_nothing.status_code, "no run asks" in of_nothing.json()["detail"]) == (422, True)
    assert {record["decision"] for record in approvals(backend, run_id).values()} == {None}
    assert send(north, consent_of(north, run_id, decision="refused", reason="no")).status_code == 204
    late = consent_of(north, run_id, decided_at=datetime.now(UTC) - timedelta(hours=1))
    assert send(north, late).status_code == 204
    assert approvals(backend, run_id)["north"]["decision"] == "refused", "an older decision changes nothing"
    assert north.client.get("/worker-api/v1/approvals/0123456789abcdef").status_code == 404


def test_a_changed_run_asks_anew(backend: LiveBackend, sites: dict[str, PlayedSite], run_id: str) -> None:
    north = sites["north"]
    north.decide(run_id, "approved")
    site_id = str(north.site["id"])
    with unit_of_work(backend.platform.database) as session:
        session.get_one(RunApproval, (run_id, site_id)).terms_sha256 = "d" * 64
    answer = north.poll().json()
    assert (answer["tasks"], answer["approvals"]) == ([], [run_id])


def test_a_run_of_before_asks_at_the_next_poll(backend: LiveBackend, sites: dict[str, PlayedSite], run_id: str) -> None:
    """As after an update of the hub in the middle of a run."""
    with unit_of_work(backend.platform.database) as session:
        session.delete(session.get_one(RunApproval, (run_id, str(sites["north"].site["id"]))))
    assert sites["north"].poll().json()["approvals"] == [run_id]
