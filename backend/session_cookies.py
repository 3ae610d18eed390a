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


def set_single_sign_on(request: Request, response: Response, settings: Settings, sealed: str, seconds: int) -> None:
    """What a browser keeps while it is at the provider. The page to which it comes back sends it, no other site."""
    scheme = request.url.scheme
    name = f"{session_cookie(settings, scheme)}_leaving"
    response.set_cookie(
        name, sealed, max_age=seconds, httponly=True, samesite="strict", secure=scheme == "https", path="/"
    )


def read_single_sign_on(request: Request, settings: Settings) -> str | None:
    return request.cookies.get(f"{session_cookie(settings, request.url.scheme)}_leaving")


def clear_single_sign_on(request: Request, response: Response, settings: Settings) -> None:
    scheme = request.url.scheme
    name = f"{session_cookie(settings, scheme)}_leaving"
    response.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=scheme == "https")


def clear_cookie(request: Request, response: Response, settings: Settings) -> None:
    scheme = request.url.scheme
    name = session_cookie(settings, scheme)
    response.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=scheme == "https")
    response.headers.update(CLEAR)
