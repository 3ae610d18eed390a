"""Roles by groups of the provider: given and taken away at each sign-in there. A role given by hand stays apart."""

import logging
from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.access.group_roles import GroupRole
from backend.access.matrix import Role, in_words
from backend.clock import now
from backend.db.models import Federation, MembershipRow, Site, User
from backend.events import service as events

logger = logging.getLogger(__name__)

#: Federation, role and site of a membership.
_Place = tuple[str, str, str | None]


def held_by(rules: Sequence[GroupRole], groups: frozenset[str]) -> list[GroupRole]:
    """What these groups give."""
    return [rule for rule in rules if rule.group in groups]


def apply(session: Session, user: User, held: Sequence[GroupRole]) -> None:
    """The user has what the groups give now, and nothing that groups gave before. Each change is an event."""
    _set_administrator(session, user, held)
    wanted = dict(_places(session, held))
    query = select(MembershipRow).where(MembershipRow.user_id == user.id, MembershipRow.given_by_group.is_not(None))
    for row in session.scalars(query).all():
        group = wanted.pop((row.federation_id, row.role, row.site_id), None)
        if group is None:
            session.delete(row)
            _record(session, user, row, "not any more")
        row.given_by_group = group or row.given_by_group
    for (federation_id, role, site_id), group in wanted.items():
        row = MembershipRow(
            user_id=user.id,
            federation_id=federation_id,
            role=role,
            site_id=site_id,
            created_at=now(),
            created_by=events.BACKEND,
            given_by_group=group,
        )
        session.add(row)
        _record(session, user, row, "now")
    session.flush()


def _set_administrator(session: Session, user: User, held: Sequence[GroupRole]) -> None:
    group = next((rule.group for rule in held if rule.role == Role.ADMINISTRATOR), None)
    before, user.administrator_by_group = user.administrator_by_group, group
    if (before is None) != (group is None):
        since = "now" if group is not None else "not any more"
        message = f"{user.name} is an administrator {since}, by the group {group or before} of the provider."
        events.record(session, "user", message, events.BACKEND, level="warning")


def _places(session: Session, held: Sequence[GroupRole]) -> Iterator[tuple[_Place, str]]:
    for rule in held:
        if rule.federation is None:
            continue
        federation = session.scalar(select(Federation).where(Federation.name == rule.federation))
        if federation is None:
            logger.warning("FEDSM_OIDC_ROLES: there is no federation %r, which %r names", rule.federation, rule.group)
            continue
        of_federation = session.scalars(select(Site).where(Site.federation_id == federation.id))
        sites = {site.slug: site.id for site in of_federation}
        for slug in rule.sites:
            if slug in sites:
                yield (federation.id, rule.role.value, sites[slug]), rule.group
            else:
                logger.warning("FEDSM_OIDC_ROLES: %r has no site %r, which %r names", rule.federation, slug, rule.group)
        if not rule.sites:
            yield (federation.id, rule.role.value, None), rule.group


def _record(session: Session, user: User, row: MembershipRow, since: str) -> None:
    federation = session.get_one(Federation, row.federation_id)
    role = in_words(Role(row.role))
    message = f"{user.name} is {role} of {federation.name} {since}, by the group {row.given_by_group} of the provider."
    events.record(session, "user", message, events.BACKEND, federation_id=federation.id)
