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
from fedsm.client import ApiError, Client
from fedsm.packing import CannotSend
from fedsm.predicting.inputs import NothingThere, ToSend, different_stems, images_of
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
        list[Path] | None,
        typer.Argument(
            help="Any number of images, folders, DICOM series, zips and patterns; the data of a .mhd, .nhdr or .hdr go "
            "with it. With a run, DICOM files that are named together are one image."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the chosen model's masks. With a model.zip it is `masks` where none is given."),
    ] = None,
    form: FormOption = None,
    only: OnlyOption = None,
    threshold: ThresholdOption = "run",
    keep: Annotated[bool, typer.Option(help="Of a run: leave the images and their masks on the server.")] = False,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach",
            help="Of a run: send the images, print the id of their batch and end; they stay on the server. "
            "`fedsm model batch ID` says how far they are, --batch ID saves their masks.",
        ),
    ] = False,
    batch: Annotated[
        str | None,
        typer.Option(help="Of a run, in place of images: wait for those of this batch, and save their masks."),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Masks of your own images, by a downloaded model.zip here or by a run's models on the server.

    It says which model was chosen and why. The server then forgets the image."""
    given = image or []
    if is_model_file(model):
        _refuse_with_a_file(given, threshold, detach, batch)
        predict_here(Path(model), given, out, form, only, as_json)
        return
    _refuse_with_a_run(given, only, form, batch)
    try:
        images = images_of(given, out or DEFAULT_OUT) if batch is None else []
    except NothingThere as problem:
        fail(str(problem), EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        run_id, used = find_models(client, model, threshold)
        if detach:
            _send_alone(client, run_id, used, images, as_json)
            return
        done = list(_predicted(client, run_id, used, images, Saving(out, form or "files"), keep, batch))
    _say(done, as_json, as_list=batch is not None)


def _send_alone(
    client: Client, run_id: str, threshold: ThresholdChoice, images: Sequence[ToSend], as_json: bool
) -> None:
    """What waits for the masks is another command, which asks for the batch that is printed."""
    batch = client.start_batch(run_id, len(images))
    list(_sent(client, run_id, threshold, images, batch.id))
    print_json(client.prediction_batch(batch.id).model_dump(mode="json")) if as_json else typer.echo(batch.id)


def _refuse_with_a_file(given: Sequence[Path], threshold: ThresholdChoice, detach: bool, batch: str | None) -> None:
    """Ends the command where an argument does not go with a model.zip."""
    if threshold != "run":
        fail("--threshold goes with a run: a model.zip has the threshold of its model.json", EXIT_WRONG_INPUT)
    if detach or batch is not None:
        fail("--detach and --batch go with a run: a model.zip is used here and now", EXIT_WRONG_INPUT)
    if not given:
        fail("name an image, a folder of images or a pattern after the model", EXIT_WRONG_INPUT)


def _refuse_with_a_run(given: Sequence[Path], only: str | None, form: str | None, batch: str | None) -> None:
    """Ends the command where an argument does not go with a run."""
    if only is not None:
        fail("--model goes with a model.zip: a run's masks are those of the chosen model", EXIT_WRONG_INPUT)
    if form is not None and form not in ("files", *get_args(SegmentationForm)):
        fail(f"--form {form!r} is not known: choose files, seg-nrrd or dicom-seg", EXIT_WRONG_INPUT)
    if (batch is None) == (not given):
        fail("name images, or the batch of those that were sent with --batch: one of both", EXIT_WRONG_INPUT)


def _say(done: Sequence[tuple[PredictionRecord, list[Path], str | None]], as_json: bool, as_list: bool) -> None:
    """What came of each image; ends the command as failed where one has no mask.

    as_list: print JSON as a list, also of one image.
    """
    records = [record.model_dump(mode="json") for record, _, _ in done]
    if as_json:
        print_json(records if len(done) > 1 or as_list else records[0])
    for record, files, _ in () if as_json else done:
        if record.status == TaskStatus.COMPLETED:
            _print(make_console(), record, files)
    problems = [(record.file_name, problem) for record, _, problem in done if problem is not None]
    if problems and len(done) == 1:
        fail(problems[0][1], EXIT_FAILED)
    if problems:
        lines = (f"{name}: {problem}" for name, problem in problems)
        fail("\n".join([f"{len(problems)} of {len(done)} images have no mask", *lines]), EXIT_FAILED)


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
    batch: str | None,
) -> Iterator[tuple[PredictionRecord, list[Path], str | None]]:
    """Yields each image's record, the saved files, and why it has no mask; None: it has one. All are sent before the
    first is waited for, because the server works while others are on their way. batch: of images that are there."""
    used, started = batch, list[PredictionRecord]()
    try:
        if batch is None and len(images) > 1:
            used = client.start_batch(run_id, len(images)).id
        if batch is None:
            started = list(_sent(client, run_id, threshold, images, used))
            stems = [image.stem for image in images]
        else:
            started = client.predictions(run_id, batch)[::-1]
            stems = different_stems([Path(record.file_name) for record in started])
        for number, (stem, sent) in enumerate(zip(stems, started, strict=True), start=1):
            record = _await(client, sent)
            _progress(f"{number} of {len(started)}: {record.file_name} is {record.status}", len(started))
            if record.status != TaskStatus.COMPLETED:
                yield record, [], record.error or f"the prediction is {record.status}"
                continue
            try:
                yield record, _save(client, record, stem, saving), None
            except CannotSend as problem:
                yield record, [], str(problem)
    finally:
        if not keep and used is not None:
            client.delete_batch(used)
        elif not keep:
            for alone in started:
                client.delete_prediction(alone.id)


def _sent(
    client: Client, run_id: str, threshold: ThresholdChoice, images: Sequence[ToSend], batch: str | None
) -> Iterator[PredictionRecord]:
    for number, image in enumerate(images, start=1):
        _progress(f"sends {number} of {len(images)}: {image.stem}", len(images))
        try:
            yield _send_patiently(client, run_id, threshold, image, batch)
        except CannotSend as problem:
            fail(str(problem), EXIT_WRONG_INPUT)


def _send_patiently(
    client: Client, run_id: str, threshold: ThresholdChoice, image: ToSend, batch: str | None
) -> PredictionRecord:
    """The server takes a limited number of images in a minute; waits as long as it says."""
    while True:
        try:
            return client.predict(run_id, *image.paths, threshold=threshold, batch=batch)
        except ApiError as problem:
            if problem.wait_seconds is None:
                raise
            typer.echo(f"waits {problem.wait_seconds} s: {problem.detail}", err=True)
            time.sleep(problem.wait_seconds)


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
