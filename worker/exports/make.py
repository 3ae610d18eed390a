"""Making a form of a set of models: written, tried on raw files, and only then packed."""

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backend.contracts.exports import FORM_CARDS, ExportForm, ExportStep
from backend.contracts.tasks import RunSpec
from backend.contracts.version_scores import VersionScore, score_table
from worker.engine.sampling import patch_size
from worker.exports.graphs import in_patches, routed_strategy, takes_any_size
from worker.exports.hugging_face_form import metadata, write_hugging_face
from worker.exports.monai_form import write_monai
from worker.exports.onnx_form import write_onnx
from worker.exports.torch_form import Count, write_torch
from worker.exports.verify import Verified, verify
from worker.predicting.predict import Predictor

PORTABLE = Path(__file__).parent / "portable"


@dataclass(frozen=True)
class _Form:
    """write: puts its files into an empty folder. scripts: of the portable code. command: what predicts with it.
    head: of its README.md, for the scores of the models.
    """

    write: Callable[[Predictor, Path, Count], None]
    scripts: tuple[str, ...]
    command: str
    head: Callable[[RunSpec, Sequence[VersionScore]], str] = lambda _run, _scores: ""


_FORMS: dict[ExportForm, _Form] = {
    "hugging-face": _Form(write_hugging_face, ("portable.py", "predict_torch.py"), "predict_torch.py", metadata),
    "monai": _Form(write_monai, ("predict_monai.py",), "predict_monai.py"),
    "onnx": _Form(write_onnx, ("portable.py", "predict_onnx.py"), "predict_onnx.py"),
    "torch-export": _Form(write_torch, ("portable.py", "predict_torch.py"), "predict_torch.py"),
}


def make_export(
    predictor: Predictor,
    form: ExportForm,
    images: Sequence[Path],
    target: Path,
    report: Callable[[ExportStep], None],
    scores: Sequence[VersionScore] = (),
) -> Verified:
    """Writes a ZIP of the form, once its masks of the images are the platform's. report: hears of each step
    when it begins. scores: for its card.

    Raises CannotExport with the reason; then there is no ZIP.
    """
    found = _FORMS[form]
    with tempfile.TemporaryDirectory(prefix="fedsm-export-") as name:
        folder, tried = Path(name) / "model", Path(name) / "tried"
        folder.mkdir()
        found.write(predictor, folder, _told(report, "write"))
        for script in found.scripts:
            shutil.copy(PORTABLE / script, folder / script)
        verified = verify(
            predictor, form, folder, [found.command], images, tried, _told(report, "try"), _told(report, "each")
        )
        _told(report, "pack")(1, 1)
        (folder / "README.md").write_text(
            found.head(predictor.run, scores) + _readme(predictor, form, found.command, verified, scores),
            encoding="utf-8",
        )
        _pack(folder, target)
    return verified


def _told(report: Callable[[ExportStep], None], stage: Literal["write", "try", "each", "pack"]) -> Count:
    return lambda number, of: report(ExportStep(stage=stage, number=number, of=of))


def _readme(
    predictor: Predictor, form: ExportForm, command: str, verified: Verified, scores: Sequence[VersionScore]
) -> str:
    table = "\n".join(["", "## Scores", "", *score_table(scores), ""]) if scores else ""
    structures = ", ".join(predictor.plan.structures)
    alone = "\nThe selector looks at one image at a time; the run let several images of one patient choose together.\n"
    alone = alone if routed_strategy(predictor) else ""
    plan = predictor.plan
    size = "height and width are any multiple of what the network halves"
    if not takes_any_size(plan):
        size = f"its size is {' x '.join(map(str, patch_size(plan.sampling, plan.spatial_dims)))}"
    gives = f"prepared images and gives probabilities; {size}"
    if in_patches(plan):
        gives = f"windows of prepared images and gives logits, which are joined before the sigmoid; {size}"
    return f"""# {FORM_CARDS[form].label} of a model of FedSM Studio

Segments {structures} in {predictor.run.task.modality}. Research software, not a medical device.

    python {command} IMAGE... --out masks

Holds {FORM_CARDS[form].summary}.
`preparation.json` and `portable.py` say what lies around the graphs: values, sizes and the cut at 0.5. A graph takes
{gives}.

Tried before it was given out: on {verified.num_images} raw images {verified.num_different} of
{verified.num_voxels} voxels differ from the platform's masks, and every choice of a model is the same. Each model by
itself (`--model`: {", ".join(predictor.models)}) gives the platform's masks of the first of them.
{alone}{table}"""


def _pack(folder: Path, target: Path) -> None:
    """Equal files, equal bytes: with the ZIP format's first date."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            with path.open("rb") as source, archive.open(zipfile.ZipInfo(str(path.relative_to(folder))), "w") as to:
                shutil.copyfileobj(source, to)
