"""`fedsm predict`: what models make of images, saved as files: a run's models on the server, or those of a file."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backend.contracts.routing_words import why_chosen
from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.contracts.thresholds import ThresholdChoice
from backend.predictions.schemas import MaskRecord, PredictionRecord
from fedsm.cli.references import find_models
from fedsm.cli.shared import (
    EXIT_FAILED,
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    ThresholdOption,
    TokenOption,
    api,
    fail,
)
from fedsm.cli.watch import make_console, print_json
from fedsm.client import Client
from fedsm.packing import CannotSend, stem_of
from fedsm.predicting.options import FormOption, OnlyOption, is_model_file, predict_here

POLL_SECONDS = 0.3


def predict(
    model: Annotated[
        str,
        typer.Argument(
            help="A model.zip, which needs no server; or the id of a completed run, as `fedsm experiment show --json` "
            "prints it, or name:number or name@alias."
        ),
    ],
    image: Annotated[
        list[Path],
        typer.Argument(
            help="With a model.zip: any number of images, folders, DICOM series and patterns. With a run: one image, "
            "that is a file (the data of a .mhd, .nhdr or .hdr go with it), the folder of a DICOM series, a zip, or "
            "all files of one image."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the chosen model's masks. With a model.zip it is `masks` where none is given."),
    ] = None,
    form: FormOption = None,
    only: OnlyOption = None,
    threshold: ThresholdOption = "run",
    keep: Annotated[bool, typer.Option(help="Of a run: leave the image and its masks on the server.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Masks of your own images, by a downloaded model.zip here or by a run's models on the server.

    It says which model was chosen and why. The server then forgets the image."""
    if is_model_file(model):
        if threshold != "run":
            fail("--threshold goes with a run: a model.zip has the threshold of its model.json", EXIT_WRONG_INPUT)
        predict_here(Path(model), image, out, form, only, as_json)
        return
    if form is not None or only is not None:
        fail("--form and --model go with a model.zip: a run's masks are one file a structure", EXIT_WRONG_INPUT)
    _predict_there(model, threshold, image, out, keep, as_json, (home, server, token))


def _predict_there(
    model: str,
    threshold: ThresholdChoice,
    image: list[Path],
    out: Path | None,
    keep: bool,
    as_json: bool,
    where: tuple[Path | None, str | None, str | None],
) -> None:
    with api(*where) as client:
        try:
            run_id, used = find_models(client, model, threshold)
            started = client.predict(run_id, *image, threshold=used)
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
    why = why_chosen(done.chosen_model or "", done.probabilities, done.gamma)
    console.print(f"{done.file_name}: {why}", highlight=False)
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
