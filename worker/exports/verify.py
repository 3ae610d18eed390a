"""Whether an exported model gives the platform's masks: on raw files, in a process with the form's packages alone."""

import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backend.contracts.exports import MAX_DIFFERENT, ExportForm
from worker.datasets.mask_files import mask_file
from worker.exports.alone import code_alone
from worker.exports.graphs import CannotExport
from worker.exports.torch_form import Count
from worker.predicting.own_image import read_own_file
from worker.predicting.predict import Predictor, predict_image

SECONDS = 1800


@dataclass(frozen=True)
class Verified:
    """num_images: raw files that were compared. num_voxels: of all their masks. num_different: of these."""

    num_images: int
    num_voxels: int
    num_different: int


@dataclass(frozen=True)
class Compared:
    chosen: str
    mask: NDArray[np.bool_]


def verify(
    predictor: Predictor,
    form: ExportForm,
    folder: Path,
    script: Sequence[str],
    images: Sequence[Path],
    out: Path,
    begins: Count,
    begins_each: Count,
) -> Verified:
    """Runs `script` (a file of `folder` and its arguments) on the images, and compares choices and masks; then each
    model by itself on the first of them, because a form has more files than the choices of a few images need.
    begins, begins_each: called with the number of each image and model, from 1, and with how many there are.

    Raises CannotExport where a choice or more than rounding of a mask differs, or the form does not run.
    """
    if not images:
        raise CannotExport("there is no image to compare masks on: name some")
    first, models = images[0], predictor.models
    chosen = [*script, *map(str, images), "--out", str(out)]
    named = [word for model in models for word in ("--model", model)]
    alone = [*script, str(first), *named, "--out", str(out)]
    with closing(_run(form, folder, [chosen, alone])) as lines:
        found = _compare(predictor, _of_one(lines), [(image, None) for image in images], begins)
        _compare(predictor, _of_one(lines), [(first, model) for model in models], begins_each)
        for _ in lines:  # to the end of the process, which may fail there
            pass
    return found


def _compare(
    predictor: Predictor,
    lines: Iterator[dict[str, Any]],
    trials: Sequence[tuple[Path, str | None]],
    begins: Count,
) -> Verified:
    """trials: each image with the model that takes the choice's place. Raises CannotExport."""
    num_voxels = num_different = compared = 0
    begins(1, len(trials))
    for line in lines:
        if compared == len(trials):
            raise CannotExport("this form gives more masks than there are images: take model.zip")
        (image, model), compared = trials[compared], compared + 1
        expected = _expected(predictor, image, model)
        if line["chosen"] != expected.chosen:
            raise CannotExport(
                f"for {image.name} this form chooses {line['chosen']}, and the platform {expected.chosen}: it is not "
                "given out; take model.zip"
            )
        found = np.stack([_read(Path(path)) for path in line["masks"]])
        if found.shape != expected.mask.shape:
            raise CannotExport(f"for {image.name} this form gives masks of another size: it is not given out")
        num_voxels += found.size
        num_different += int((found != expected.mask).sum())
        if compared < len(trials):
            begins(compared + 1, len(trials))
    if compared < len(trials):
        raise CannotExport(f"this form gives no masks of {trials[compared][0].name}: take model.zip")
    if num_different > MAX_DIFFERENT * num_voxels:
        of_what = f"{len(trials)} images" if trials[0][1] is None else f"an image, by {len(trials)} models one by one"
        raise CannotExport(
            f"this form gives other masks: {num_different} of {num_voxels} voxels differ in {of_what}, more "
            "than rounding explains: it is not given out; take model.zip"
        )
    return Verified(len(trials), num_voxels, num_different)


def _expected(predictor: Predictor, path: Path, model: str | None) -> Compared:
    """The masks as files have them."""
    image = read_own_file(path, predictor.run.task)
    done = predict_image(predictor, image, only_chosen=True, model=model)
    planes = [_decoded(mask_file(plane, image.frame)[0]) for plane in done.masks[done.chosen]]
    return Compared(done.chosen, np.stack(planes))


def _decoded(content: bytes) -> NDArray[np.bool_]:
    if content[:2] == b"\x1f\x8b":
        made = nibabel.Nifti1Image.from_bytes(gzip.decompress(content))
        return np.asarray(made.dataobj) > 0
    return np.asarray(Image.open(io.BytesIO(content))) > 0


def _read(path: Path) -> NDArray[np.bool_]:
    return _decoded(path.read_bytes())


def _of_one(lines: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Those of one run of the command: an empty object ends them."""
    for line in lines:
        if not line:
            return
        yield line


def _run(form: ExportForm, folder: Path, runs: Sequence[Sequence[str]]) -> Generator[dict[str, Any], None, None]:
    """Yields the lines of JSON that the form's command prints, each as it comes, and an empty object after each run.

    Raises CannotExport with the end of what it said.
    """
    # In a folder of its own, so that nothing of the platform's checkout is found by chance.
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "FEDSM_"))}
    kept["PYTHONDONTWRITEBYTECODE"] = "1"  # what is tried is what is packed
    command = [sys.executable, "-c", code_alone(form), json.dumps(runs)]
    took_too_long = threading.Event()

    def end() -> None:
        took_too_long.set()
        process.kill()

    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(command, cwd=folder, env=kept, stdout=subprocess.PIPE, stderr=said, text=True)
        limit = threading.Timer(SECONDS, end)
        limit.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("{"):
                    yield json.loads(line)
            code_of_exit = process.wait()
        finally:  # the caller may have stopped
            limit.cancel()
            process.kill()
            process.communicate()
        said.seek(0)
        last = (said.read().strip().splitlines() or ["no word"])[-1][:300]
    if took_too_long.is_set():
        raise CannotExport(f"this form took more than {SECONDS} s to predict a few images: take model.zip")
    if code_of_exit != 0:
        raise CannotExport(f"this form does not run ({last}): take model.zip")
