"""`python -m backend` in a process of its own with a broker of its own, and how the processes of the load reach it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import redis

from backend.link.keys import SigningKey
from backend.platform import open_server_key
from backend.settings import Settings
from fedsm.local.home import Home, choose_port
from fedsm.local.launch import broker_program
from fedsm.local.supervisor import Program, Supervisor
from tests.backend.live_backend import ADMIN_TOKEN, WORKER_TOKEN
from tests.backend.played_worker import open_broker

LOOPBACK = "127.0.0.1"
START_SECONDS = 60.0
#: A slow answer is a number too.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Served:
    """Where the backend and its broker are. Each process opens its own connections."""

    home: Path
    url: str
    redis_url: str

    def __reduce__(self) -> tuple[type["Served"], tuple[Path, str, str]]:
        """To another process goes the address without the connections."""
        return Served, (self.home, self.url, self.redis_url)

    @cached_property
    def admin(self) -> httpx.Client:
        return self.client(ADMIN_TOKEN)

    @property
    def server_key(self) -> SigningKey:
        return open_server_key(Settings(home=self.home))

    def client(self, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False)

    def worker(self) -> httpx.Client:
        return self.client(WORKER_TOKEN)

    def broker(self) -> redis.Redis:
        return open_broker(self.redis_url)

    def get(self, path: str, **params: Any) -> Any:
        """JSON of a GET that must succeed."""
        return self.admin.get(f"/api/v1{path}", params=params).raise_for_status().json()

    def post(self, path: str, body: Any = None) -> Any:
        """JSON of a POST that must succeed; null of an empty answer."""
        answer = self.admin.post(f"/api/v1{path}", json=body).raise_for_status()
        return answer.json() if answer.content else None


@contextmanager
def served_backend(folder: Path) -> Iterator[Served]:
    """On SQLite in the folder, as it is there; on loopback alone. Raises StartFailed."""
    home, port = Home(folder), choose_port(LOOPBACK, 0)
    home.logs.mkdir(parents=True, exist_ok=True)
    redis_url, broker = broker_program(home)
    served = Served(folder, f"http://{LOOPBACK}:{port}", redis_url)
    environment = {
        **os.environ,
        "REDIS_URL": redis_url,
        "FEDSM_HOME": str(folder),
        "FEDSM_HOST": LOOPBACK,
        "FEDSM_PORT": str(port),
        "FEDSM_ADMIN_TOKEN": ADMIN_TOKEN,
        "FEDSM_WORKER_TOKEN": WORKER_TOKEN,
    }
    backend = Program(
        "backend", (sys.executable, "-m", "backend"), environment, home.logs / "backend.log", lambda: answers(served)
    )
    supervisor = Supervisor((broker, backend), lambda text: print(text, file=sys.stderr))
    try:
        supervisor.start()
        yield served
    finally:
        supervisor.stop()


def answers(served: Served) -> bool:
    try:
        return httpx.get(f"{served.url}/api/v1/health", timeout=2.0, trust_env=False).is_success
    except httpx.TransportError:
        return False
