"""Sign-in, and the state of the system."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from backend import VERSION
from backend.contracts.values import Id
from backend.db.models import Worker
from backend.dependencies import (
    PlatformDep,
    ReadSession,
    SettingsDep,
    WriteSession,
    session_cookie,
)
from backend.disks import disk_record, platform_disks
from backend.paging import PageDep
from backend.policy import Anybody, CanRead, OwnAccount
from backend.users import service, tokens
from backend.users.schemas import (
    HealthRecord,
    NewToken,
    SessionCreate,
    SessionRecord,
    SystemRecord,
    TokenCreate,
    TokenRecord,
    WorkerRecord,
)

public_router = APIRouter(tags=["session"])
router = APIRouter(tags=["session"])


@public_router.get("/health")
def get_health(_: Anybody, session: ReadSession) -> HealthRecord:
    """Answers as soon as the backend serves and its database answers, else 503; needs no sign-in."""
    session.execute(select(1))
    return HealthRecord(status="ok", version=VERSION)


@public_router.post("/session")
def create_session(
    _: Anybody, body: SessionCreate, request: Request, response: Response, session: WriteSession, settings: SettingsDep
) -> SessionRecord:
    """Sign in with a token. The answer sets the cookie `fedsm_session_<port>`."""
    user, secret = service.open_session(session, body.token, settings)
    response.set_cookie(
        session_cookie(settings),
        secret,
        max_age=settings.session_days * 86_400,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return SessionRecord(user=user)


@public_router.delete("/session", status_code=204)
def delete_session(
    _: Anybody, request: Request, response: Response, session: WriteSession, settings: SettingsDep
) -> None:
    """Sign out."""
    service.close_session(session, request.cookies.get(session_cookie(settings)))
    response.delete_cookie(session_cookie(settings), path="/", httponly=True, samesite="strict")


@router.get("/session")
def get_session(user: OwnAccount) -> SessionRecord:
    """Who is signed in."""
    return SessionRecord(user=user)


@router.get("/tokens")
def list_tokens(user: OwnAccount, session: ReadSession, page: PageDep) -> list[TokenRecord]:
    """Your personal tokens, the newest first."""
    return [TokenRecord.model_validate(row) for row in page.of(tokens.list_tokens(session, user), lambda row: row.id)]


@router.post("/tokens", status_code=201)
def create_token(user: OwnAccount, body: TokenCreate, session: WriteSession) -> NewToken:
    """Make a personal token for a script: `Authorization: Bearer ...`. It is shown this once."""
    row, token = tokens.create_token(session, user, body.name, body.days)
    return NewToken(token=token, **TokenRecord.model_validate(row).model_dump())


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(user: OwnAccount, token_id: Id, session: WriteSession) -> None:
    """From now on the token lets nobody in."""
    tokens.revoke_token(session, user, token_id)


@router.get("/system")
def get_system(_user: CanRead, platform: PlatformDep, session: ReadSession) -> SystemRecord:
    """Version, database, broker, workers, and how full their disks are."""
    workers = session.scalars(select(Worker).order_by(Worker.name)).all()
    return SystemRecord(
        version=VERSION,
        database=platform.database.dialect,
        broker_connected=platform.queue.is_connected(),
        disks=[disk_record(disk) for disk in platform_disks(platform.settings)],
        workers=[WorkerRecord.model_validate(worker) for worker in workers],
    )
