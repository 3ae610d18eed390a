"""The cookie of a sign-in."""

from fastapi import Request, Response

from backend.dependencies import session_cookie
from backend.settings import Settings

#: What the browser forgets at sign-out: pictures of patients are not left in its cache.
CLEAR = {"Clear-Site-Data": '"cache", "cookies", "storage"'}


def set_cookie(request: Request, response: Response, settings: Settings, secret: str) -> None:
    scheme = request.url.scheme
    response.set_cookie(
        session_cookie(settings, scheme),
        secret,
        max_age=settings.session_days * 86_400,
        httponly=True,
        samesite="strict",
        secure=scheme == "https",
        path="/",
    )


def clear_cookie(request: Request, response: Response, settings: Settings) -> None:
    scheme = request.url.scheme
    name = session_cookie(settings, scheme)
    response.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=scheme == "https")
    response.headers.update(CLEAR)
