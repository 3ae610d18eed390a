"""What endpoints ask for, as Annotated aliases."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from sqlalchemy.orm import Session

from backend.artifacts.store import ArtifactStore
from backend.db.session import read_only, unit_of_work
from backend.platform import Platform
from backend.settings import Settings
from backend.users import service as users
from backend.users import tokens

#: For the OpenAPI document: how a request says whose it is. What they find is read from the request itself.
USER_TOKEN = HTTPBearer(
    auto_error=False, scheme_name="token", description="The administrator's token, or a personal one (POST /tokens)."
)
WORKER_TOKEN = HTTPBearer(
    auto_error=False, scheme_name="workerToken", description="FEDSM_WORKER_TOKEN: for the worker API alone."
)
USER_COOKIE = APIKeyCookie(
    name="fedsm_session_8000",
    auto_error=False,
    scheme_name="cookie",
    description="What POST /session sets. Its name ends with FEDSM_PORT: two platforms on one machine keep theirs.",
)


def session_cookie(settings: Settings) -> str:
    """The cookie's name. Browsers do not tell the ports of a host apart, so the name does."""
    return f"fedsm_session_{settings.port}"


def get_platform(request: Request) -> Platform:
    platform: Platform = request.app.state.platform
    return platform


PlatformDep = Annotated[Platform, Depends(get_platform)]


def get_settings(platform: PlatformDep) -> Settings:
    return platform.settings


def get_artifacts(platform: PlatformDep) -> ArtifactStore:
    return platform.artifacts


def get_write_session(platform: PlatformDep) -> Iterator[Session]:
    with unit_of_work(platform.database) as session:
        yield session


def get_read_session(platform: PlatformDep) -> Iterator[Session]:
    with read_only(platform.database) as session:
        yield session


SettingsDep = Annotated[Settings, Depends(get_settings)]
ArtifactsDep = Annotated[ArtifactStore, Depends(get_artifacts)]
# scope="function": the commit comes before the answer, so that the caller finds what the answer speaks of.
WriteSession = Annotated[Session, Depends(get_write_session, scope="function")]
ReadSession = Annotated[Session, Depends(get_read_session, scope="function")]


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def user_of_bearer(platform: Platform, token: str) -> str:
    """The admin's token, or a personal one. Raises WrongToken."""
    if token.startswith(tokens.PREFIX):
        return tokens.user_of(platform.database, token)
    return users.user_of_token(token, platform.settings)


def get_current_user(
    request: Request,
    platform: PlatformDep,
    _token: Annotated[object, Security(USER_TOKEN)] = None,
    _cookie: Annotated[object, Security(USER_COOKIE)] = None,
) -> str:
    """The user's name. A plain function of the request, so that a long stream holds no database session."""
    token = bearer_token(request)
    if token is not None:
        return user_of_bearer(platform, token)
    with read_only(platform.database) as session:
        return users.user_of_session(session, request.cookies.get(session_cookie(platform.settings)))


def get_worker(
    request: Request, settings: SettingsDep, _token: Annotated[object, Security(WORKER_TOKEN)] = None
) -> None:
    users.check_worker_token(bearer_token(request), settings)
