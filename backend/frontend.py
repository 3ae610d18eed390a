"""The built frontend: its files, and index.html for every address that the browser's router knows."""

import mimetypes
import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from backend.errors import NotFound

API_PREFIXES = ("api/", "worker-api/")

INDEX_HEADERS = {"Cache-Control": "no-cache"}
#: Vite names these files by their content.
ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}
#: The forms that the build writes next to a text file, with the suffix of each, smallest first.
COMPRESSED_FORMS = (("br", ".br"), ("gzip", ".gz"))


def frontend_router(dist: Path) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    root = dist.resolve()

    @router.get("/{path:path}")
    def serve_frontend(path: str, request: Request) -> FileResponse:
        accepted = accepted_encodings(request.headers.get("Accept-Encoding", ""))
        if path.startswith(API_PREFIXES):
            raise NotFound(f"there is no endpoint /{path}: /docs lists all")
        file = (root / path).resolve()
        if path and file.is_relative_to(root) and file.is_file():
            return answer(file, accepted, ASSET_HEADERS if path.startswith("assets/") else INDEX_HEADERS)
        if path.startswith("assets/"):
            raise NotFound(f"there is no file /{path}: reload the page")
        index = root / "index.html"
        if not index.is_file():
            raise NotFound(f"the frontend is not built ({index} is absent): build it, or set FEDSM_FRONTEND_DIST")
        return answer(index, accepted, INDEX_HEADERS)

    return router


def answer(file: Path, accepted: set[str], headers: dict[str, str]) -> FileResponse:
    """The file in the smallest form that the browser accepts."""
    kind = mimetypes.guess_type(file.name)[0]
    forms = [(encoding, file.with_name(file.name + suffix)) for encoding, suffix in COMPRESSED_FORMS]
    written = [(encoding, form) for encoding, form in forms if form.is_file()]
    if written:
        headers = headers | {"Vary": "Accept-Encoding"}
    for encoding, form in written:
        if encoding in accepted:
            return FileResponse(form, media_type=kind, headers=headers | {"Content-Encoding": encoding})
    return FileResponse(file, media_type=kind, headers=headers)


def accepted_encodings(header: str) -> set[str]:
    """The encodings that an Accept-Encoding header names and does not refuse with a weight of 0."""
    named = (part.replace(" ", "").lower().partition(";") for part in header.split(","))
    return {encoding for encoding, _, weight in named if encoding and not re.fullmatch(r"q=0(\.0{1,3})?", weight)}
