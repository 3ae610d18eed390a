"""Every environment variable of a worker."""

import os
import socket
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from backend.contracts.file_settings import SettingsOrFiles

WORKER_TOKEN_FILE = "worker-token"


class WorkerSettings(SettingsOrFiles):
    """Where the backend and the broker are, which queues to serve, and how much of the machine to use."""

    model_config = SettingsConfigDict(
        env_prefix="FEDSM_",
        populate_by_name=True,
        extra="ignore",
        env_ignore_empty=True,  # compose passes what is not set as an empty text
    )

    home: Path = Field(default=Path(".fedsm"), description="State folder of this installation.")
    worker_home: Path | None = Field(default=None, description="This worker's own folder; default: in the state folder")
    backend_url: str = Field(default="http://127.0.0.1:8000", description="The backend's address.")
    worker_token: SecretStr = Field(default=SecretStr(""), description="Lets this worker call the worker API.")
    agent_socket: Path | None = Field(
        default=None, description="At a hospital: the socket of the site's agent, in place of backend and token."
    )
    data_roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="Folders below which data sets must lie, separated by colons; empty: any folder, but at a "
        "hospital, behind an agent, none.",
    )
    redis_url: str = Field(default="redis://127.0.0.1:6379/0", validation_alias="REDIS_URL")
    queues: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("coordinator", "simulated"), description="Comma separated; a real site's is site.<slug>."
    )
    concurrency: int | None = Field(default=None, ge=1, description="Processes; default: CPU cores, or one a GPU.")
    keep_state_days: float = Field(
        default=30.0,
        ge=0,
        description="How long the optimizer's state of a finished run stays here, for more rounds; 0: not at all.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="auto: CUDA if there is a GPU.")
    worker_name: str = Field(default="", description="The worker's name as people see it; default: the host's name.")
    artifact_cache_mib: int = Field(default=4096, ge=64, description="Bound of the artifact cache on disk.")
    stall_seconds: float = Field(
        default=1800, ge=10, description="A process whose task makes no progress for this time is ended."
    )
    data_cache_mib: int = Field(default=1024, ge=16, description="Bound of decoded cases in each process's memory.")

    @field_validator("queues", mode="before")
    @classmethod
    def _split_queues(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        queues = tuple(name.strip() for name in value.split(",") if name.strip())
        if not queues:
            raise ValueError("FEDSM_QUEUES is empty: name at least one queue, such as coordinator,simulated")
        return queues

    @field_validator("data_roots", mode="before")
    @classmethod
    def _split_roots(cls, value: object) -> object:
        return tuple(path for path in value.split(os.pathsep) if path) if isinstance(value, str) else value

    @property
    def open_roots(self) -> tuple[Path, ...] | None:
        """None: every folder is open."""
        return self.data_roots if self.data_roots or self.agent_socket is not None else None

    @property
    def folder(self) -> Path:
        """The worker's home as an absolute path, because tasks run in processes whose working directory may change."""
        return (self.worker_home or self.home / "worker").resolve()

    @property
    def name(self) -> str:
        return self.worker_name or socket.gethostname()

    @property
    def token(self) -> str:
        """The worker token: from the environment, else from the state folder that a local backend shares.

        None is needed where an agent speaks for this worker. Raises ValueError if there is none."""
        if self.agent_socket is not None:
            return ""
        if token := self.worker_token.get_secret_value():
            return token
        try:
            return (self.home / WORKER_TOKEN_FILE).read_text().strip()
        except FileNotFoundError:
            raise ValueError(
                f"there is no worker token: set FEDSM_WORKER_TOKEN, or FEDSM_HOME to the backend's folder "
                f"(looked for {self.home / WORKER_TOKEN_FILE})"
            ) from None

    def num_processes(self, num_gpus: int) -> int:
        """The number of processes: one for each GPU, or one for each CPU core that this process may use."""
        return self.concurrency or num_gpus or num_usable_cores()


def num_usable_cores() -> int:
    """The cores that this process may run on: fewer than the machine's in a container or under taskset."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
