"""Invitations by link: a code that works once, for seven days, of which only the hash is stored."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.access.caller import Caller
from backend.access.matrix import Permission, Role, in_words
from backend.clock import now
from backend.db.lookup import get_row
from backend.db.models import Federation, Invitation, Site, User
from backend.db.session import read_only, unit_of_work
from backend.errors import Conflict, Gone, NotFound
from backend.events import service as events
from backend.platform import Platform
from backend.users import accounts
from backend.users.passwords import hash_password, is_password
from backend.users.schemas import InvitationRecord, SeenInvitation
from backend.users.service import find_user, open_session, pass_second_factor

VALID = timedelta(days=7)


@dataclass(frozen=True)
class Wish:
    """What the invited send. name, password: new ones, or those of a user that there is already."""

    code: str
    name: str
    password: str
    second_code: str | None = None


def invite(
    session: Session, caller: Caller, label: str, federation_id: str | None, role: Role, site_ids: Sequence[str]
) -> tuple[Invitation, str]:
    """The row, and the code, which nobody can read again. Without a federation: to be an administrator."""
    to = "the installation"
    if federation_id is not None:
        to = get_row(session, Federation, federation_id).name
        accounts.require_sites(session, federation_id, role, site_ids)
    row, code = _store(session, caller, label, federation_id, role, site_ids, None)
    message = f"{caller.name} invited {label!r} to {to} as {in_words(role)}."
    events.record(session, "user", message, caller.name, federation_id=federation_id)
    return row, code


def password_link(session: Session, caller: Caller, user: User) -> tuple[Invitation, str]:
    """With which a user who forgot the password sets a new one."""
    row, code = _store(session, caller, user.name, None, Role.READER, (), user.id)
    events.record(session, "user", f"{caller.name} made a link for a new password of {user.name}.", caller.name)
    return row, code


def _store(
    session: Session,
    caller: Caller,
    label: str,
    federation_id: str | None,
    role: Role,
    site_ids: Sequence[str],
    user_id: str | None,
) -> tuple[Invitation, str]:
    code = secrets.token_urlsafe(32)
    row = Invitation(
        code_sha256=_hash(code),
        label=label,
        federation_id=federation_id,
        user_id=user_id,
        role=role.value,
        site_ids=list(site_ids),
        created_at=now(),
        created_by=caller.name,
        expires_at=now() + VALID,
    )
    session.add(row)
    session.flush()
    return row, code


def list_invitations(session: Session, caller: Caller) -> list[InvitationRecord]:
    """Those that can still be used, the newest first, of the federations whose members the caller manages."""
    query = select(Invitation).where(
        Invitation.used_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > now()
    )
    federations = caller.federations(Permission.MANAGE_MEMBERS)
    if federations is not None:
        query = query.where(Invitation.federation_id.in_(federations))
    rows = session.scalars(query.order_by(Invitation.created_at.desc(), Invitation.id))
    return [invitation_record(row) for row in rows]


def invitation_record(row: Invitation) -> InvitationRecord:
    return InvitationRecord(
        id=row.id,
        label=row.label,
        federation_id=row.federation_id,
        role=None if row.user_id is not None else Role(row.role),
        site_ids=row.site_ids,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
    )


def revoke(session: Session, invitation_id: str, actor: str) -> None:
    """The link stops working. Revoking again, or one that was used, changes nothing."""
    row = get_row(session, Invitation, invitation_id)
    if row.revoked_at is None and row.used_at is None:
        row.revoked_at = now()
        message = f"{actor} revoked the invitation of {row.label!r}."
        events.record(session, "user", message, actor, federation_id=row.federation_id)


def look(platform: Platform, code: str, address: str) -> SeenInvitation:
    """What the invited see before they accept. Raises NotFound, Gone, TooManyRequests."""
    platform.rates.require_few_failures(address)
    with read_only(platform.database) as session:
        row = find(session, platform, code, address)
        federation = None if row.federation_id is None else session.get(Federation, row.federation_id)
        user = None if row.user_id is None else accounts.get_user(session, row.user_id)
        sites = session.scalars(select(Site.name).where(Site.id.in_(row.site_ids)).order_by(Site.position))
        return SeenInvitation(
            label=row.label,
            federation=None if federation is None else federation.name,
            role=None if user is not None else Role(row.role),
            sites=list(sites),
            name=None if user is None else user.name,
            created_by=row.created_by,
            expires_at=row.expires_at,
        )


def find(session: Session, platform: Platform, code: str, address: str) -> Invitation:
    """Raises NotFound for an unknown code, which is counted, and Gone for one that was used or revoked, or expired."""
    row = session.scalars(select(Invitation).where(Invitation.code_sha256 == _hash(code)).with_for_update()).first()
    if row is None:
        platform.rates.count_failure(address)
        raise NotFound("there is no invitation at this link: check that the whole link was copied")
    ends: tuple[tuple[datetime | None, str], ...] = (
        (row.used_at, "was used"),
        (row.revoked_at, "was revoked"),
        (row.expires_at if row.expires_at < now() else None, "expired"),
    )
    for at, what in ends:
        if at is not None:
            raise Gone(f"this link {what} on {at:%Y-%m-%d}: ask {row.created_by} for another one")
    return row


def accept(platform: Platform, wish: Wish, address: str) -> str:
    """Makes the account, or gives the role to the user of this name and password, or sets a new password; the link is
    used up then. The cookie's secret of a new session. Raises NotFound, Gone, NameTaken, InvalidInput,
    SecondFactorNeeded, WrongCode."""
    platform.rates.require_few_failures(address)
    known = _known(platform, wish, address)
    if known is not None:
        pass_second_factor(platform, known, wish.second_code, address)
    password_hash = hash_password(wish.password)
    with unit_of_work(platform.database) as session:
        row = find(session, platform, wish.code, address)
        row.used_at = now()
        if row.user_id is not None:
            user = accounts.get_user(session, row.user_id)
            accounts.set_password(session, user, password_hash)
        else:
            user = _take_role(session, row, wish.name, known, password_hash)
        row.used_by = user.name
        return open_session(session, platform.settings, user)


def accept_as(
    session: Session, platform: Platform, code: str, known: User | None, name: str | None, address: str
) -> User:
    """The same for somebody whom a provider of single sign-on vouches for, under the name that it knows.

    known: the user who signs in by this account of the provider already. Raises NotFound, Gone, NameTaken,
    InvalidInput."""
    platform.rates.require_few_failures(address)
    row = find(session, platform, code, address)
    if row.user_id is not None:
        raise Conflict("this link sets a new password: open it, or sign in without it")
    row.used_at = now()
    # Of a user without a password nobody knows it: a link of an administrator can set one.
    user = _take_role(session, row, name or row.label, known, hash_password(secrets.token_urlsafe(32)))
    row.used_by = user.name
    return user


def _known(platform: Platform, wish: Wish, address: str) -> User | None:
    """The user of this name and password, or whose password the link sets; None where there is no user of this name.
    A wrong password is counted, and raises NameTaken: the invitation lets nobody guess."""
    with read_only(platform.database) as session:
        row = find(session, platform, wish.code, address)
        if row.user_id is not None:
            return accounts.get_user(session, row.user_id)
        user = find_user(session, wish.name)
    if user is None:
        return None
    if not is_password(wish.password, user.password_hash):
        platform.rates.count_failure(address)
        raise accounts.name_taken(user.name)
    return user


def _take_role(session: Session, row: Invitation, name: str, known: User | None, password_hash: str) -> User:
    if known is not None:
        user = accounts.get_user(session, known.id)
    else:
        user = accounts.add_user(session, name, password_hash, row.created_by)
    message = f"{user.name} accepted the invitation of {row.label!r} by {row.created_by}."
    events.record(session, "user", message, user.name, federation_id=row.federation_id)
    if row.federation_id is None:
        accounts.make_administrator(session, user, row.created_by)
    else:
        # Of a site that was removed meanwhile nobody is the manager.
        known_sites = set(session.scalars(select(Site.id).where(Site.federation_id == row.federation_id)))
        sites = [site_id for site_id in row.site_ids if site_id in known_sites]
        accounts.set_role(session, user, row.federation_id, Role(row.role), sites, row.created_by)
    return user


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
