"""A hospital's state folder: its key, whom it joined, sockets, the spool of files, the audit."""

import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from backend.contracts.link import SiteKit
from backend.link.keys import PublicKey, SigningKey
from fedsm.local.home import Home
from fedsm.site_agent.policy import FILE_NAME

KEY_FILE = "site-key"
AGENT_SOCKET = "FEDSM_AGENT_SOCKET"
PODMAN_MARK = Path("/run/.containerenv")


class NotJoined(Exception):
    """Its text says what to do."""


def in_container() -> bool:
    """Whether each of the site's programs runs in a container: only there the environment names the agent's socket."""
    return bool(os.environ.get(AGENT_SOCKET))


def container_engine() -> Literal["docker", "podman"]:
    """The command of the engine that runs this container. Podman leaves a file in each of its containers, also where
    Docker's own tools start them (podman-run(1))."""
    return "podman" if PODMAN_MARK.exists() else "docker"


@dataclass(frozen=True)
class Membership:
    """What the agent knows of the hub since it asked to join."""

    url: str
    server_key: str
    site: str
    slug: str
    federation: str
    queue: str
    phrase: str

    @property
    def server(self) -> PublicKey:
        return PublicKey.from_text(self.server_key)


@dataclass(frozen=True)
class RenewalState:
    """Of the last poll: repeated until it is answered, also after a crash."""

    number: int
    secret: str
    answered: bool


@dataclass(frozen=True)
class SiteHome:
    """Paths in the folder, and what lies there. All of it is readable by its owner only."""

    home: Home

    @property
    def folder(self) -> Path:
        return self.home.folder

    @property
    def key_file(self) -> Path:
        return self.folder / KEY_FILE

    @property
    def next_key_file(self) -> Path:
        """A key that the hub may know already: it is kept until the hub's answer is here."""
        return self.folder / f"{KEY_FILE}-next"

    @property
    def membership_file(self) -> Path:
        return self.folder / "site.json"

    @property
    def renewal_file(self) -> Path:
        return self.folder / "renewal.json"

    @property
    def spool(self) -> Path:
        """Files on their way; emptied at the start."""
        return self.folder / "spool"

    @property
    def audit_file(self) -> Path:
        return self.folder / "audit.jsonl"

    @property
    def names_file(self) -> Path:
        """What the pseudonyms of cases and files stand for."""
        return self.folder / "names.json"

    @property
    def stated(self) -> Path:
        """Over which sets of test cases means left the site."""
        return self.folder / "stated"

    @property
    def under_way_file(self) -> Path:
        """Tasks that workers have claimed."""
        return self.folder / "under_way.json"

    @property
    def heads_file(self) -> Path:
        """What the hub showed and acknowledged of both records."""
        return self.folder / "heads.jsonl"

    @property
    def policy_file(self) -> Path:
        """What the hospital allows; written by people."""
        return self.folder / FILE_NAME

    @property
    def consents(self) -> Path:
        """The site's decisions on runs."""
        return self.folder / "consents"

    def socket(self) -> Path:
        """Where the agent serves the hospital's workers: in the folder, or where FEDSM_AGENT_SOCKET says, as in
        containers, which share nothing but the socket's folder."""
        chosen = os.environ.get(AGENT_SOCKET)
        return Path(chosen) if chosen else self.home.socket("agent")

    def make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def key(self) -> SigningKey:
        """Raises NotJoined, KeyProblem."""
        try:
            return SigningKey.load(self.key_file)
        except FileNotFoundError:
            raise NotJoined(f"{self.folder} holds no site's key: join with `fedsm site join KIT`") from None

    def membership(self) -> Membership:
        """Raises NotJoined."""
        try:
            return Membership(**json.loads(self.membership_file.read_text()))
        except FileNotFoundError:
            raise NotJoined(f"{self.folder} is no site's folder yet: join with `fedsm site join KIT`") from None
        except (ValueError, TypeError):
            raise NotJoined(f"{self.membership_file} is damaged: ask for a new kit and join again") from None

    def write_membership(self, membership: Membership) -> None:
        write_private(self.membership_file, json.dumps(asdict(membership), indent=2))

    def replace_key(self, key: SigningKey) -> None:
        """In one step: a crash leaves the old key or the new one."""
        temporary = self.folder / f".{KEY_FILE}-new"
        temporary.unlink(missing_ok=True)
        key.save(temporary)
        os.replace(temporary, self.key_file)

    def next_renewal(self) -> RenewalState:
        """The one to send: on the disk before it leaves. The agent and a command that makes a new key may both ask:
        they get the same one, for two would look like two copies of the credential."""
        with open(self.folder / ".renewal-lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self._renewal()
            if state is not None and not state.answered:
                return state
            number = 1 if state is None else state.number + 1
            following = RenewalState(number, secrets.token_hex(16), answered=False)
            self._write_renewal(following)
            return following

    def renewal_answered(self, state: RenewalState) -> None:
        self._write_renewal(RenewalState(state.number, state.secret, answered=True))

    def forget_renewals(self) -> None:
        """A new key counts from its beginning."""
        self.renewal_file.unlink(missing_ok=True)

    def _renewal(self) -> RenewalState | None:
        try:
            return RenewalState(**json.loads(self.renewal_file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _write_renewal(self, state: RenewalState) -> None:
        write_private(self.renewal_file, json.dumps(asdict(state)))


def write_private(path: Path, text: str) -> None:
    """Mode 600, whole or not at all, and on the disk when it returns."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def read_kit(path: Path) -> SiteKit:
    """Raises ValueError in words, OSError."""
    try:
        kit = SiteKit.model_validate_json(path.read_text())
    except ValueError:
        raise ValueError(f"{path} is no kit of FedSM Studio: save it again as the coordinator sent it") from None
    if PublicKey.from_text(kit.server_key).fingerprint != kit.server_fingerprint:
        raise ValueError(f"{path} is damaged: the hub's key does not fit its fingerprint; ask for a new kit")
    return kit
