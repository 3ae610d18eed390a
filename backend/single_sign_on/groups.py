"""Roles by groups of the provider: given and taken away at each sign-in there. A role given by hand stays apart."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.access.group_roles import GroupRole
from backend.access.matrix import Role, in_words
from backend.clock import now
from backend.db.lookup import lock_row
from backend.db.models import Federation, MembershipRow, Site, User
from backend.events import service as events

#: Federation, role and site of a membership.
_Place = tuple[str, str, str | None]


def held_by(rules: Sequence[GroupRole], groups: frozenset[str]) -> list[GroupRole]:
    """What these groups give."""
    return [rule for rule in rules if rule.group in groups]


def apply(session: Session, user: User, held: Sequence[GroupRole]) -> None:
    """The user has what the groups give now, and nothing that groups gave before. Each change is an event, and so is
    a rule for something that is not there."""
    session.flush()
    lock_row(session, User, user.id)  # two sign-ins at once would both give what neither sees of the other
    _set_administrator(session, user, held)
    wanted = dict(_places(session, user, held))
    query = select(MembershipRow).where(MembershipRow.user_id == user.id, MembershipRow.given_by_group.is_not(None))
    for row in session.scalars(query).all():
        group = wanted.pop((row.federation_id, row.role, row.site_id), None)
        if group is None:
            session.delete(row)
            _record(session, user, row, "is no longer {}; the role came by the group {} of the provider")
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
        _record(session, user, row, "is {} now, by the group {} of the provider")
    session.flush()


def _set_administrator(session: Session, user: User, held: Sequence[GroupRole]) -> None:
    group = next((rule.group for rule in held if rule.role == Role.ADMINISTRATOR), None)
    before, user.administrator_by_group = user.administrator_by_group, group
    if (before is None) != (group is None):
        message = (
            f"{user.name} is an administrator now, by the group {group} of the provider."
            if group is not None
            else f"{user.name} is no longer an administrator; the role came by the group {before} of the provider."
        )
        events.record(session, "user", message, events.BACKEND, level="warning")


def _places(session: Session, user: User, held: Sequence[GroupRole]) -> Iterator[tuple[_Place, str]]:
    for rule in held:
        if rule.federation is None:
            continue
        federation = session.scalar(select(Federation).where(Federation.name == rule.federation))
        if federation is None:
            _record_lack(session, user, rule, f"there is no federation {rule.federation!r}")
            continue
        of_federation = session.scalars(select(Site).where(Site.federation_id == federation.id))
        sites = {site.slug: site.id for site in of_federation}
        for slug in rule.sites:
            if slug in sites:
                yield (federation.id, rule.role.value, sites[slug]), rule.group
            else:
                _record_lack(session, user, rule, f"{federation.name} has no site {slug!r}", federation.id)
        if not rule.sites:
            yield (federation.id, rule.role.value, None), rule.group


def _record(session: Session, user: User, row: MembershipRow, done: str) -> None:
    """done: with places for role and group."""
    federation = session.get_one(Federation, row.federation_id)
    said = done.format(f"{in_words(Role(row.role))} of {federation.name}", row.given_by_group)
    events.record(session, "user", f"{user.name} {said}.", events.BACKEND, federation_id=federation.id)


def _record_lack(session: Session, user: User, rule: GroupRole, lack: str, federation_id: str | None = None) -> None:
    """A rule names federation and sites as they are called now: after a new name it gives nothing."""
    message = (
        f"{user.name} is no {in_words(rule.role)} by the group {rule.group} of the provider: {lack}, which "
        "FEDSM_OIDC_ROLES names. After a new name, change the setting and start the backend again."
    )
    events.record(session, "user", message, events.BACKEND, level="warning", federation_id=federation_id)
