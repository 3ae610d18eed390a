"""Users, their roles, and invitations."""

from fastapi import APIRouter, Request, Response

from backend.access.matrix import Role
from backend.contracts.values import Id
from backend.db.models import Invitation
from backend.dependencies import CallerDep, PlatformDep, ReadSession, SettingsDep, WriteSession, client_address
from backend.paging import PageDep
from backend.policy import Anybody, CanManageMembers, CanManageMembersSomewhere, CanManageUsers
from backend.session_cookies import set_cookie
from backend.users import accounts, invitations, service, tokens
from backend.users.schemas import (
    AdministratorInvite,
    InvitationAccept,
    InvitationLook,
    InvitationRecord,
    MemberInvite,
    MemberSet,
    NewInvitation,
    SeenInvitation,
    SessionRecord,
    TokenRecord,
    UserRecord,
    UserUpdate,
)
from backend.users.session_records import session_record

public_router = APIRouter(tags=["users"])
router = APIRouter(tags=["users"])


@router.get("/users")
def list_users(
    _user: CanManageMembersSomewhere, caller: CallerDep, session: ReadSession, page: PageDep
) -> list[UserRecord]:
    """By name: all users for an administrator, for a coordinator the members of the own federations."""
    return list(page.of(accounts.list_users(session, caller), lambda record: record.id))


@router.patch("/users/{user_id}")
def update_user(
    user: CanManageUsers,
    caller: CallerDep,
    user_id: Id,
    body: UserUpdate,
    settings: SettingsDep,
    session: WriteSession,
) -> UserRecord:
    """Make a user an administrator, or an ordinary one again."""
    tokens.require_person(caller, "change who is an administrator")
    row = accounts.get_user(session, user_id)
    if body.is_administrator:
        accounts.make_administrator(session, row, user)
    else:
        accounts.unmake_administrator(session, settings.rules_of_groups, row, user)
    return accounts.user_records(session, [row], None, may_see_tokens=True)[0]


@router.delete("/users/{user_id}", status_code=204)
def remove_user(_user: CanManageUsers, caller: CallerDep, user_id: Id, session: WriteSession) -> None:
    """End a user's sign-ins, tokens and roles at once. What they did stays under their name."""
    accounts.remove_user(session, accounts.get_user(session, user_id), caller)


@router.post("/users/{user_id}/sign-out", status_code=204)
def sign_out_user(user: CanManageUsers, user_id: Id, session: WriteSession) -> None:
    """End every sign-in of a user. Tokens stay."""
    accounts.sign_out_user(session, accounts.get_user(session, user_id), user)


@router.post("/users/{user_id}/password-link", status_code=201)
def create_password_link(_user: CanManageUsers, caller: CallerDep, user_id: Id, session: WriteSession) -> NewInvitation:
    """A link with which a user who forgot the password sets a new one. It is shown this once."""
    tokens.require_person(caller, "make a link for a password")
    return _new(*invitations.password_link(session, caller, accounts.get_user(session, user_id)))


@router.get("/users/{user_id}/tokens")
def list_user_tokens(_user: CanManageUsers, user_id: Id, session: ReadSession, page: PageDep) -> list[TokenRecord]:
    """A user's personal tokens, the newest first."""
    rows = tokens.list_tokens(session, accounts.get_user(session, user_id).id)
    return [TokenRecord.model_validate(row) for row in page.of(rows, lambda row: row.id)]


@router.delete("/users/{user_id}/tokens/{token_id}", status_code=204)
def revoke_user_token(user: CanManageUsers, user_id: Id, token_id: Id, session: WriteSession) -> None:
    """From now on the token lets nobody in."""
    tokens.revoke_token(session, accounts.get_user(session, user_id).id, token_id, user)


@router.put("/federations/{federation_id}/members/{user_id}")
def set_member(
    user: CanManageMembers, caller: CallerDep, federation_id: Id, user_id: Id, body: MemberSet, session: WriteSession
) -> UserRecord:
    """Give a user a role in a federation, in place of the one before."""
    tokens.require_person(caller, "give a role")
    row = accounts.get_user(session, user_id)
    accounts.set_role(session, row, federation_id, body.role, body.site_ids, user)
    return accounts.user_records(session, [row], frozenset({federation_id}), may_see_tokens=False)[0]


@router.delete("/federations/{federation_id}/members/{user_id}", status_code=204)
def remove_member(
    user: CanManageMembers, federation_id: Id, user_id: Id, settings: SettingsDep, session: WriteSession
) -> None:
    """Take a user's role in a federation away."""
    accounts.remove_member(session, settings.rules_of_groups, user_id, federation_id, user)


@router.get("/invitations")
def list_invitations(
    _user: CanManageMembersSomewhere, caller: CallerDep, session: ReadSession, page: PageDep
) -> list[InvitationRecord]:
    """Those that can still be used, the newest first."""
    return list(page.of(invitations.list_invitations(session, caller), lambda record: record.id))


@router.post("/federations/{federation_id}/invitations", status_code=201)
def invite_member(
    _user: CanManageMembers, caller: CallerDep, federation_id: Id, body: MemberInvite, session: WriteSession
) -> NewInvitation:
    """A link with which one person joins a federation. It is shown this once, and works one time, for seven days."""
    tokens.require_person(caller, "invite")
    return _new(*invitations.invite(session, caller, body.label, federation_id, body.role, body.site_ids))


@router.post("/invitations", status_code=201)
def invite_administrator(
    _user: CanManageUsers, caller: CallerDep, body: AdministratorInvite, session: WriteSession
) -> NewInvitation:
    """A link with which one person becomes an administrator of the installation."""
    tokens.require_person(caller, "invite")
    return _new(*invitations.invite(session, caller, body.label, None, Role.ADMINISTRATOR, ()))


@router.delete("/invitations/{invitation_id}", status_code=204)
def revoke_invitation(user: CanManageMembers, invitation_id: Id, session: WriteSession) -> None:
    """The link stops working at once."""
    invitations.revoke(session, invitation_id, user)


@public_router.post("/invitations/look")
def look_at_invitation(_: Anybody, body: InvitationLook, request: Request, platform: PlatformDep) -> SeenInvitation:
    """What an invitation is to, for the holder of its link. 404 for an unknown one, 410 for one that is over."""
    return invitations.look(platform, body.invitation_code, client_address(request))


@public_router.post("/invitations/accept")
def accept_invitation(
    _: Anybody, body: InvitationAccept, request: Request, response: Response, platform: PlatformDep
) -> SessionRecord:
    """Choose a name and a password, or give those that you have; you are signed in then."""
    wish = invitations.Wish(body.invitation_code, body.name, body.password, body.code)
    secret = invitations.accept(platform, wish, client_address(request))
    set_cookie(request, response, platform.settings, secret)
    return session_record(platform.database, service.caller_of_session(platform.database, platform.settings, secret))


def _new(row: Invitation, code: str) -> NewInvitation:
    """The code follows #, so that no server and no log ever reads it."""
    return NewInvitation(path=f"/join#{code}", **invitations.invitation_record(row).model_dump())
