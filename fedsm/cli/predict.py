"""`fedsm predict`: what a run's models make of an image, saved as files."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.predictions.schemas import MaskRecord, PredictionRecord
from fedsm.cli.shared import (
    EXIT_FAILED,
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    TokenOption,
    api,
    fail,
)
from fedsm.cli.watch import make_console, print_json
from fedsm.client import Client
from fedsm.packing import CannotSend, stem_of

POLL_SECONDS = 0.3


def predict(
    run_id: Annotated[str, typer.Argument(help="A completed run, as `fedsm experiment show --json` prints it.")],
    image: Annotated[
        list[Path],
        typer.Argument(
            help="A picture or volume of the federation's kind: a file (the data of a .mhd, .nhdr or .hdr go with it), "
            "the folder of a DICOM series, a zip, or all files of one image."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the chosen model's masks, one file a structure.")] = None,
    keep: Annotated[bool, typer.Option(help="Leave the image and its masks on the server.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Send an image to a run's models: which is chosen and why, and its masks. The server then forgets the image."""
    with api(home, server, token) as client:
        try:
            started = client.predict(run_id, *image)
        except CannotSend as problem:
            fail(str(problem), EXIT_WRONG_INPUT)
        try:
            done = _await(client, started)
            files = _save(client, done.masks[0], stem_of(image), out) if out is not None and done.masks else []
        finally:
            if not keep:
                client.delete_prediction(started.id)
    if as_json:
        print_json(done.model_dump(mode="json"))
    elif done.status == TaskStatus.COMPLETED:
        _print(make_console(), done, files)
    if done.status != TaskStatus.COMPLETED:
        fail(done.error or f"the prediction is {done.status}", EXIT_FAILED)


def _await(client: Client, started: PredictionRecord) -> PredictionRecord:
    while (record := client.prediction(started.id)).status not in TERMINAL_TASK_STATUSES:
        time.sleep(POLL_SECONDS)
    return record


def _save(client: Client, mask: MaskRecord, stem: str, out: Path) -> list[Path]:
    """`eye.optic-disc.png` of a picture, `mr.prostate.nii.gz` of what has a geometry."""
    out.mkdir(parents=True, exist_ok=True)
    saved = []
    for structure, url in mask.file_urls.items():
        content = client.artifact(url)
        suffix = ".nii.gz" if content[:2] == b"\x1f\x8b" else ".png"
        path = out / f"{stem}.{structure.replace(' ', '-').replace('/', '-')}{suffix}"
        path.write_bytes(content)
        saved.append(path)
    return saved


def _print(console: Console, done: PredictionRecord, files: list[Path]) -> None:
    console.print(f"{done.file_name}: {_why(done)}", highlight=False)
    if done.unlike is not None:
        console.print(f"[yellow]{escape(done.unlike)}[/yellow]", highlight=False)
    for warning in done.warnings:
        console.print(f"[yellow]{escape(warning.message)}[/yellow]", highlight=False)
    table = Table("model", *(f"{size.structure} ({done.unit})" for size in done.masks[0].sizes))
    for mask in done.masks:
        table.add_row(mask.model, *(f"{size.size:.0f}" for size in mask.sizes))
    console.print(table)
    for path in files:
        console.print(f"saved {path}", highlight=False)


def _why(done: PredictionRecord) -> str:
    if not done.probabilities:
        return f"segmented by {done.chosen_model}; the method has no model selector"
    site, probability = max(done.probabilities.items(), key=lambda entry: entry[1])
    seen = f"most like {site} ({probability:.1%})"
    if done.chosen_model == "mixture":
        return f"{seen}: segmented by all sites' models, weighted so"
    if done.gamma is None:
        return f"{seen}: segmented by {done.chosen_model}, of which the best score is expected"
    compared = "not above" if done.chosen_model == "global" else "above"
    return f"{seen}, {compared} gamma {done.gamma:g}: segmented by {done.chosen_model}"
