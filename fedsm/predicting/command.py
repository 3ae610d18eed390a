"""The work of `fedsm predict MODEL.zip PATH...`: images in, masks and a table out."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backend.contracts.csv_table import write_csv
from backend.contracts.model_file import BadModelFile
from fedsm.cli.options import EXIT_FAILED, EXIT_WRONG_INPUT, fail, print_json
from fedsm.predicting.inputs import Input, NothingThere, find_inputs
from fedsm.predicting.rows import Row, row_of, table_columns, table_row
from worker.predicting.mask_forms import MASK_FORMS, MaskForm, files_of_masks, own_form
from worker.predicting.model import open_model
from worker.predicting.own_image import opened_file
from worker.predicting.predict import Predictor, predict_image

TABLE = "predictions.csv"


def predict_files(
    model: Path, paths: Sequence[Path], out: Path, form: str | None, only: str | None, as_json: bool
) -> None:
    """Ends the command: 0 where every image has its masks, 1 where one has not, 2 for wrong input."""
    if form is not None and form not in MASK_FORMS:
        fail(f"--form {form!r} is not known: choose one of {', '.join(MASK_FORMS)}", EXIT_WRONG_INPUT)
    try:
        inputs = find_inputs(paths, out)
        predictor = open_model(model)
    except NothingThere as problem:
        fail(str(problem), EXIT_WRONG_INPUT)
    except BadModelFile as problem:
        fail(f"{model}: {problem}", EXIT_WRONG_INPUT)
    if only is not None and only not in predictor.models:
        fail(f"--model {only!r} is not in {model}: choose one of {', '.join(predictor.models)}", EXIT_WRONG_INPUT)
    rows = []
    for number, each in enumerate(inputs, start=1):
        typer.echo(f"{number} of {len(inputs)}: {each.path}", err=True)
        rows.append(_predicted(predictor, each, out, form, only))
    out.mkdir(parents=True, exist_ok=True)
    _write(out / TABLE, write_csv(table_columns(predictor.run), map(table_row, rows)).encode())
    if as_json:
        print_json([row.as_json() for row in rows])
    else:
        _print(Console(), rows, out)
    if any(row.problem for row in rows):
        raise typer.Exit(EXIT_FAILED)


def _predicted(predictor: Predictor, each: Input, out: Path, form: str | None, only: str | None) -> Row:
    """An image that cannot be taken has a row that says why, and stops no other."""
    begun, run = time.monotonic(), predictor.run
    try:
        with opened_file(each.path, run.task) as (image, source):
            done = predict_image(predictor, image, only_chosen=True, model=only)
            wanted: MaskForm = form if form is not None else own_form(source, image)  # type: ignore[assignment]
            made_by = f"{run.strategy.name}, {done.chosen}"
            files = list(files_of_masks(wanted, done.masks[done.chosen], run, image, source, made_by))
    except ValueError as problem:
        return Row(str(each.path), problem=str(problem))
    saved = [out / f"{each.stem}{ending}" for ending, _ in files]
    for path, (_, content) in zip(saved, files, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)
    seconds = time.monotonic() - begun
    return row_of(str(each.path), run, image, done, list(map(str, saved)), seconds, only is not None)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a command that is stopped leaves no half mask."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def _print(console: Console, rows: Sequence[Row], out: Path) -> None:
    for row in rows:
        said = [f"[red]{escape(row.problem)}[/red]"] if row.problem else []
        said += [f"{escape(row.why or '')}", *(f"[yellow]{escape(text)}[/yellow]" for text in row.warnings)]
        console.print(f"{escape(row.file)}: {' '.join(text for text in said if text)}", highlight=False)
    done = [row for row in rows if not row.problem]
    if done:
        console.print(_table(done))
    console.print(f"saved {sum(len(row.saved) for row in done)} masks and {TABLE} in {out}", highlight=False)
    if len(done) < len(rows):
        console.print(f"[red]{len(rows) - len(done)} of {len(rows)} images have no mask[/red]", highlight=False)


def _table(rows: Sequence[Row]) -> Table:
    has_ratio = any(row.cup_to_disc is not None for row in rows)
    table = Table("file", "model", *rows[0].sizes, "unit", *(["vertical cup/disc"] if has_ratio else []))
    for row in rows:
        ratio = "-" if row.cup_to_disc is None else f"{row.cup_to_disc:.2f}"
        sizes = [f"{size:.0f}" for size in row.sizes.values()]
        table.add_row(Path(row.file).name, row.chosen, *sizes, row.unit, *([ratio] if has_ratio else []))
    return table
