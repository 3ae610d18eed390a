"""Starts the backend: settings, database, server."""

import uvicorn
from pydantic import ValidationError

from backend.contracts.file_settings import SettingFileProblem
from backend.contracts.log_lines import set_up_logging
from backend.db.integrity import DatabaseDamaged, require_sound
from backend.db.migrate import migrate
from backend.main import create_app
from backend.settings import load_settings
from backend.sign_in_address import say_where


def serve() -> None:
    """Serves until it is stopped. Raises SystemExit with the reason where it cannot start."""
    try:
        set_up_logging("backend", "%(asctime)s %(levelname)s %(name)s: %(message)s")
    except ValueError as error:
        raise SystemExit(f"The backend does not start: {error}") from None
    try:
        settings = load_settings()
    except ValidationError as error:
        raise SystemExit(f"The backend does not start:\n{describe_refusal(error)}") from None
    except SettingFileProblem as error:
        raise SystemExit(f"The backend does not start: {error}") from None
    try:
        require_sound(settings.effective_database_url)
    except DatabaseDamaged as error:
        raise SystemExit(f"The backend does not start: {error}") from None
    migrate(settings.effective_database_url)
    if settings.announce_sign_in:
        say_where(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # addresses may hold a sign-in token
        timeout_graceful_shutdown=5,
    )


def describe_refusal(error: ValidationError) -> str:
    """One line a problem, with the variable's name and without its value, which may be a secret."""
    lines = []
    for problem in error.errors():
        variable = f"FEDSM_{str(problem['loc'][0]).upper()}: " if problem["loc"] else ""
        lines.append(f"  {variable}{problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
