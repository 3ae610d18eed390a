"""`fedsm predict`: what models make of images, saved as files: a run's models on the server, or those of a file."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backend.contracts.predictions import SegmentationForm
from backend.contracts.routing_words import why_chosen
from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.contracts.thresholds import ThresholdChoice
from backend.predictions.schemas import PredictionRecord
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
from fedsm.packing import CannotSend
from fedsm.predicting.inputs import NothingThere, ToSend, images_of
from fedsm.predicting.options import DEFAULT_OUT, FormOption, OnlyOption, is_model_file, predict_here

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
            help="Any number of images, folders, DICOM series, zips and patterns; the data of a .mhd, .nhdr or .hdr go "
            "with it. With a run, DICOM files that are named together are one image."
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
    if only is not None:
        fail("--model goes with a model.zip: a run's masks are those of the chosen model", EXIT_WRONG_INPUT)
    if form is not None and form not in ("files", *get_args(SegmentationForm)):
        fail(f"--form {form!r} is not known: choose files, seg-nrrd or dicom-seg", EXIT_WRONG_INPUT)
    try:
        images = images_of(image, out or DEFAULT_OUT)
    except NothingThere as problem:
        fail(str(problem), EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        run_id, used = find_models(client, model, threshold)
        done = list(_predicted(client, run_id, used, images, Saving(out, form or "files"), keep))
    records = [record.model_dump(mode="json") for record, _, _ in done]
    if as_json:
        print_json(records if len(images) > 1 else records[0])
    for record, files, _ in () if as_json else done:
        if record.status == TaskStatus.COMPLETED:
            _print(make_console(), record, files)
    problems = [(record.file_name, problem) for record, _, problem in done if problem is not None]
    if problems and len(images) == 1:
        fail(problems[0][1], EXIT_FAILED)
    if problems:
        lines = (f"{name}: {problem}" for name, problem in problems)
        fail("\n".join([f"{len(problems)} of {len(images)} images have no mask", *lines]), EXIT_FAILED)


@dataclass(frozen=True)
class Saving:
    """Where the chosen model's masks go, None: nowhere; and as what."""

    out: Path | None
    form: str


def _predicted(
    client: Client,
    run_id: str,
    threshold: ThresholdChoice,
    images: Sequence[ToSend],
    saving: Saving,
    keep: bool,
) -> Iterator[tuple[PredictionRecord, list[Path], str | None]]:
    """Yields each image's record, the saved files, and why it has no mask; None: it has one. All are sent before the
    first is waited for, because the server works while others are on their way."""
    started: list[PredictionRecord] = []
    try:
        for number, image in enumerate(images, start=1):
            _progress(f"sends {number} of {len(images)}: {image.stem}", len(images))
            try:
                started.append(client.predict(run_id, *image.paths, threshold=threshold))
            except CannotSend as problem:
                fail(str(problem), EXIT_WRONG_INPUT)
        for number, (image, sent) in enumerate(zip(images, started, strict=True), start=1):
            record = _await(client, sent)
            _progress(f"{number} of {len(images)}: {record.file_name} is {record.status}", len(images))
            if record.status != TaskStatus.COMPLETED:
                yield record, [], record.error or f"the prediction is {record.status}"
                continue
            try:
                yield record, _save(client, record, image.stem, saving), None
            except CannotSend as problem:
                yield record, [], str(problem)
    finally:
        for sent in () if keep else started:
            client.delete_prediction(sent.id)


def _progress(text: str, num_images: int) -> None:
    if num_images > 1:
        typer.echo(text, err=True)


def _await(client: Client, started: PredictionRecord) -> PredictionRecord:
    while (record := client.prediction(started.id)).status not in TERMINAL_TASK_STATUSES:
        time.sleep(POLL_SECONDS)
    return record


def _save(client: Client, record: PredictionRecord, stem: str, saving: Saving) -> list[Path]:
    """`eye.optic-disc.png` of a picture, `mr.prostate.nii.gz` of what has a geometry, `mr.seg.nrrd` and `mr.seg.dcm`.

    Raises CannotSend for a form that the image does not have.
    """
    if saving.out is None or not record.masks:
        return []
    saved = []
    for ending, url in _files(record, saving.form):
        content = client.artifact(url)
        suffix = {b"\x1f\x8b": ".nii.gz", b"\x89P": ".png"}.get(content[:2], "") if saving.form == "files" else ""
        path = saving.out / f"{stem}{ending}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        saved.append(path)
    return saved


def _files(record: PredictionRecord, form: str) -> list[tuple[str, str]]:
    """What each file's name ends with, but for the suffix of `files`, and its address."""
    mask = record.masks[0]
    if form == "files":
        words = ((name.replace(" ", "-").replace("/", "-"), url) for name, url in mask.file_urls.items())
        return [(f".{word}", url) for word, url in words]
    endings: dict[SegmentationForm, str] = {"seg-nrrd": ".seg.nrrd", "dicom-seg": ".seg.dcm"}
    found = [(endings[name], url) for name, url in mask.segmentation_urls.items() if name == form]
    if not found:
        raise CannotSend(
            f"{record.file_name} has no masks as {form}, which needs "
            f"{'a DICOM image' if form == 'dicom-seg' else 'an image'} with a position: take --form files"
        )
    return found


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
