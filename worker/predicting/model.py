"""A model of a ZIP, as `model.zip` exports it, ready to predict without a server."""

import zipfile
from functools import cache, partial
from pathlib import Path

import torch

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.model_file import SUFFIX, BadModelFile, ModelFile, read_model_file
from backend.contracts.tasks import RunSpec
from worker.engine.checkpoint import from_bytes
from worker.engine.plan_network import blank_network, load_weights
from worker.engine.selectors.base import SELECTOR
from worker.engine.state import Tensors
from worker.predicting.predict import Predictor, make_predictor

#: Of a run that no platform knows.
NO_RUN = "0" * 32


def open_model(path: Path, device: torch.device | None = None) -> Predictor:
    """The models of a ZIP, all of which fit the network. Raises BadModelFile for what is none, and ValueError where the
    settings make no network."""
    file = read_model_file(path)
    device = torch.device("cpu") if device is None else device
    predictor = make_predictor(run_of(file), tuple(file.parts), cache(partial(_load, file)), device)
    _require_selector(file)
    network = blank_network(predictor.plan)
    for model in predictor.models:
        try:
            load_weights(network, _load(file, model))  # not kept: of many sites' models few are used
        except ValueError as error:
            remedy = "give a model.zip as it was downloaded"
            raise BadModelFile(
                f"{model}{SUFFIX}", f"does not fit the network of model.json ({error})", remedy
            ) from error
    return predictor


def run_of(file: ModelFile) -> RunSpec:
    """The run as its tasks describe it."""
    found = file.description
    return RunSpec(
        run_id=NO_RUN,
        config=found.config,
        strategy=found.strategy,
        seed=found.seed,
        task=found.task,
        sites=tuple(found.sites),
    )


def _load(file: ModelFile, name: str) -> Tensors:
    with zipfile.ZipFile(file.path) as archive:
        return from_bytes(archive.read(f"{name}{SUFFIX}"))


def _require_selector(file: ModelFile) -> None:
    if isinstance(file.description.strategy, FedSMConfig) and SELECTOR not in file.parts:
        remedy = "add it, or name another `strategy` in model.json, as fedavg"
        raise BadModelFile(f"{SELECTOR}{SUFFIX}", "is not in the ZIP, and the method chooses models by it", remedy)
