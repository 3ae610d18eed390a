"""`fedsm experiment dry-run`: does the experiment run at every site, and what will it cost?"""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backend.dry_runs.schemas import DryRunEstimate, DryRunRecord
from fedsm.cli.shared import (
    EXIT_FAILED,
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    TokenOption,
    api,
    fail,
    find_federation,
)
from fedsm.cli.watch import make_console, print_json
from fedsm.client import Client
from fedsm.experiment_file import WrongFile, read_experiment_file

POLL_SECONDS = 0.5
MIB = 2**20


def dry_run(
    file: Annotated[Path, typer.Option("--file", "-f", help="The experiment, as `create` takes it.")],
    federation: Annotated[str | None, typer.Option(help="Name or id of the federation.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Try a few steps of every method at every site, and estimate time, memory and bytes; creates no experiment.

    The exit code is 1 when a site cannot run it. Ctrl-C cancels.
    """
    try:
        wanted = read_experiment_file(file)
    except WrongFile as error:
        fail(str(error), EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        target = find_federation(client, federation or wanted.federation)
        done = await_dry_run(client, client.start_dry_run(target.id, wanted.config))
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        print_dry_run(make_console(), done)
    if done.status != "completed":
        raise typer.Exit(EXIT_FAILED)


def await_dry_run(client: Client, started: DryRunRecord) -> DryRunRecord:
    """Its end; Ctrl-C cancels it."""
    try:
        while (record := client.dry_run(started.id)).status == "running":
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return client.cancel_dry_run(started.id)
    return record


def print_dry_run(console: Console, done: DryRunRecord) -> None:
    sites = Table("site", "status", "cases", "memory", "device", title="Dry run")
    for site in done.sites:
        found = site.result
        cases = " + ".join(str(number) for number in found.num_cases.values()) if found else ""
        memory = f"{found.peak_memory_mib:.0f} MiB" if found else ""
        sites.add_row(site.site_slug, site.error or str(site.status), cases, memory, found.device if found else "")
    console.print(sites)
    if done.estimate is not None:
        _print_estimate(console, done.estimate)


def _print_estimate(console: Console, estimate: DryRunEstimate) -> None:
    table = Table("method", "a round", "a run", "up a round", "down a round", "kept", title="Estimate")
    for strategy in estimate.strategies:
        table.add_row(
            strategy.strategy_label,
            seconds(strategy.seconds_per_round),
            seconds(strategy.seconds),
            mebibytes(strategy.bytes_up_per_round),
            mebibytes(strategy.bytes_down_per_round),
            mebibytes(strategy.bytes_kept),
        )
    console.print(table)
    runs = "1 run" if estimate.num_runs == 1 else f"{estimate.num_runs} runs"
    console.print(
        f"{runs}: about {seconds(estimate.seconds)} with {estimate.num_processes} worker process(es) for the simulated "
        f"sites, {mebibytes(estimate.bytes_up)} up and {mebibytes(estimate.bytes_down)} down, "
        f"{mebibytes(estimate.bytes_kept)} kept in the end and {mebibytes(estimate.bytes_peak)} at most meanwhile, "
        f"{estimate.peak_memory_mib:.0f} MiB in a process at most. "
        f"A round waits longest for {estimate.slowest_site}."
    )


def seconds(value: float) -> str:
    if value < 120:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def mebibytes(value: int) -> str:
    return f"{value / MIB:.1f} MiB" if value < 1024 * MIB else f"{value / MIB / 1024:.1f} GiB"
