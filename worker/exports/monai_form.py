"""Models as MONAI bundles in their directory form: one a model, and one with the routing."""

import json
import shutil
from pathlib import Path
from typing import Any

import monai
import nibabel
import numpy as np
import PIL
import torch

from worker.engine.inference import BATCH
from worker.engine.input_normalization import INPUT_KEYS
from worker.engine.networks.settings import UNetSettings
from worker.engine.networks.sizes import strides
from worker.engine.sampling import patch_size
from worker.exports.graphs import CannotExport, in_patches, multiples, takes_any_size
from worker.exports.preparation import preparation_of, write_preparation
from worker.exports.torch_form import Count, network_programs, selector_program
from worker.predicting.predict import Predictor

PORTABLE = Path(__file__).parent / "portable"
SUPER = "super_model"
SCHEMA = "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json"
_SCRIPTS = {"portable.py": "portable.py", "bundle_steps.py": "steps.py"}


def write_monai(predictor: Predictor, folder: Path, begins: Count) -> None:
    """Raises CannotExport with the reason."""
    if predictor.run.task.dimensions != predictor.plan.spatial_dims:
        raise CannotExport(
            "a bundle's network takes the image as it is, and these models see a volume slice by slice: take the form "
            "onnx or torch-export"
        )
    selector = selector_program(predictor)
    write_preparation(predictor, folder)
    models = {name: folder / name.replace("/", "_") for name in predictor.models}
    programs: dict[str, Path] = {}
    for name, program in network_programs(predictor, begins):
        root = models[name]
        _write_common(predictor, root, [name], with_selector=False)
        plain = _plain_network(predictor)
        if plain is None:
            programs[name] = root / "models" / "model.pt2"
            torch.export.save(program, programs[name])
        else:
            torch.save(dict(predictor.load_part(name)), root / "models" / "model.pt")
        network = plain or {"_target_": "scripts.steps.ExportedNetwork", "path": "$@bundle_root + '/models/model.pt2'"}
        _write_config(predictor, root, network, loads_weights=plain is not None, has_selector=False)
        if selector is not None:
            _super_models(folder).mkdir(parents=True, exist_ok=True)
            torch.export.save(program, _super_models(folder) / f"{name.replace('/', '_')}.pt2")
    if selector is not None:
        root = folder / SUPER
        _write_common(predictor, root, list(predictor.models), with_selector=True)
        torch.export.save(selector, root / "models" / "selector.pt2")
        paths = [f"$@bundle_root + '/models/{name.replace('/', '_')}.pt2'" for name in predictor.models]
        network = {"_target_": "scripts.steps.SuperNetwork", "paths": paths}
        _write_config(predictor, root, network, loads_weights=False, has_selector=True)


def _super_models(folder: Path) -> Path:
    return folder / SUPER / "models"


def _plain_network(predictor: Predictor) -> dict[str, Any] | None:
    """The network as MONAI's own class and arguments, where it is one as it stands."""
    plan, settings = predictor.plan, predictor.plan.network
    if not isinstance(settings, UNetSettings) or settings.norm == "group":
        return None
    if INPUT_KEYS & predictor.load_part(predictor.models[0]).keys():  # it normalizes its input first
        return None
    depth = plan.sampling.depth if plan.spatial_dims == 3 else None
    return {
        "_target_": "UNet",
        "spatial_dims": plan.spatial_dims,
        "in_channels": plan.num_channels,
        "out_channels": len(plan.structures),
        "channels": list(settings.channels),
        "strides": [list(step) for step in strides(settings, plan.spatial_dims, depth)],
        "num_res_units": settings.num_residual_units,
        "norm": "INSTANCE" if settings.norm == "instance" else ["BATCH", {"affine": True}],
    }


def _write_common(predictor: Predictor, root: Path, models: list[str], with_selector: bool) -> None:
    for part in ("configs", "models", "scripts", "docs"):
        (root / part).mkdir(parents=True, exist_ok=True)
    (root / "scripts" / "__init__.py").write_text("", encoding="utf-8")
    for source, name in _SCRIPTS.items():
        shutil.copy(PORTABLE / source, root / "scripts" / name)
    preparation = preparation_of(predictor) | {"models": models, "selector": with_selector, "super": with_selector}
    _write_json(root / "configs" / "preparation.json", preparation)
    _write_json(root / "configs" / "metadata.json", _metadata(predictor, with_selector))
    (root / "docs" / "README.md").write_text(_readme(predictor, models), encoding="utf-8")


def _write_config(
    predictor: Predictor, root: Path, network: dict[str, Any], loads_weights: bool, has_selector: bool
) -> None:
    prepared = "$steps.preparation_of(@bundle_root)"
    steps: list[dict[str, Any]] = [
        {"_target_": "scripts.steps.ReadPreparedd", "keys": "image", "preparation": "@preparation"}
    ]
    if has_selector:
        selector = "$@bundle_root + '/models/selector.pt2'"
        steps.append(
            {
                "_target_": "scripts.steps.ChooseModeld",
                "keys": "image",
                "selector": selector,
                "preparation": "@preparation",
            }
        )
    ends: list[dict[str, Any]] = [
        {
            "_target_": "scripts.steps.SaveMasksd",
            "keys": "pred",
            "output_dir": "@output_dir",
            "preparation": "@preparation",
        }
    ]
    # A network's own output are logits. An exported program gives probabilities, but where windows are joined first.
    if loads_weights or in_patches(predictor.plan):
        ends.insert(0, {"_target_": "Activationsd", "keys": "pred", "sigmoid": True})
    load = "$@network.load_state_dict(torch.load(@bundle_root + '/models/model.pt', weights_only=True))"
    config = {
        "imports": ["$import glob", "$import scripts.steps as steps"],
        "bundle_root": ".",
        "dataset_dir": "./images",
        "images": "$sorted(glob.glob(@dataset_dir + '/*'))",
        "output_dir": "./masks",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "preparation": prepared,
        "network_def": network,
        "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": steps},
        "dataset": {
            "_target_": "Dataset",
            "data": "$[{'image': path} for path in @images]",
            "transform": "@preprocessing",
        },
        "inferer": _inferer(predictor),
        "postprocessing": {"_target_": "Compose", "transforms": ends},
        "initialize": [load] if loads_weights else [],
        "run": ["$steps.predict_all(@dataset, @network, @inferer, @postprocessing)"],
    }
    _write_json(root / "configs" / "inference.json", config)


def _inferer(predictor: Predictor) -> dict[str, Any]:
    plan = predictor.plan
    if not in_patches(plan):
        return {"_target_": "SimpleInferer"}
    return {
        "_target_": "SlidingWindowInferer",
        "roi_size": list(patch_size(plan.sampling, plan.spatial_dims)),
        "sw_batch_size": BATCH,
        "overlap": plan.sampling.overlap,
        "mode": "gaussian",
    }


def _metadata(predictor: Predictor, with_selector: bool) -> dict[str, Any]:
    run, plan = predictor.run, predictor.plan
    structures = ", ".join(plan.structures)
    shape = [f"{factor}*n" for factor in multiples(plan)]
    if not takes_any_size(plan):
        shape = [str(side) for side in patch_size(plan.sampling, plan.spatial_dims)]
    channels = {str(index): f"channel {index}" for index in range(plan.num_channels)}
    if with_selector:
        channels[str(plan.num_channels)] = "the number of the model that the selector chose"
    packages = {"nibabel": nibabel.__version__, "pillow": PIL.__version__}
    return {
        "schema": SCHEMA,
        "version": "1.0.0",
        "changelog": {"1.0.0": "exported by FedSM Studio"},
        "monai_version": monai.__version__,
        "pytorch_version": torch.__version__.partition("+")[0],
        "numpy_version": np.__version__,
        "required_packages_version": packages,
        "optional_packages_version": packages,
        "supported_apps": {},
        "name": f"{structures} in {run.task.modality}",
        "task": f"segmentation of {structures} in {run.task.modality}",
        "description": f"Trained by {run.strategy.name} at {len(run.sites)} site(s) with FedSM Studio",
        "authors": "as the experiment's own record says",
        "copyright": "as the experiment's own record says",
        "data_source": "the sites of the federation, whose images stayed there",
        "data_type": "volume" if run.task.dimensions == 3 else "picture",
        "image_classes": "values as configs/preparation.json says",
        "label_classes": f"one channel a structure: {structures}",
        "pred_classes": f"one channel a structure: {structures}",
        "eval_metrics": {},
        "intended_use": "Research software, not a medical device",
        "references": [],
        "network_data_format": {
            "inputs": {
                "image": {
                    "type": "image",
                    "format": "magnitude",
                    "modality": run.task.modality,
                    "num_channels": plan.num_channels + int(with_selector),
                    "spatial_shape": shape,
                    "dtype": "float32",
                    "value_range": [],
                    "is_patch_data": in_patches(plan),
                    "channel_def": channels,
                }
            },
            "outputs": {
                "pred": {
                    "type": "image",
                    "format": "segmentation",
                    "num_channels": len(plan.structures),
                    "spatial_shape": shape,
                    "dtype": "float32",
                    "value_range": [],
                    "is_patch_data": in_patches(plan),
                    "channel_def": {str(index): name for index, name in enumerate(plan.structures)},
                }
            },
        },
    }


def _readme(predictor: Predictor, models: list[str]) -> str:
    return f"""# {", ".join(predictor.plan.structures)} in {predictor.run.task.modality}

Research software, not a medical device. Holds {", ".join(models)}.

    python -m monai.bundle run --config_file configs/inference.json --meta_file configs/metadata.json \\
      --images "['image.png']" --output_dir masks
"""


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
