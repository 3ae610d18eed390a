"""`fedsm-predict`: the command of the package that predicts and does nothing else."""

from pathlib import Path
from typing import Annotated

import typer

from fedsm.cli.options import JsonOption
from fedsm.predicting.options import FormOption, OnlyOption, predict_here

app = typer.Typer(add_completion=False)


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A model.zip, as FedSM Studio exports it.")],
    image: Annotated[
        list[Path], typer.Argument(help="Any number of images, folders, DICOM series and patterns such as 'a/*.png'.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the masks; left out: `masks`.")] = None,
    form: FormOption = None,
    only: OnlyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Masks of your own images by a trained model, which model of the set was chosen and why, and a table of sizes."""
    predict_here(model, image, out, form, only, as_json)
