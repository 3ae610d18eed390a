"""The state folder of one installation: tokens, logs, the broker's socket, and who runs on it now."""

import fcntl
import hashlib
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

#: The maximum length of a unix socket's path (108 bytes on Linux, 104 on macOS, with a zero byte at the end).
MAX_SOCKET_PATH = 100
DEFAULT_PORT = 8000
PORTS_TO_TRY = 50


class AlreadyRunning(Exception):
    """Another process serves this state folder; `running` says where, if it has got so far."""

    def __init__(self, running: "Running | None") -> None:
        super().__init__("already running")
        self.running = running


class PortTaken(Exception):
    """Its text says which port, and the remedy."""


@dataclass(frozen=True)
class Running:
    """What `running.json` says of the process that serves a state folder."""

    pid: int
    url: str


@dataclass(frozen=True)
class Home:
    """Paths in the state folder."""

    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def running_file(self) -> Path:
        return self.folder / "running.json"

    @property
    def broker_folder(self) -> Path:
        return self.folder / "broker"

    def broker_socket(self) -> Path:
        return self._short(self.broker_folder / "valkey.sock")

    def socket(self, name: str) -> Path:
        """That of the program `name`."""
        return self._short(self.folder / f"{name}.sock")

    def _short(self, path: Path) -> Path:
        """The path if it is short enough for a socket, else one in a private folder under /tmp."""
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
            return path
        key = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"fedsm-{os.getuid()}-{key}"
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise PermissionError(f"{folder} belongs to somebody else: remove it, or choose a shorter FEDSM_HOME")
        return folder / path.name

    def token(self, name: str) -> str:
        """The token in the file `name`, of mode 600, made at the first start."""
        path = self.folder / name
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(descriptor, "w") as file:
            token = secrets.token_urlsafe(32)
            file.write(token)
        return token

    def running(self) -> Running | None:
        """Who wrote `running.json` last; whether it still lives is what the lock says."""
        try:
            return Running(**json.loads(self.running_file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write_running(self, running: Running) -> None:
        self.running_file.write_text(json.dumps(asdict(running)))

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Held while the platform runs on this folder; released by the system however the holder dies.

        Raises AlreadyRunning."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(exist_ok=True)
        with open(self.folder / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(self.running()) from None
            try:
                yield
            finally:
                self.running_file.unlink(missing_ok=True)


def open_home(folder: Path | None = None) -> Home:
    """`folder`, or FEDSM_HOME, or ./.fedsm."""
    chosen = folder or Path(os.environ.get("FEDSM_HOME") or ".fedsm")
    return Home(chosen.expanduser().resolve())


def choose_port(host: str, wanted: int | None) -> int:
    """`wanted`, or without a wish the first free one from 8000 on. Raises PortTaken."""
    if wanted is not None:
        if wanted and not _is_free(host, wanted):
            raise PortTaken(
                f"port {wanted} on {host} is taken by another program: choose another with --port, "
                "or leave it out for the next free one"
            )
        return wanted or _any_free_port(host)
    for port in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TO_TRY):
        if _is_free(host, port):
            return port
    raise PortTaken(f"ports {DEFAULT_PORT} to {DEFAULT_PORT + PORTS_TO_TRY - 1} are all taken: choose one with --port")


def _is_free(host: str, port: int) -> bool:
    with closing(_server_socket()) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _any_free_port(host: str) -> int:
    with closing(_server_socket()) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _server_socket() -> socket.socket:
    """As servers open theirs: a port that only waits for old connections to end counts as free."""
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return server
