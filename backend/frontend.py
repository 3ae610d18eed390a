"""The built frontend: its files, and index.html for every address that the browser's router knows."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from backend.errors import NotFound

API_PREFIXES = ("api/", "worker-api/")

INDEX_HEADERS = {"Cache-Control": "no-cache"}
#: Vite names these files by their content.
ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}


def frontend_router(dist: Path) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    root = dist.resolve()

    @router.get("/{path:path}")
    def serve_frontend(path: str) -> FileResponse:
        if path.startswith(API_PREFIXES):
            raise NotFound(f"there is no endpoint /{path}: /docs lists all")
        file = (root / path).resolve()
        if path and file.is_relative_to(root) and file.is_file():
            return FileResponse(file, headers=ASSET_HEADERS if path.startswith("assets/") else INDEX_HEADERS)
        if path.startswith("assets/"):
            raise NotFound(f"there is no file /{path}: reload the page")
        index = root / "index.html"
        if not index.is_file():
            raise NotFound(f"the frontend is not built ({index} is absent): build it, or set FEDSM_FRONTEND_DIST")
        return FileResponse(index, headers=INDEX_HEADERS)

    return router
