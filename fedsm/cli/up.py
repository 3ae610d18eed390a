"""`fedsm up`, `demo` and `worker`: what starts the platform, or a part of it, on this machine."""

import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from fedsm.cli.options import EXIT_WRONG_INPUT, HomeOption, fail
from fedsm.local.home import AlreadyRunning, Home, PortTaken, open_home
from fedsm.local.launch import LOOPBACK, Options, Platform, running_platform
from fedsm.local.supervisor import StartFailed

#: What happens on a running platform, in a thread of its own, until the event is set.
Activity = Callable[[Platform, threading.Event], None]

PortOption = Annotated[
    int | None, typer.Option(help="Port of the web page and the API; without it the first free one from 8000 on.")
]
HostOption = Annotated[str, typer.Option(help="Address to listen on; other machines cannot reach the default.")]
ConcurrencyOption = Annotated[
    int | None, typer.Option(min=1, help="Worker processes; default: one a CPU core, or one a GPU.")
]


def up(
    home: HomeOption = None,
    port: PortOption = None,
    host: HostOption = LOOPBACK,
    concurrency: ConcurrencyOption = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="For development: backend and worker start again when their code changes.")
    ] = False,
) -> None:
    """Start the platform on this machine: broker, backend and one worker, until Ctrl-C."""
    _run(open_home(home), Options(host, _port_or_environment(port), concurrency, reload), None)


def demo(
    home: HomeOption = None,
    port: PortOption = None,
    host: HostOption = LOOPBACK,
    concurrency: ConcurrencyOption = None,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Prostate MR volumes in place of fundus photographs.")
    ] = False,
) -> None:
    """Start the platform with synthetic sites and an experiment that compares FedSM with its baselines.

    A second start keeps everything and goes on with what was running."""
    from fedsm.local.demo import FUNDUS_DEMO, run_demo
    from fedsm.local.demo_3d import PROSTATE_DEMO

    content = PROSTATE_DEMO if volumes else FUNDUS_DEMO
    _run(open_home(home), Options(host, _port_or_environment(port), concurrency), partial(run_demo, content))


def worker(
    home: HomeOption = None,
    backend_url: Annotated[str | None, typer.Option(help="The backend's address (FEDSM_BACKEND_URL).")] = None,
    queues: Annotated[str | None, typer.Option(help="Comma separated; a site's is site.<slug> (FEDSM_QUEUES).")] = None,
    concurrency: ConcurrencyOption = None,
) -> None:
    """Run one worker in the foreground. The broker's address is REDIS_URL, the token FEDSM_WORKER_TOKEN."""
    given = {
        "FEDSM_HOME": home and str(home),
        "FEDSM_BACKEND_URL": backend_url,
        "FEDSM_QUEUES": queues,
        "FEDSM_CONCURRENCY": concurrency and str(concurrency),
    }
    os.environ.update({name: value for name, value in given.items() if value})
    from worker.process.app import main as run_worker

    try:
        code = run_worker()
    except ValueError as error:
        fail(str(error))
    raise typer.Exit(code)


def _run(home: Home, options: Options, activity: Activity | None) -> None:
    """Runs the platform until it is stopped; joins the one that already runs on this state folder."""
    try:
        with running_platform(home, options, _say, _say_where) as (platform, supervisor):
            thread = _start_activity(activity, platform, supervisor.stopping)
            supervisor.watch()
            if thread is not None:
                thread.join(timeout=5)
    except AlreadyRunning as error:
        if error.running is None:
            fail(
                f"another `fedsm` is just starting or stopping on {home.folder}: wait for it, or choose another --home"
            )
        platform = Platform(home, error.running.url, home.token("admin-token"))
        _say(f"FedSM Studio already runs on {home.folder} (process {error.running.pid}).")
        _say_where(platform)
        if activity is not None:
            activity(platform, threading.Event())
    except (PortTaken, StartFailed) as error:
        fail(str(error))


def _start_activity(
    activity: Activity | None, platform: Platform, stopping: threading.Event
) -> threading.Thread | None:
    if activity is None or stopping.is_set():
        return None
    thread = threading.Thread(target=activity, args=(platform, stopping), name="activity", daemon=True)
    thread.start()
    return thread


def _say(text: str) -> None:
    """At once, also when the output goes to a file."""
    typer.echo(text)
    sys.stdout.flush()


def _say_where(platform: Platform) -> None:
    _say(f"\n    Open this address in a browser (its token signs you in):\n\n        {platform.login_url}\n")
    _say("    Ctrl-C stops everything.\n")


def _port_or_environment(port: int | None) -> int | None:
    text = os.environ.get("FEDSM_PORT")
    if port is not None or not text:
        return port
    if not text.isdigit():
        fail(f"FEDSM_PORT is {text!r}: it must be a number from 0 to 65535", EXIT_WRONG_INPUT)
    return int(text)
