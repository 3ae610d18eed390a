"""`fedsm run show|pause|resume|cancel|finish|rerun|log`: one run from a shell, as the browser's live page has it."""

from typing import Annotated

import typer
from rich.console import Console

from backend.contracts.status import TERMINAL_RUN_STATUSES
from backend.runs.schemas import RunRecord, TaskFailure
from backend.users.schemas import SystemRecord
from fedsm.cli.dry_run import mebibytes
from fedsm.cli.results import RunArgument
from fedsm.cli.results import run_app as run_app
from fedsm.cli.shared import EXIT_WRONG_INPUT, HomeOption, JsonOption, ServerOption, TokenOption, api, fail
from fedsm.cli.watch import describe_run, make_console, print_json

LOG_PAGE = 1000

TaskOption = Annotated[
    str | None, typer.Option(help="The task's id, as `fedsm run show` prints it; needed where several sites failed.")
]


@run_app.command()
def show(
    run_id: RunArgument,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Print the state of a run; of a failed one each site's cause and what to do."""
    with api(home, server, token) as client:
        run = client.run(run_id)
        tasks = client.run_tasks(run_id)
        system = client.system()
    if as_json:
        print_json(run.model_dump(mode="json", by_alias=True))
        return
    print_run(make_console(), run)
    up, down = (sum(getattr(task, name) or 0 for task in tasks) for name in ("bytes_up", "bytes_down"))
    if up or down:
        typer.echo(f"  moved: {mebibytes(up)} sent by the sites, {mebibytes(down)} received by them")
    if run.status not in TERMINAL_RUN_STATUSES:
        for warning in disk_warnings(system):
            typer.echo(f"  note: {warning}")


@run_app.command()
def pause(run_id: RunArgument, home: HomeOption = None, server: ServerOption = None, token: TokenOption = None) -> None:
    """Let the round under way end, then hold."""
    _act(run_id, "pause", home, server, token)


@run_app.command()
def resume(
    run_id: RunArgument, home: HomeOption = None, server: ServerOption = None, token: TokenOption = None
) -> None:
    """Go on from the last finished round, with every site that failed."""
    _act(run_id, "resume", home, server, token)


@run_app.command()
def finish(
    run_id: RunArgument, home: HomeOption = None, server: ServerOption = None, token: TokenOption = None
) -> None:
    """End the training of a stopped run after its last finished round, and test its best round so far."""
    _act(run_id, "finish", home, server, token)


@run_app.command()
def cancel(
    run_id: RunArgument, home: HomeOption = None, server: ServerOption = None, token: TokenOption = None
) -> None:
    """Stop a run. Finished rounds are kept: it can be resumed."""
    _act(run_id, "cancel", home, server, token)


@run_app.command()
def rerun(
    run_id: RunArgument,
    task: TaskOption = None,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Send a failed site's task again, without restarting the run; the other sites' work of the round is kept."""
    with api(home, server, token) as client:
        if task is None:
            task = _only_failure(client.run(run_id)).task_id
        sent = client.rerun_task(run_id, task)
    typer.echo(f"{sent.participant}, round {sent.round}: sent again (task {sent.id})")


@run_app.command()
def log(
    run_id: RunArgument,
    site: Annotated[str | None, typer.Option(help="The site's short name.")] = None,
    level: Annotated[str | None, typer.Option(help="`warning` (errors too) or `error`; left out: all.")] = None,
    round_number: Annotated[int | None, typer.Option("--round", help="Lines of this round.")] = None,
    text: Annotated[str | None, typer.Option(help="Words that the line holds, in any case.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Print what happened at every site, oldest first; --json prints one object a line."""
    wanted = {"run_id": run_id, "site_slug": site, "level": level, "round": round_number, "text": text}
    query = {name: str(value) for name, value in wanted.items() if value is not None}
    with api(home, server, token) as client:
        client.run(run_id)  # an unknown run is an error, not an empty log
        if not as_json:
            typer.echo(client.events_text(**query), nl=False)
            if num_dropped := sum(task.num_dropped for task in client.run_tasks(run_id)):
                typer.echo(f"Dropped beyond the quota of this run's tasks: {num_dropped} lines.", err=True)
            return
        last = 0
        while page := client.events(after=str(last), limit=str(LOG_PAGE), **query):
            for event in page:
                print_json(event.model_dump(mode="json"))
            last = page[-1].id


def disk_warnings(system: SystemRecord) -> list[str]:
    """Of full disks, and of those that nearly are: why a run may wait."""
    backend = [disk.warning for disk in system.disks if disk.warning]
    workers = [
        f"The disk of the worker {worker.name} is nearly full." for worker in system.workers if worker.disk_is_low
    ]
    return [*backend, *workers]


def _act(run_id: str, action: str, home: HomeOption, server: ServerOption, token: TokenOption) -> None:
    with api(home, server, token) as client:
        run = client.act_on_run(run_id, action)
    print_run(make_console(), run)


def _only_failure(run: RunRecord) -> TaskFailure:
    """Of several the person chooses."""
    if not run.failures:
        fail(f"{describe_run(run)}: nothing has failed in its present round, so nothing can be rerun", EXIT_WRONG_INPUT)
    if len(run.failures) > 1:
        named = "; ".join(f"--task {failure.task_id} ({failure.participant})" for failure in run.failures)
        fail(f"{len(run.failures)} tasks failed, choose one: {named}", EXIT_WRONG_INPUT)
    return run.failures[0]


def print_run(console: Console, run: RunRecord) -> None:
    console.print(describe_run(run), highlight=False, soft_wrap=True)
    for note in run.notes:
        console.print(f"  note: {note}", highlight=False, soft_wrap=True, markup=False)
    for failure in run.failures:
        place = f"{failure.participant}, round {failure.round}, attempt {failure.attempt}, task {failure.task_id}"
        lines = (f"{failure.title}: {place}", f"  cause:  {failure.cause}", f"  to do:  {failure.remedy}")
        for line in lines:
            console.print(line, highlight=False, soft_wrap=True, markup=False)
