"""The folder of a Hugging Face repository: weights as safetensors, `config.json`, a card with its metadata, and the
programs of `torch.export` that predict with it.

Source: huggingface.co/docs/hub/model-cards (metadata at the head of README.md).
"""

import json
from pathlib import Path

from worker.engine.checkpoint import to_bytes
from worker.exports.torch_form import write_torch
from worker.predicting.predict import Predictor

#: The file that Hugging Face's libraries look for; the others are named as the models.
GLOBAL_FILE = "model.safetensors"
METADATA = """---
library_name: pytorch
pipeline_tag: image-segmentation
license: other
tags:
  - federated-learning
  - medical-imaging
  - image-segmentation
---

"""


def write_hugging_face(predictor: Predictor, folder: Path) -> None:
    """Raises CannotExport with the reason."""
    write_torch(predictor, folder)
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
