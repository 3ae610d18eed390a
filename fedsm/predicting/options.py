"""The options of predicting with a model of a file, for the platform's command and for the one that comes alone.

Torch is imported when there is something to predict."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_OUT = Path("masks")

FormOption = Annotated[
    str | None,
    typer.Option(
        help="Of the masks: files (one a structure: PNG of a picture, NIfTI of what has a geometry), "
        "seg-nrrd (3D Slicer) or dicom-seg. Left out: with a model.zip that of the image, DICOM for DICOM and so "
        "on; with a run files."
    ),
]
OnlyOption = Annotated[
    str | None,
    typer.Option("--model", help="With a model.zip: segment with this one, as global or personalized/SITE."),
]


def is_model_file(text: str) -> bool:
    """Whether this names a file and no run; the path of a file that is absent counts as a file."""
    return text.lower().endswith(".zip") or Path(text).is_file()


def predict_here(
    model: Path, images: Sequence[Path], out: Path | None, form: str | None, only: str | None, as_json: bool
) -> None:
    from fedsm.predicting.command import predict_files

    predict_files(model, images, out or DEFAULT_OUT, form, only, as_json)
