"""`fedsm model export`: a trained set of models in a form for other programs."""

import time
from pathlib import Path
from typing import Annotated

import typer

from backend.contracts.exports import FORM_CARDS, FORMS, ExportForm, ExportStep
from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.exports.schemas import ExportRecord
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
from fedsm.cli.watch import print_json
from fedsm.client import Client
from fedsm.predicting.options import is_model_file

POLL_SECONDS = 0.5
_FORMS_IN_WORDS = ", ".join(f"{form} ({card.label})" for form, card in FORM_CARDS.items())


def export(
    model: Annotated[
        str, typer.Argument(help="A run's id, name:number or name@alias; or a model.zip, which needs no server.")
    ],
    form: Annotated[str, typer.Option(help=f"One of {_FORMS_IN_WORDS}.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The ZIP to write; left out: named by form.")] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(
            help="With a model.zip: a raw image, or a DICOM series' folder, that the form is tried on; repeat for more."
        ),
    ] = None,
    threshold: ThresholdOption = "run",
    watch: Annotated[
        bool, typer.Option("--watch", help="Say on the error stream which model is written and which image is tried.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Make a form of a model for other programs.

    It is tried on raw images, in a process with that form's packages alone, and one that gives other masks is not given
    out."""
    chosen = next((known for known in FORMS if known == form), None)
    if chosen is None:
        fail(f"--form {form!r} is not known: choose one of {', '.join(FORMS)}", EXIT_WRONG_INPUT)
    if is_model_file(model):
        if threshold != "run":
            fail("--threshold goes with a run: a model.zip has the threshold of its model.json", EXIT_WRONG_INPUT)
        _export_here(Path(model), chosen, out or Path(f"{Path(model).stem}-{form}.zip"), image or [], watch, as_json)
        return
    if image:
        fail("--image goes with a model.zip: a run's form is tried on its own test cases", EXIT_WRONG_INPUT)
    with api(home, server, token) as client:
        run, used = find_models(client, model, threshold)
        done = _awaited(client, client.start_export(run, chosen, used), watch)
        target = out or Path(done.file_name)
        if done.url is not None:
            target.write_bytes(client.artifact(done.url))
    if as_json:
        print_json(done.model_dump(mode="json"))
    if done.status != TaskStatus.COMPLETED:
        fail(done.error or f"the export is {done.status}", EXIT_FAILED)
    if not as_json:
        _say(target, done.num_images or 0, done.num_different or 0, done.num_voxels or 0)


def _awaited(client: Client, started: ExportRecord, watch: bool) -> ExportRecord:
    said: str | None = None
    while (record := client.model_export(started.id)).status not in TERMINAL_TASK_STATUSES:
        if watch and record.doing not in (None, said):
            said = record.doing
            typer.echo(said, err=True)
        time.sleep(POLL_SECONDS)
    return record


def _export_here(model: Path, form: ExportForm, out: Path, images: list[Path], watch: bool, as_json: bool) -> None:
    from backend.contracts.model_file import BadModelFile, read_model_file
    from worker.exports.make import make_export
    from worker.predicting.model import open_model

    if not images:
        fail("name an image with --image: a form is not given out untried", EXIT_WRONG_INPUT)
    if absent := next((path for path in images if not path.exists()), None):
        fail(f"{absent} is not there: give the path of an image, or the folder of a DICOM series", EXIT_WRONG_INPUT)
    try:
        scores = read_model_file(model).description.version_scores
        done = make_export(open_model(model), form, images, out, lambda step: _say_step(step, watch), scores)
    except BadModelFile as problem:
        fail(f"{model}: {problem}", EXIT_WRONG_INPUT)
    except ValueError as problem:
        fail(str(problem), EXIT_FAILED)
    if as_json:
        print_json({"file": str(out), **done.__dict__})
    else:
        _say(out, done.num_images, done.num_different, done.num_voxels)


def _say_step(step: ExportStep, watch: bool) -> None:
    if watch:
        typer.echo(step.words, err=True)


def _say(target: Path, num_images: int, num_different: int, num_voxels: int) -> None:
    compared = f"{num_different} of {num_voxels} voxels of their masks differ"
    typer.echo(f"saved {target}: tried on {num_images} raw images; {compared}")
