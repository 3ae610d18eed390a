"""Hospitals as real processes with homes of their own, and the TLS in front of their hub."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.forked import fedsm_in_fork
from worker.process.shutdown import die_with_parent

FEDSM = (sys.executable, "-m", "fedsm")


def start(command: tuple[str, ...], environment: dict[str, str], log_file: Path) -> subprocess.Popen[bytes]:
    with open(log_file, "ab") as log:
        return subprocess.Popen(
            command,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )


@dataclass
class Front:
    """The TLS in front of a hub, as a process that can be away for a while. command: that serves it at one port."""

    command: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = start(self.command, self.environment, self.log)

    def stop(self) -> None:
        """Connections through it break."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None


@dataclass
class Hospital:
    """One site's folder and process. environment: of the hospital's machine, which knows nothing of the hub's."""

    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def fedsm(self, *arguments: str, code: int = 0) -> str:
        """What a command prints; its exit code must be `code`."""
        done = fedsm_in_fork(("site", *arguments, "--home", str(self.home)), self.environment)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def up(self) -> None:
        command = (*FEDSM, "site", "up", "--home", str(self.home), "--concurrency", "1")
        self.process = start(command, self.environment, self.home.with_suffix(".log"))

    @property
    def agent_log(self) -> Path:
        """Of the agent that runs now."""
        return self.home / "logs" / "agent.log"

    def kill_agent(self) -> None:
        """As the watchdog or the kernel ends it; `fedsm site up` starts it again."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        (agent,) = (
            int(child) for child in children if b"fedsm.site_agent\0" in Path(f"/proc/{child}/cmdline").read_bytes()
        )
        os.kill(agent, signal.SIGKILL)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(120)
            self.process = None


def hospital_environment(ca_bundle: Path | None, data_root: Path) -> dict[str, str]:
    """Of a machine of its own: nothing of the platform's settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("FEDSM_", "REDIS_"))}
    bundle = {} if ca_bundle is None else {"FEDSM_CA_BUNDLE": str(ca_bundle)}
    return own | bundle | {"FEDSM_DEVICE": "cpu", "FEDSM_POLL_SECONDS": "10", "FEDSM_DATA_ROOTS": str(data_root)}
