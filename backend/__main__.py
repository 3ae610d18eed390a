"""Starts the backend: `python -m backend`."""

import logging

import uvicorn

from backend.db.migrate import migrate
from backend.main import create_app
from backend.settings import load_settings


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = load_settings()
    migrate(settings.effective_database_url)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # addresses may hold a sign-in token
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
