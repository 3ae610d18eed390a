"""Sign-in, and the state of the system."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from backend import VERSION
from backend.contracts.values import Id
from backend.db.models import Worker
from backend.db.session import unit_of_work
from backend.dependencies import (
    CallerDep,
    PlatformDep,
    ReadSession,
    SettingsDep,
    WriteSession,
    client_address,
    session_secret,
)
from backend.disks import disk_record, platform_disks
from backend.errors import Conflict, InvalidInput
from backend.events import service as events
from backend.paging import PageDep
from backend.policy import Anybody, CanFollowSomewhere, OwnAccount
from backend.session_cookies import clear_cookie, set_cookie
from backend.users import accounts, service, tokens
from backend.users.schemas import (
    HealthRecord,
    NewToken,
    PasswordChange,
    SessionCreate,
    SessionRecord,
    SystemRecord,
    TokenCreate,
    TokenRecord,
    WorkerRecord,
)
from backend.users.session_records import session_record

public_router = APIRouter(tags=["session"])
router = APIRouter(tags=["session"])


@public_router.get("/health")
def get_health(_: Anybody, session: ReadSession) -> HealthRecord:
    """Answers as soon as the backend serves and its database answers, else 503; needs no sign-in."""
    session.execute(select(1))
    return HealthRecord(status="ok", version=VERSION)


@public_router.post("/session")
def create_session(
    _: Anybody, body: SessionCreate, request: Request, response: Response, platform: PlatformDep
) -> SessionRecord:
    """Sign in with a name and a password, or with the administrator's token. The answer sets the cookie
    `fedsm_session_<port>`."""
    address = client_address(request)
    if body.token is not None:
        secret = service.sign_in_by_token(platform, body.token, address)
    elif body.name is not None and body.password is not None:
        secret = service.sign_in_by_password(platform, body.name, body.password, body.code, address)
    else:
        field = "password" if body.name is not None else "name"
        raise InvalidInput.of_field(field, "(absent)", "is required", "give name and password, or a token")
    set_cookie(request, response, platform.settings, secret)
    return session_record(platform.database, service.caller_of_session(platform.database, platform.settings, secret))


@public_router.delete("/session", status_code=204)
def delete_session(
    _: Anybody, request: Request, response: Response, session: WriteSession, settings: SettingsDep
) -> None:
    """Sign out. The browser forgets what it has stored of the platform."""
    service.close_session(session, session_secret(request, settings))
    clear_cookie(request, response, settings)


@router.get("/session")
def get_session(_user: OwnAccount, caller: CallerDep, platform: PlatformDep) -> SessionRecord:
    """Who is signed in, and what they may do."""
    return session_record(platform.database, caller)


@router.put("/session/password", status_code=204)
def change_password(
    _user: OwnAccount, caller: CallerDep, body: PasswordChange, request: Request, platform: PlatformDep
) -> None:
    """Change your password. Your other sign-ins end; this one goes on."""
    tokens.require_person(caller, "change a password")
    if caller.user_id is None:
        raise Conflict("the administrator's token has no password: set FEDSM_ADMIN_TOKEN and start the backend again")
    accounts.change_password(
        platform, caller, body.password, body.new_password, session_secret(request, platform.settings)
    )


@router.delete("/sessions", status_code=204)
def sign_out_everywhere(
    user: OwnAccount, caller: CallerDep, request: Request, response: Response, platform: PlatformDep
) -> None:
    """End every sign-in of yours, this one too. Tokens stay: revoke those one by one."""
    tokens.require_person(caller, "end sign-ins")
    with unit_of_work(platform.database) as session:
        service.close_sessions(session, caller.user_id)
        events.record(session, "user", f"{user} signed out everywhere.", user)
    clear_cookie(request, response, platform.settings)


@router.get("/tokens")
def list_tokens(_user: OwnAccount, caller: CallerDep, session: ReadSession, page: PageDep) -> list[TokenRecord]:
    """Your personal tokens, the newest first."""
    rows = tokens.list_tokens(session, caller.user_id)
    return [TokenRecord.model_validate(row) for row in page.of(rows, lambda row: row.id)]


@router.post("/tokens", status_code=201)
def create_token(_user: OwnAccount, caller: CallerDep, body: TokenCreate, session: WriteSession) -> NewToken:
    """Make a personal token for a script: `Authorization: Bearer ...`. It is shown this once. A personal token makes
    none."""
    row, token = tokens.create_token(session, caller, body.name, body.days, body.scope)
    return NewToken(token=token, **TokenRecord.model_validate(row).model_dump())


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(user: OwnAccount, caller: CallerDep, token_id: Id, session: WriteSession) -> None:
    """From now on the token lets nobody in."""
    tokens.revoke_token(session, caller.user_id, token_id, user)


@router.get("/system")
def get_system(_user: CanFollowSomewhere, platform: PlatformDep, session: ReadSession) -> SystemRecord:
    """Version, database, broker, workers, and how full their disks are."""
    workers = session.scalars(select(Worker).order_by(Worker.name)).all()
    return SystemRecord(
        version=VERSION,
        database=platform.database.dialect,
        broker_connected=platform.queue.is_connected(),
        disks=[disk_record(disk) for disk in platform_disks(platform.settings)],
        workers=[WorkerRecord.model_validate(worker) for worker in workers],
    )
