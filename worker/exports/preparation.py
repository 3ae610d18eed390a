"""The numbers that the portable code needs around the graphs, as JSON."""

import json
from pathlib import Path
from typing import Any

from worker.exports.graphs import in_patches, routed_strategy
from worker.jobs.build import build_intensity
from worker.predicting.predict import Predictor


def write_preparation(predictor: Predictor, folder: Path, has_super: bool = False) -> None:
    """has_super: whether one graph has the routing inside."""
    found = preparation_of(predictor) | {"super": has_super}
    (folder / "preparation.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def preparation_of(predictor: Predictor) -> dict[str, Any]:
    run, plan, strategy = predictor.run, predictor.plan, routed_strategy(predictor)
    intensity = build_intensity(run.config.data)
    return {
        "dimensions": run.task.dimensions,
        "spatial_dims": plan.spatial_dims,
        "num_channels": plan.num_channels,
        "image_size": plan.sampling.size,
        "depth": plan.sampling.depth,
        "overlap": plan.sampling.overlap if in_patches(plan) else None,
        "spacing": plan.sampling.spacing if in_patches(plan) else None,
        "intensity": intensity.kind,
        "low": intensity.low,
        "high": intensity.high,
        "structures": list(plan.structures),
        "sites": list(plan.sites),
        "models": list(predictor.models),
        "selector": strategy is not None,
        "gamma": None if strategy is None else strategy.gamma,
    }
