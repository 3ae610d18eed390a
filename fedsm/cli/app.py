"""The `fedsm` command: the list of its commands. Each is imported when it is asked for: `fedsm --help` is quick."""

from typing import Annotated, ClassVar

import typer

from fedsm.cli.calls_of_system import SYSTEM_CALLS
from fedsm.cli.later import Later, LaterGroup


class Commands(LaterGroup):
    """In the order of `fedsm --help`. The line of a command that is no group is the first sentence of its own help."""

    later: ClassVar = {
        "up": Later(
            "fedsm.cli.up:up", "Start the platform on this machine: broker, backend and one worker, until Ctrl-C."
        ),
        "demo": Later(
            "fedsm.cli.up:demo",
            "Start the platform with synthetic sites and an experiment that compares FedSM with its baselines.",
        ),
        "worker": Later("fedsm.cli.up:worker", "Run one worker in the foreground."),
        "experiment": Later("fedsm.cli.groups.experiment:group", "Experiments: create, watch, and read their results."),
        "run": Later(
            "fedsm.cli.groups.run:group",
            "Runs: their state and log, every model on every site, what the selector did, several side by side.",
        ),
        "report": Later("fedsm.cli.report:report_app", "Frozen reports of experiments, read without signing in."),
        "dataset": Later("fedsm.cli.groups.dataset:group", "Data sets: check a folder, and register it at a site."),
        "federation": Later("fedsm.cli.groups.federation:group", "Federations: their sites, statistics and leakage."),
        "storage": Later("fedsm.cli.storage:storage_app", "What lies on the disk, for whom, and how to be rid of it."),
        "audit": Later("fedsm.cli.audit:audit_app", "The hub's record of who did what: verify it, save it."),
        "site": Later(
            "fedsm.cli.groups.site:group",
            "Sites: add them, let hospitals join, set what may run there and leave; and what a hospital runs itself.",
        ),
        "model": Later("fedsm.cli.groups.model:group", "Models of runs and files: test, import, download, try them."),
        "token": Later("fedsm.cli.groups.token:group", "Your access tokens, as for scripts."),
        "user": Later("fedsm.cli.groups.user:group", "Users, their roles, and invitations."),
        **{
            call.command: Later(f"fedsm.cli.groups.system:{call.command.replace('-', '_')}", call.help)
            for call in SYSTEM_CALLS
        },
        "prepare": Later(
            "fedsm.cli.prepare:prepare",
            "Turn a downloaded public data set into sites: images/, masks/ and cases.csv each, and a report.",
        ),
        "predict": Later(
            "fedsm.cli.predict:predict",
            "Masks of your own images, by a downloaded model.zip here or by a run's models on the server.",
        ),
        "backup": Later(
            "fedsm.cli.backup:backup",
            "Save the whole installation in one file: database, artifacts, and the state folder's keys and tokens.",
        ),
        "restore": Later(
            "fedsm.cli.backup:restore",
            "Put a backup back into an empty installation, of SQLite or PostgreSQL, whichever was saved.",
        ),
    }


app = typer.Typer(
    cls=Commands,
    help="FedSM Studio: federated medical image segmentation on one machine or over hospitals.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        from backend import VERSION  # asks git in a checkout, which other commands need not wait for

        typer.echo(VERSION)
        raise typer.Exit
