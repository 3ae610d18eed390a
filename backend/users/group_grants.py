"""Whether groups of the provider still give a role. One that they do not give any more may be taken away by hand."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.access.group_roles import GroupRole
from backend.access.matrix import Role
from backend.db.models import Federation, MembershipRow, Site, User, UserIdentity

#: What to do with a role that a group still gives.
REMEDY = (
    "take the person out of the group there, and the next sign-in there takes the role away; to take it away at once, "
    "remove the user here too"
)


def makes_administrator(session: Session, rules: Sequence[GroupRole], user: User) -> bool:
    """Whether the next sign-in could leave the user an administrator by the same group."""
    group = user.administrator_by_group
    named = any(rule.group == group and rule.role == Role.ADMINISTRATOR for rule in rules)
    return named and _is_connected(session, user.id)


def gives(session: Session, rules: Sequence[GroupRole], row: MembershipRow) -> bool:
    """Whether the next sign-in could leave the user this role by the same group."""
    federation = session.get_one(Federation, row.federation_id)
    slug = None if row.site_id is None else session.get_one(Site, row.site_id).slug
    named = any(
        (rule.group, rule.role, rule.federation) == (row.given_by_group, row.role, federation.name)
        and (slug is None or slug in rule.sites)
        for rule in rules
    )
    return named and _is_connected(session, row.user_id)


def _is_connected(session: Session, user_id: str) -> bool:
    """Nobody else signs in at the provider any more, so that no sign-in takes the role away."""
    return session.scalars(select(UserIdentity.subject).where(UserIdentity.user_id == user_id)).first() is not None
