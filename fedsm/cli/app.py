"""The `fedsm` command. Heavy libraries are imported by the commands that need them: `fedsm --help` is quick."""

import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from fedsm.cli.audit import audit_app
from fedsm.cli.backup import backup, restore
from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_data import DATASET_CALLS, FEDERATION_CALLS, SITE_CALLS
from fedsm.cli.calls_of_runs import EXPERIMENT_CALLS, MODEL_CALLS, RUN_CALLS
from fedsm.cli.calls_of_system import SYSTEM_CALLS, TOKEN_CALLS
from fedsm.cli.calls_of_users import USER_CALLS
from fedsm.cli.create import add_site, create_federation, set_policy
from fedsm.cli.dataset import dataset_app
from fedsm.cli.experiment import experiment_app
from fedsm.cli.extend import extend
from fedsm.cli.federation import federation_app
from fedsm.cli.hospital import add_hospital_commands
from fedsm.cli.joining import accept, invite
from fedsm.cli.model import import_model, score
from fedsm.cli.predict import predict
from fedsm.cli.prepare import prepare
from fedsm.cli.report import report_app
from fedsm.cli.run import run_app
from fedsm.cli.shared import EXIT_WRONG_INPUT, HomeOption, fail
from fedsm.cli.storage import storage_app
from fedsm.cli.user import invite as invite_user
from fedsm.cli.user import set_role
from fedsm.local.home import AlreadyRunning, Home, PortTaken, open_home
from fedsm.local.launch import LOOPBACK, Options, Platform, running_platform
from fedsm.local.supervisor import StartFailed

#: What happens on a running platform, in a thread of its own, until the event is set.
Activity = Callable[[Platform, threading.Event], None]

app = typer.Typer(
    help="FedSM Studio: federated medical image segmentation on one machine or over hospitals.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(experiment_app, name="experiment")
app.add_typer(run_app, name="run")
run_app.command()(extend)
app.add_typer(report_app, name="report")
app.add_typer(dataset_app, name="dataset")
app.add_typer(federation_app, name="federation")
app.add_typer(storage_app, name="storage")
app.add_typer(audit_app, name="audit")
add_calls(experiment_app, EXPERIMENT_CALLS)
add_calls(run_app, RUN_CALLS)
add_calls(dataset_app, DATASET_CALLS)
federation_app.command("create")(create_federation)
add_calls(federation_app, FEDERATION_CALLS)
site_app = typer.Typer(
    help="Sites: add them, let hospitals join, set what may run there and leave; and what a hospital runs itself.",
    no_args_is_help=True,
)
site_app.command("add")(add_site)
site_app.command("policy")(set_policy)
add_calls(site_app, SITE_CALLS)
site_app.command()(invite)
site_app.command()(accept)
add_hospital_commands(site_app)
app.add_typer(site_app, name="site")
model_app = typer.Typer(help="Models of runs and files: test, import, download, try them.", no_args_is_help=True)
model_app.command("test")(score)
model_app.command("import")(import_model)
add_calls(model_app, MODEL_CALLS)
app.add_typer(model_app, name="model")
token_app = typer.Typer(help="Your access tokens, as for scripts.", no_args_is_help=True)
add_calls(token_app, TOKEN_CALLS)
app.add_typer(token_app, name="token")
user_app = typer.Typer(help="Users, their roles, and invitations.", no_args_is_help=True)
user_app.command("invite")(invite_user)
user_app.command("role")(set_role)
add_calls(user_app, USER_CALLS)
app.add_typer(user_app, name="user")
add_calls(app, SYSTEM_CALLS)
app.command()(prepare)
app.command()(predict)
app.command()(backup)
app.command()(restore)

PortOption = Annotated[
    int | None, typer.Option(help="Port of the web page and the API; without it the first free one from 8000 on.")
]
HostOption = Annotated[str, typer.Option(help="Address to listen on; other machines cannot reach the default.")]
ConcurrencyOption = Annotated[
    int | None, typer.Option(min=1, help="Worker processes; default: one a CPU core, or one a GPU.")
]


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        from backend import VERSION  # asks git in a checkout, which other commands need not wait for

        typer.echo(VERSION)
        raise typer.Exit


@app.command()
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


@app.command()
def demo(
    home: HomeOption = None,
    port: PortOption = None,
    host: HostOption = LOOPBACK,
    concurrency: ConcurrencyOption = None,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Prostate MR volumes in place of fundus photographs.")
    ] = False,
) -> None:
    """Start the platform with four synthetic sites and an experiment that compares FedSM with its baselines.

    A second start keeps everything and goes on with what was running."""
    from fedsm.local.demo import FUNDUS_DEMO, run_demo
    from fedsm.local.demo_3d import PROSTATE_DEMO

    content = PROSTATE_DEMO if volumes else FUNDUS_DEMO
    _run(open_home(home), Options(host, _port_or_environment(port), concurrency), partial(run_demo, content))


@app.command()
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
        with running_platform(home, options, _say) as (platform, supervisor):
            _say_where(platform)
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
