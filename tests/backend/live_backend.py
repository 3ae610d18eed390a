"""A real backend for tests: uvicorn on a free loopback port, a real database, a real Valkey."""

import asyncio
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr

from backend.db.migrate import migrate
from backend.ledger.recovery import recover
from backend.link.keys import SigningKey
from backend.main import create_app
from backend.platform import Platform
from backend.settings import Settings
from tests.late import make_late

ADMIN_TOKEN = "admin-token-of-the-tests-only"
WORKER_TOKEN = "worker-token-of-the-tests-only"


class PromptServer(uvicorn.Server):
    """Hears `should_exit` after 10 ms where uvicorn's own loop sleeps 100: each test stops its backend."""

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            await asyncio.sleep(0.01)


class LiveBackend:
    """Started, stopped and started again on the same state."""

    def __init__(
        self, home: Path, database_url: str, redis_url: str, is_migrated: bool = False, **settings: Any
    ) -> None:
        """is_migrated: the database has its newest tables already, and looking for them would take 30 ms."""
        # The tests call recover() themselves, so that what they see does not depend on time.
        defaults = {"recovery_seconds": 3600.0, "lease_seconds": 30.0, "resend_seconds": 20.0}
        settings = {**defaults, "frontend_dist": home / "dist"} | settings
        self.settings = Settings(
            home=home,
            database_url=database_url,
            redis_url=redis_url,
            admin_token=SecretStr(ADMIN_TOKEN),
            worker_token=SecretStr(WORKER_TOKEN),
            **settings,
        )
        if not is_migrated:
            migrate(self.settings.effective_database_url)
        self.start()

    def start(self) -> None:
        self._app = make_late(create_app(self.settings))
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = PromptServer(uvicorn.Config(self._app, log_config=None, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 60
        while not self._server.started:
            assert self._thread.is_alive(), "the backend did not start"
            assert time.monotonic() < deadline, "the backend did not start within 60 s"
            time.sleep(0.005)
        self.admin = self._client(ADMIN_TOKEN)
        self.worker = self._client(WORKER_TOKEN)

    def stop(self) -> None:
        self.admin.close()
        self.worker.close()
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive(), "the backend did not stop"

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def platform(self) -> Platform:
        platform: Platform = self._app.state.platform
        return platform

    @property
    def server_key(self) -> SigningKey:
        return self.platform.server_key

    def recover(self) -> None:
        """One pass of the recovery loop."""
        recover(self.platform)

    def get(self, path: str, **params: Any) -> Any:
        """JSON of a GET that must succeed."""
        return self._json(self.admin.get(f"/api/v1{path}", params=params))

    def post(self, path: str, body: Any = None) -> Any:
        """JSON of a POST that must succeed."""
        return self._json(self.admin.post(f"/api/v1{path}", json=body))

    def _json(self, response: httpx.Response) -> Any:
        assert response.is_success, f"{response.request.method} {response.request.url}: {response.text}"
        return response.json()

    def _client(self, token: str) -> httpx.Client:
        # Without certificates, which plain HTTP does not use and which take 20 ms to load.
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=False)
