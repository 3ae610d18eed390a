"""Roles by groups of a provider, where no sign-in there takes them away: disconnected, another rule, another name."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from backend.access.group_roles import GroupRole
from backend.clock import now
from backend.db.models import MembershipRow, User, UserIdentity
from backend.db.session import read_only, unit_of_work
from backend.single_sign_on import groups
from tests.backend.conftest import DISC
from tests.backend.live_backend import LiveBackend
from tests.backend.people import Person, make_person

PLATFORM = GroupRole(group="platform", role="administrator")
EYES = GroupRole(group="eyes", role="researcher", federation="Eyes")


@pytest.fixture
def eyes(backend: LiveBackend) -> str:
    return str(backend.post("/federations", {"name": "Eyes", "task": DISC})["id"])


def set_rules(backend: LiveBackend, monkeypatch: pytest.MonkeyPatch, *rules: GroupRole) -> None:
    monkeypatch.setattr(backend.platform.settings, "oidc_issuer", "https://login.example.org")
    monkeypatch.setattr(backend.platform.settings, "oidc_roles", rules)


def came_by_groups(backend: LiveBackend, user_id: str, held: Sequence[GroupRole]) -> None:
    """As at a sign-in there."""
    with unit_of_work(backend.platform.database) as session:
        if session.get(UserIdentity, ("https://login.example.org", user_id)) is None:
            identity = UserIdentity(issuer="https://login.example.org", subject=user_id, user_id=user_id)
            identity.created_at = now()
            session.add(identity)
        groups.apply(session, session.get_one(User, user_id), held)


def has(backend: LiveBackend, name: str) -> dict[str, Any]:
    [user] = [user for user in backend.get("/users") if user["name"] == name]
    return {"administrator": user["is_administrator"], "roles": [member["role"] for member in user["memberships"]]}


def said(backend: LiveBackend) -> list[str]:
    return [event["message"] for event in backend.get("/events", kind="user")]


def test_who_disconnects_loses_what_groups_gave(
    backend: LiveBackend, eyes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rules(backend, monkeypatch, PLATFORM, EYES)
    jo = make_person(backend, "jo", eyes, "reader")
    came_by_groups(backend, jo.id, (PLATFORM, EYES))
    assert has(backend, "jo") == {"administrator": True, "roles": ["reader", "researcher"]}
    assert jo.request("DELETE", "/session/single-sign-on").status_code == 204
    assert has(backend, "jo") == {"administrator": False, "roles": ["reader"]}
    words = said(backend)
    assert "jo is no longer researcher of Eyes; the role came by the group eyes of the provider." in words
    assert "jo is no longer an administrator; the role came by the group platform of the provider." in words


def taken(backend: LiveBackend, eyes: str, jo: Person) -> list[int]:
    """By hand: the role of an administrator, and the one in the federation."""
    answers = [
        backend.admin.patch(f"/api/v1/users/{jo.id}", json={"is_administrator": False}),
        backend.admin.delete(f"/api/v1/federations/{eyes}/members/{jo.id}"),
    ]
    for answer in answers:
        assert answer.status_code != 409 or "remove the user here too" in answer.json()["detail"]
    return [answer.status_code for answer in answers]


def test_a_role_that_no_group_gives_any_more_is_taken_by_hand(
    backend: LiveBackend, eyes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rules(backend, monkeypatch, PLATFORM, EYES)
    jo = make_person(backend, "jo", eyes, "reader")
    backend.admin.delete(f"/api/v1/federations/{eyes}/members/{jo.id}")
    came_by_groups(backend, jo.id, (PLATFORM, EYES))
    assert taken(backend, eyes, jo) == [409, 409]
    set_rules(backend, monkeypatch, GroupRole(group="eyes", role="reader", federation="Eyes"))
    assert taken(backend, eyes, jo) == [200, 204]
    assert has(backend, "jo") == {"administrator": False, "roles": []}
    assert taken(backend, eyes, jo) == [200, 404]

    set_rules(backend, monkeypatch, PLATFORM, EYES)
    came_by_groups(backend, jo.id, (PLATFORM, EYES))
    with unit_of_work(backend.platform.database) as session:  # as versions before left those who disconnected
        session.delete(session.get_one(UserIdentity, ("https://login.example.org", jo.id)))
    assert taken(backend, eyes, jo) == [200, 204]


def test_a_rule_for_a_federation_that_has_another_name_now_is_said(
    backend: LiveBackend, eyes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aster = GroupRole(group="aster", role="site_manager", federation="Retina", sites=("aster",))
    set_rules(backend, monkeypatch, EYES, aster)
    jo = make_person(backend, "jo", eyes, "reader")
    came_by_groups(backend, jo.id, (EYES,))
    assert backend.admin.patch(f"/api/v1/federations/{eyes}", json={"name": "Retina"}).status_code == 200
    came_by_groups(backend, jo.id, (EYES, aster))
    assert has(backend, "jo")["roles"] == ["reader"]
    remedy = "After a new name, change the setting and start the backend again."
    for words in (
        "jo is no longer researcher of Retina; the role came by the group eyes of the provider.",
        "jo is no researcher by the group eyes of the provider: there is no federation 'Eyes', which FEDSM_OIDC_ROLES "
        f"names. {remedy}",
        "jo is no site manager by the group aster of the provider: Retina has no site 'aster', which FEDSM_OIDC_ROLES "
        f"names. {remedy}",
    ):
        assert words in said(backend)


@pytest.mark.every_database
def test_two_sign_ins_at_once_give_a_role_once(backend: LiveBackend, eyes: str) -> None:
    user_id = make_person(backend, "jo", eyes, "reader").id
    other = threading.Thread(target=came_by_groups, args=(backend, user_id, (EYES,)))
    came_by_groups(backend, user_id, ())
    with unit_of_work(backend.platform.database) as session:
        groups.apply(session, session.get_one(User, user_id), (EYES,))
        other.start()
        time.sleep(0.3)
    other.join(60)
    with read_only(backend.platform.database) as session:
        by_group = MembershipRow.given_by_group.is_not(None)
        rows = session.scalars(select(MembershipRow).where(MembershipRow.user_id == user_id, by_group)).all()
    assert [row.given_by_group for row in rows] == ["eyes"]
