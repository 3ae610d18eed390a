"""Heads travel with each poll: the hub cannot take back what a hospital confirmed, nor a hospital what the hub saw."""

import base64
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, update

from backend.contracts.audit import AuditHead, HeadsSeen, heads_message
from backend.db import audit_chain
from backend.db.models import AuditRecord, Event
from backend.db.session import unit_of_work
from backend.link.keys import SigningKey
from tests.backend.link.played_site import PlayedSite
from tests.backend.live_backend import LiveBackend


def poll(site: PlayedSite, own: AuditHead, other: AuditHead | None, key: SigningKey | None = None) -> httpx.Response:
    signature = base64.b64encode((key or site.key).sign(heads_message("site", site.slug, own, other))).decode()
    return site.poll(audit=HeadsSeen(own=own, other=other, signature=signature).model_dump(mode="json"))


def own_head(number: int, digit: str = "a") -> AuditHead:
    return AuditHead(number=number, hash=digit * 64)


@pytest.fixture
def confirmed(backend: LiveBackend, sites: dict[str, PlayedSite]) -> AuditHead:
    """The hub's head that north confirmed; its own record has four lines."""
    said = HeadsSeen.model_validate(poll(sites["north"], own_head(3), None).json()["audit"])
    assert said.other == own_head(3), "the hub acknowledges the site's"
    key = backend.platform.server_key.public
    assert key.verifies(base64.b64decode(said.signature), heads_message("hub", "north", said.own, said.other))
    assert poll(sites["north"], own_head(4, "b"), said.own).status_code == 200
    return said.own


def verified(backend: LiveBackend) -> dict[str, Any]:
    found: dict[str, Any] = backend.get("/audit/verification")
    return found


def test_what_a_hospital_confirmed_is_shown(
    backend: LiveBackend, sites: dict[str, PlayedSite], confirmed: AuditHead
) -> None:
    found = verified(backend)
    assert found["intact"]
    [head] = found["confirmed"]
    assert (head["site_slug"], head["number"], head["hash"]) == ("north", confirmed.number, confirmed.hash)
    answer = sites["north"].client.post("/worker-api/v1/audit", json={"numbers": [confirmed.number, 10**6]}).json()
    assert answer["hub"] == [confirmed.model_dump()]
    assert answer["site"] == [own_head(4, "b").model_dump(), own_head(3).model_dump()]
    assert sites["south"].client.post("/worker-api/v1/audit", json={"numbers": []}).json()["site"] == []


def test_a_hub_that_rewrites_its_whole_chain_is_named_by_the_hospital(
    backend: LiveBackend, sites: dict[str, PlayedSite], confirmed: AuditHead
) -> None:
    """Every record follows the one before again, so that the chain alone shows nothing."""
    with unit_of_work(backend.platform.database) as session:
        event_ids = session.scalars(select(AuditRecord.event_id).order_by(AuditRecord.number)).all()
        session.execute(update(Event).where(Event.id == event_ids[0]).values(message="nothing happened"))
        session.expire_all()
        session.execute(delete(AuditRecord))
        session.expunge_all()
        for event_id in event_ids:
            audit_chain.append(session, session.get_one(Event, event_id))
            session.flush()
    found = verified(backend)
    assert not found["intact"]
    problem = found["problems"][0]
    assert (problem["number"], "is not what north confirmed" in problem["problem"]) == (confirmed.number, True)


def test_a_hub_that_drops_its_last_records_is_named(
    backend: LiveBackend, sites: dict[str, PlayedSite], confirmed: AuditHead
) -> None:
    with unit_of_work(backend.platform.database) as session:
        rows = session.scalars(select(AuditRecord).where(AuditRecord.number >= confirmed.number)).all()
        session.execute(delete(Event).where(Event.id.in_([row.event_id for row in rows])))
        session.execute(delete(AuditRecord).where(AuditRecord.number >= confirmed.number))
    found = verified(backend)
    assert not found["intact"]
    assert "removed: north confirmed" in found["problems"][0]["problem"]


@pytest.mark.parametrize(
    ("own", "words"), [(own_head(2), "had 4 lines and has 2 now"), (own_head(4, "c"), "another line 4 than before")]
)
def test_a_hospital_whose_record_is_other_than_before_is_told_of(
    backend: LiveBackend, sites: dict[str, PlayedSite], confirmed: AuditHead, own: AuditHead, words: str
) -> None:
    assert poll(sites["north"], own, confirmed).status_code == 200
    [event] = backend.get("/events", kind="site", level="error")
    assert words in event["message"]
    assert event["site_slug"] == "north"


def test_a_head_counts_that_the_site_signed(
    backend: LiveBackend, sites: dict[str, PlayedSite], confirmed: AuditHead
) -> None:
    answer = poll(sites["north"], own_head(9), confirmed, SigningKey.generate())
    assert (answer.status_code, answer.json()["error"]) == (401, "request_signature_refused")
