"""Who makes a request, and what they may do."""

from dataclasses import dataclass

from backend.access.matrix import (
    GRANTS,
    INSTALLATION,
    OF_ONESELF,
    READING,
    Membership,
    Permission,
    Role,
    Scope,
    Way,
    holders_in_words,
    in_words,
)
from backend.errors import Forbidden

#: The name of the person who signs in with the administrator's token.
ADMIN = "admin"


@dataclass(frozen=True)
class Caller:
    """user_id: None for the administrator's token. credential: which session or token it was, for which the rates of
    requests are counted."""

    name: str
    user_id: str | None
    is_administrator: bool
    memberships: tuple[Membership, ...]
    way: Way
    scope: Scope = "all"
    credential: str = ""
    #: The platform asks for a second factor, which this user has not set up.
    lacks_second_factor: bool = False

    def may(self, permission: Permission, federation_id: str | None = None, site_id: str | None = None) -> bool:
        """Of the installation, or in a federation, at a site of it."""
        if self.scope == "read" and permission not in READING:
            return False
        if permission in OF_ONESELF:
            return True
        if self.lacks_second_factor:
            return False
        if self.is_administrator:
            return permission in GRANTS[Role.ADMINISTRATOR]
        if permission in INSTALLATION:
            return False
        return any(
            member.grants(permission, site_id) for member in self.memberships if member.federation_id == federation_id
        )

    def may_somewhere(self, permission: Permission) -> bool:
        """In one federation, or at one site, at least."""
        return self.may(permission) or any(
            self.may(permission, member.federation_id, member.site_id) for member in self.memberships
        )

    def federations(self, permission: Permission) -> frozenset[str] | None:
        """Where the caller holds it for the whole federation; None: everywhere."""
        if self.is_administrator and self.may(permission):
            return None
        ids = {member.federation_id for member in self.memberships}
        return frozenset(federation_id for federation_id in ids if self.may(permission, federation_id))

    def is_member(self, federation_id: str) -> bool:
        return self.is_administrator or any(member.federation_id == federation_id for member in self.memberships)

    def roles(self, federation_id: str | None) -> tuple[Role, ...]:
        if self.is_administrator:
            return (Role.ADMINISTRATOR,)
        found = {member.role for member in self.memberships if federation_id in (None, member.federation_id)}
        return tuple(role for role in Role if role in found)

    def refusal(self, permission: Permission, federation_id: str | None = None) -> Forbidden:
        """Says who can."""
        if self.lacks_second_factor:
            return Forbidden(
                "this platform asks for a second factor: set it up at the page that follows the sign-in; then all that "
                "your role allows is open"
            )
        who = " and ".join(in_words(role) for role in self.roles(federation_id)) or "user without a role"
        if self.scope == "read" and permission not in READING:
            who = "token of scope read"
        article = "an" if who[0] in "aeiou" else "a"
        return Forbidden(
            f"{article} {who} may not do this: it needs the permission {permission.value!r}, which "
            f"{holders_in_words(permission)} hold"
        )
