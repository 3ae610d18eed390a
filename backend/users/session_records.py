"""What a caller may do, for the browser: it hides the rest and says who can."""

from backend.access.caller import Caller
from backend.access.matrix import OF_OWN_SITES, OF_WORKERS, OPEN_TO_ALL, Permission
from backend.db.session import Database, read_only
from backend.events.service import last_event_id
from backend.users.schemas import FederationAccess, SessionRecord

_ASKED = [permission for permission in Permission if permission not in OF_WORKERS | OPEN_TO_ALL]


def session_record(database: Database, caller: Caller) -> SessionRecord:
    with read_only(database) as session:
        newest = last_event_id(session)
    ids = dict.fromkeys(member.federation_id for member in caller.memberships)
    return SessionRecord(
        user=caller.name,
        user_id=caller.user_id,
        way=caller.way,
        scope=caller.scope,
        is_administrator=caller.is_administrator,
        lacks_second_factor=caller.lacks_second_factor,
        permissions=[permission for permission in _ASKED if caller.may(permission)],
        federations=[_access(caller, federation_id) for federation_id in ids],
        last_event_id=newest,
    )


def _access(caller: Caller, federation_id: str) -> FederationAccess:
    sites = [member.site_id for member in caller.memberships if member.federation_id == federation_id]
    named = [site_id for site_id in sites if site_id is not None]
    whole = [permission for permission in _ASKED if caller.may(permission, federation_id)]
    own = [
        permission
        for permission in _ASKED
        if permission in OF_OWN_SITES
        and permission not in whole
        and any(caller.may(permission, federation_id, site_id) for site_id in named)
    ]
    return FederationAccess(
        federation_id=federation_id,
        roles=list(caller.roles(federation_id)),
        permissions=whole,
        own_site_permissions=own,
        site_ids=named,
    )
