"""Follows an experiment to its end: progress bars on a terminal, lines in a log."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from backend.contracts.score_text import printed
from backend.contracts.status import TERMINAL_RUN_STATUSES, RunStatus
from backend.experiments.schemas import ExperimentRecord
from backend.runs.schemas import RunRecord
from fedsm.cli.options import EXIT_FAILED
from fedsm.cli.options import print_json as print_json
from fedsm.cli.waits import waits_of
from fedsm.client import Client

POLL_SECONDS = 1.0
#: A backend that restarts is back within seconds; after this many polls without an answer the error is shown.
PATIENT_POLLS = 60
#: What waits for somebody to resume it does not end by itself.
RESTING_STATUSES = TERMINAL_RUN_STATUSES | {RunStatus.PAUSED, RunStatus.CREATED}

#: Columns of tables in files and pipes, where there is no terminal to ask.
WIDTH_OF_FILES = 140

WatchOption = Annotated[bool, typer.Option("--watch", help="Follow it to its end; exit code 1 if it fails.")]

ShowRuns = Callable[[list[RunRecord]], None]


def make_console(stderr: bool = False) -> Console:
    """stderr: for what is no output of the command, such as what a question is about."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(width=WIDTH_OF_FILES, stderr=stderr)


def follow(client: Client, experiment_id: str, show: ShowRuns, stopping: threading.Event) -> ExperimentRecord | None:
    """Polls and shows until every run is over or rests; None when `stopping` was set first."""
    silent_polls = 0
    while not stopping.is_set():
        try:
            experiment = client.experiment(experiment_id)
        except httpx.TransportError:
            silent_polls += 1
            if silent_polls > PATIENT_POLLS:
                raise
        else:
            silent_polls = 0
            show(experiment.runs)
            if all(run.status in RESTING_STATUSES for run in experiment.runs):
                return experiment
        stopping.wait(POLL_SECONDS)
    return None


def say_experiment(
    client: Client, made: ExperimentRecord, wait: bool, as_json: bool, then: str = ""
) -> ExperimentRecord:
    """Prints the experiment that a command has made, with `wait` at its end: the command ends with exit code 1 where it
    is not completed. then: what becomes of it, said where nobody waits."""
    if wait:
        with run_display(make_console(), as_json) as show:
            made = follow(client, made.id, show, threading.Event()) or made
    if as_json:
        print_json(made.model_dump(mode="json", by_alias=True))
    else:
        typer.echo(f"{made.name}: {made.status} (experiment {made.id}){'' if wait else then}")
    if wait and made.status != "completed":
        raise typer.Exit(EXIT_FAILED)
    return made


@contextmanager
def run_display(console: Console, as_json: bool) -> Iterator[ShowRuns]:
    """Bars where a person watches, one JSON object a change with `as_json`, else one line a change."""
    if as_json:
        yield _Changes(lambda run: print_json(run.model_dump(mode="json")))
    elif console.is_terminal:
        with _progress(console) as progress:
            yield _Bars(progress)
    else:
        yield _Changes(lambda run: console.print(describe_run(run), highlight=False, soft_wrap=True))


def describe_run(run: RunRecord) -> str:
    """`FedSM, seed 0: round 3 of 20 (running)`."""
    text = f"{run.strategy_label}, seed {run.seed}: round {run.round} of {run.num_rounds} ({run.status})"
    if run.best_dice is not None:
        text += f", best validation Dice {printed(run.best_dice, 'dice')} in round {run.best_round}"
    if run.failure:
        text += f": {run.failure}"
    if waiting := waits_of(run):
        text += f": {waiting}"
    return text


class _Changes:
    """Tells of a run when its round, its status or whom it waits for has changed."""

    def __init__(self, tell: Callable[[RunRecord], None]) -> None:
        self._tell = tell
        self._told: dict[str, tuple[int, RunStatus, tuple[str, ...]]] = {}

    def __call__(self, runs: list[RunRecord]) -> None:
        for run in runs:
            state = (run.round, run.status, tuple(wait.participant for wait in run.waits_for))
            if self._told.get(run.id) != state:
                self._told[run.id] = state
                self._tell(run)


class _Bars:
    """One bar a run."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def __call__(self, runs: list[RunRecord]) -> None:
        for run in runs:
            if run.id not in self._bars:
                label = f"{run.strategy_label} (seed {run.seed})"
                self._bars[run.id] = self._progress.add_task(label, total=run.num_rounds, status="")
            status = run.failure or waits_of(run) or str(run.status)
            if run.best_dice is not None:
                status += f", Dice {printed(run.best_dice, 'dice')}"
            self._progress.update(self._bars[run.id], completed=_rounds_done(run), status=status)


def _rounds_done(run: RunRecord) -> int:
    """`run.round` counts the round under way."""
    return max(0, run.round - 1) if run.status == RunStatus.RUNNING else run.round


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}", markup=False),
        TimeElapsedColumn(),
        console=console,
    )
