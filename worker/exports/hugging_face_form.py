"""The folder of a Hugging Face repository: weights as safetensors, `config.json`, a card with its metadata, and the
programs of `torch.export` that predict with it.

Source: huggingface.co/docs/hub/model-cards (metadata at the head of README.md).
"""

import json
from collections.abc import Sequence
from pathlib import Path

from backend.contracts.tasks import RunSpec
from backend.contracts.version_scores import VersionScore, model_index
from worker.engine.checkpoint import to_bytes
from worker.exports.torch_form import Count, write_torch
from worker.predicting.predict import Predictor

#: The file that Hugging Face's libraries look for; the others are named as the models.
GLOBAL_FILE = "model.safetensors"
_METADATA = """---
library_name: pytorch
pipeline_tag: image-segmentation
license: other
tags:
  - federated-learning
  - medical-imaging
  - image-segmentation
"""


def metadata(run: RunSpec, scores: Sequence[VersionScore]) -> str:
    """The head of the card. JSON is YAML too, and nobody's site name can end a line in it."""
    index = model_index(f"{run.strategy.card.label}, seed {run.seed}", scores)
    return _METADATA + (f"model-index: {json.dumps(index)}\n" if index else "") + "---\n\n"


def write_hugging_face(predictor: Predictor, folder: Path, begins: Count) -> None:
    """Raises CannotExport with the reason."""
    write_torch(predictor, folder, begins)
    for name in predictor.part_names:
        target = folder / (GLOBAL_FILE if name == "global" else f"{name}.safetensors")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(to_bytes(predictor.load_part(name)))
    run = predictor.run
    content = {
        "model_type": run.strategy.name,
        "architectures": [run.config.network.name],
        "id2label": {str(index): structure.name for index, structure in enumerate(run.task.structures)},
        "num_channels": run.task.num_channels,
        "image_size": run.config.data.image_size,
        "sites": list(run.sites),
        "task": run.task.model_dump(mode="json", by_alias=True),
        "experiment": run.config.model_dump(mode="json", by_alias=True),
    }
    (folder / "config.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
