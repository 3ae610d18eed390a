"""Users: who has an account, in which role, and what of it is taken away again."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.access.caller import ADMIN, Caller
from backend.access.group_roles import GroupRole
from backend.access.matrix import Permission, Role, in_words
from backend.clock import now
from backend.db.lookup import get_row
from backend.db.models import ApiToken, EmailChoice, Federation, MembershipRow, Site, User, UserIdentity
from backend.db.session import read_only, unit_of_work
from backend.errors import Conflict, InvalidInput, NameTaken, NotFound, WrongPassword
from backend.events import service as events
from backend.platform import Platform
from backend.users import group_grants, second_factor
from backend.users.passwords import hash_password, is_password
from backend.users.schemas import MemberRecord, UserRecord
from backend.users.service import close_sessions, renew_proof

#: They stand under what the platform itself does.
RESERVED_NAMES = frozenset({ADMIN, events.BACKEND, "coordinator", "simulated", "worker"})


def require_free_name(session: Session, name: str) -> str:
    """The name as it is stored. Raises NameTaken, also for one whose user was removed."""
    name = name.strip().lower()
    if name in RESERVED_NAMES:
        raise InvalidInput.of_field("name", name, "is a word of the platform", "choose another name")
    if session.scalar(select(User.id).where(User.name == name)) is not None:
        raise name_taken(name)
    return name


def name_taken(name: str) -> NameTaken:
    return NameTaken(f"there is already a user {name!r}: choose another name, or give the password of this one")


def list_users(session: Session, caller: Caller) -> list[UserRecord]:
    """By name. All for an administrator; for others those of the federations whose members they manage, in these
    federations alone."""
    federations = caller.federations(Permission.MANAGE_MEMBERS)
    query = select(User).where(User.removed_at.is_(None)).order_by(User.name)
    if federations is not None:
        members = select(MembershipRow.user_id).where(MembershipRow.federation_id.in_(federations))
        query = query.where(User.id.in_(members))
    users = list(session.scalars(query))
    return user_records(session, users, federations, may_see_tokens=caller.may(Permission.MANAGE_USERS))


def user_records(
    session: Session, users: Sequence[User], federations: frozenset[str] | None, may_see_tokens: bool
) -> list[UserRecord]:
    ids = [user.id for user in users]
    query = select(MembershipRow).where(MembershipRow.user_id.in_(ids)).order_by(MembershipRow.created_at)
    if federations is not None:
        query = query.where(MembershipRow.federation_id.in_(federations))
    roles: dict[str, dict[tuple[str, str, str | None], list[str]]] = defaultdict(dict)
    for row in session.scalars(query):
        sites = roles[row.user_id].setdefault((row.federation_id, row.role, row.given_by_group), [])
        if row.site_id is not None:
            sites.append(row.site_id)
    tokens = session.scalars(select(ApiToken.user_id).where(ApiToken.user_id.in_(ids))).all()
    protected = second_factor.holders(session, ids)
    return [
        UserRecord(
            id=user.id,
            name=user.name,
            is_administrator=user.administers,
            administrator_by_group=user.administrator_by_group,
            created_at=user.created_at,
            created_by=user.created_by,
            last_seen_at=user.last_seen_at,
            num_tokens=tokens.count(user.id) if may_see_tokens else None,
            has_second_factor=user.id in protected if may_see_tokens else None,
            memberships=[
                MemberRecord(federation_id=federation_id, role=Role(role), site_ids=site_ids, given_by_group=group)
                for (federation_id, role, group), site_ids in roles[user.id].items()
            ],
        )
        for user in users
    ]


def get_user(session: Session, user_id: str) -> User:
    """Raises NotFound, also for one that was removed."""
    user = get_row(session, User, user_id)
    if user.removed_at is not None:
        raise NotFound(f"there is no user {user_id!r}")
    return user


def add_user(session: Session, name: str, password_hash: str, actor: str) -> User:
    user = User(
        name=require_free_name(session, name),
        password_hash=password_hash,
        is_administrator=False,
        created_at=now(),
        created_by=actor,
    )
    session.add(user)
    session.flush()
    return user


def set_role(session: Session, user: User, federation_id: str, role: Role, site_ids: Sequence[str], actor: str) -> None:
    """In place of the role that was given by hand in the federation. Raises InvalidInput for sites that do not fit."""
    federation = get_row(session, Federation, federation_id)
    require_sites(session, federation_id, role, site_ids)
    session.execute(
        delete(MembershipRow).where(
            MembershipRow.user_id == user.id,
            MembershipRow.federation_id == federation_id,
            MembershipRow.given_by_group.is_(None),
        )
    )
    for site_id in dict.fromkeys(site_ids) or (None,):
        session.add(
            MembershipRow(
                user_id=user.id,
                federation_id=federation_id,
                role=role.value,
                site_id=site_id,
                created_at=now(),
                created_by=actor,
            )
        )
    session.flush()
    message = f"{user.name} is {in_words(role)} of {federation.name} now, by {actor}."
    events.record(session, "user", message, actor, federation_id=federation_id)


def require_sites(session: Session, federation_id: str, role: Role, site_ids: Sequence[str]) -> None:
    """Raises InvalidInput: a site manager has sites of the federation, and nobody else has any."""
    if role == Role.ADMINISTRATOR:
        remedy = "choose another role; administrators are of the whole installation"
        raise InvalidInput.of_field("role", role, "is no role in one federation", remedy)
    if (role == Role.SITE_MANAGER) != bool(site_ids):
        problem = "are left out" if role == Role.SITE_MANAGER else f"are given to a {in_words(role)}"
        remedy = "name the sites of a site manager, and of nobody else"
        raise InvalidInput.of_field("site_ids", ", ".join(site_ids) or "(none)", problem, remedy)
    known = set(session.scalars(select(Site.id).where(Site.federation_id == federation_id)))
    for site_id in site_ids:
        if site_id not in known:
            raise InvalidInput.of_field("site_ids", site_id, "is no site of this federation", "give one of its sites")


def remove_member(session: Session, rules: Sequence[GroupRole], user_id: str, federation_id: str, actor: str) -> None:
    """The user keeps account and other roles, also in the federation those that groups give by the rules. Raises
    NotFound for somebody who is no member, Conflict for one by a group alone."""
    federation = get_row(session, Federation, federation_id)
    user = get_user(session, user_id)
    query = select(MembershipRow).where(MembershipRow.user_id == user_id, MembershipRow.federation_id == federation_id)
    rows = session.scalars(query).all()
    if not rows:
        raise NotFound(f"{user.name} has no role in {federation.name}")
    taken = [row for row in rows if row.given_by_group is None or not group_grants.gives(session, rules, row)]
    if not taken:
        group = rows[0].given_by_group
        raise Conflict(f"{user.name} has the role by the group {group} of the provider: {group_grants.REMEDY}")
    for row in taken:
        session.delete(row)
    message = f"{actor} took the role of {user.name} in {federation.name} away."
    events.record(session, "user", message, actor, federation_id=federation_id)


def make_administrator(session: Session, user: User, actor: str) -> None:
    """By hand, besides what groups make of the user."""
    if not user.is_administrator:
        user.is_administrator = True
        events.record(session, "user", f"{actor} made {user.name} an administrator.", actor, level="warning")


def unmake_administrator(session: Session, rules: Sequence[GroupRole], user: User, actor: str) -> None:
    """Raises Conflict for one by a group that still makes one by the rules."""
    group = user.administrator_by_group
    if group is not None and group_grants.makes_administrator(session, rules, user):
        raise Conflict(f"{user.name} is an administrator by the group {group} of the provider: {group_grants.REMEDY}")
    if user.administers:
        user.is_administrator, user.administrator_by_group = False, None
        message = f"{actor} took the rights of an administrator from {user.name}."
        events.record(session, "user", message, actor, level="warning")


def sign_out_user(session: Session, user: User, actor: str) -> None:
    """Ends every session of the user; tokens stay."""
    number = close_sessions(session, user.id)
    events.record(session, "user", f"{actor} ended {number} sign-in(s) of {user.name}.", actor)


def remove_user(session: Session, user: User, caller: Caller) -> None:
    """Ends sessions, tokens and roles at once. The name stays taken. Raises Conflict for oneself."""
    if user.id == caller.user_id:
        raise Conflict("you cannot remove yourself: another administrator can")
    close_sessions(session, user.id)
    session.execute(delete(ApiToken).where(ApiToken.user_id == user.id))
    session.execute(delete(MembershipRow).where(MembershipRow.user_id == user.id))
    session.execute(delete(EmailChoice).where(EmailChoice.user_id == user.id))
    second_factor.remove(session, user.id)
    remove_identities(session, user.id)
    user.removed_at, user.is_administrator, user.administrator_by_group = now(), False, None
    user.password_hash = ""
    events.record(session, "user", f"{caller.name} removed the user {user.name}.", caller.name)


def remove_identities(session: Session, user_id: str | None) -> int:
    """A user's accounts at providers of single sign-on let nobody in any more. Gives their number."""
    done = session.execute(delete(UserIdentity).where(UserIdentity.user_id == user_id))
    return int(done.rowcount)  # type: ignore[attr-defined]  # a result of DELETE has it


def change_password(platform: Platform, caller: Caller, old: str, new: str, secret: str | None) -> None:
    """Ends every other session of the user. Raises WrongPassword. secret: the cookie of the session that stays."""
    assert caller.user_id is not None
    with read_only(platform.database) as session:
        stored = get_user(session, caller.user_id).password_hash
    if not is_password(old, stored):
        raise WrongPassword("the present password is another one: give it once more")
    password_hash = hash_password(new)  # outside the transaction: it takes long
    with unit_of_work(platform.database) as session:
        user = get_user(session, caller.user_id)
        set_password(session, user, password_hash)
        if secret is not None:
            renew_proof(session, platform.settings, secret, user)


def set_password(session: Session, user: User, password_hash: str) -> None:
    """What was bound to the old one ends."""
    user.password_hash = password_hash
    session.flush()
    events.record(session, "user", f"{user.name} set a new password; other sign-ins have ended.", user.name)
