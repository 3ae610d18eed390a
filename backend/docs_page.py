"""/docs: the API to read and to try, from files of our own: it asks no other host for anything."""

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from backend.errors import NotFound

_FILES = Path(fastapi_offline.__file__).parent / "static"
_SHIPPED = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
#: A file of its own, because the content policy allows no script in a page.
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  deepLinking: true,
  showExtensions: true,
});
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>FedSM Studio: the API</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def get_docs() -> HTMLResponse:
    return HTMLResponse(_PAGE)


@router.get("/docs/{name}")
def get_docs_file(name: str) -> Response:
    """A file of the page. Raises NotFound for any other."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if name not in _SHIPPED:
        raise NotFound(f"there is no file /docs/{name}: /docs is the page")
    return FileResponse(_FILES / name, media_type=_SHIPPED[name])
