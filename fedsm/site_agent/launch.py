"""What `fedsm site up` starts at a hospital: a local Valkey, the agent, and one worker behind it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fedsm.local.home import Home, Running
from fedsm.local.launch import broker_program, signals_set
from fedsm.local.supervisor import Program, Supervisor
from fedsm.site_agent.resources import gpu_environment
from fedsm.site_agent.site_home import Membership, SiteHome
from fedsm.site_agent.status import status_of

AGENT_START_SECONDS = 60.0
WORKER_START_SECONDS = 180.0
STOP_SECONDS = 12.0
#: A worker knows nothing of the hub, nor of the network's ways to it.
NOT_FOR_WORKERS = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "FEDSM_CA_BUNDLE",
    "FEDSM_WORKER_TOKEN",
    "FEDSM_ADMIN_TOKEN",
)


@contextmanager
def running_site(home: SiteHome, concurrency: int | None, say: Callable[[str], None]) -> Iterator[Supervisor]:
    """Starts everything, and stops everything at the end of the block.

    Raises NotJoined, AlreadyRunning, StartFailed."""
    membership = home.membership()
    home.key()
    with home.home.exclusive():
        supervisor = Supervisor(tuple(_programs(home, membership, concurrency)), say)
        say(f"{membership.site} of {membership.federation}; its state is in {home.folder}")
        with signals_set(supervisor.stopping):
            try:
                supervisor.start()
                home.home.write_running(Running(os.getpid(), membership.url))
                yield supervisor
            finally:
                say("stopping ...")
                supervisor.stop()
                say("stopped; work under way was given back")


def _programs(home: SiteHome, membership: Membership, concurrency: int | None) -> Iterator[Program]:
    redis_url, broker = broker_program(home.home)
    yield broker
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": redis_url,
        "FEDSM_HOME": str(home.folder),
    }
    agent = (sys.executable, "-m", "fedsm.site_agent")
    yield _program("agent", agent, environment, home.home, AGENT_START_SECONDS, lambda: status_of(home) is not None)
    hidden = {name for name in environment if name.upper() in NOT_FOR_WORKERS}
    environment = {name: value for name, value in environment.items() if name not in hidden} | {
        **gpu_environment(home.policy_file),
        "FEDSM_AGENT_SOCKET": str(home.socket()),
        "FEDSM_QUEUES": membership.queue,
        "FEDSM_WORKER_NAME": os.environ.get("FEDSM_WORKER_NAME") or "worker",
    }
    if concurrency is not None:
        environment["FEDSM_CONCURRENCY"] = str(concurrency)
    worker = (sys.executable, "-m", "worker")
    yield _program("worker", worker, environment, home.home, WORKER_START_SECONDS, lambda: _has_worker(home))


def _program(
    name: str,
    command: tuple[str, ...],
    environment: dict[str, str],
    home: Home,
    start_seconds: float,
    is_ready: Callable[[], bool],
) -> Program:
    return Program(
        name=name,
        command=command,
        environment=environment,
        log_file=home.logs / f"{name}.log",
        is_ready=is_ready,
        start_seconds=start_seconds,
        stop_seconds=STOP_SECONDS,
    )


def _has_worker(home: SiteHome) -> bool:
    status = status_of(home)
    return status is not None and bool(status["workers"])
