"""Every form of a set of models of pictures and of volumes, made once."""

import zipfile
from pathlib import Path

import pytest
import torch

from backend.contracts.exports import FORMS, ExportForm
from tests.worker.predicting.conftest import one_thread, pictures, volumes
from tests.worker.predicting.trained import TrainedSet
from worker.exports.make import make_export
from worker.exports.verify import Verified
from worker.predicting.model import open_model

__all__ = ["one_thread", "pictures", "volumes"]
SETS = ("pictures", "volumes")
Made = dict[tuple[str, ExportForm], tuple[Path, Verified]]


@pytest.fixture(scope="session")
def made(pictures: TrainedSet, volumes: TrainedSet, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Unpacked."""
    torch.set_num_threads(1)
    found: Made = {}
    for kind, trained in zip(SETS, (pictures, volumes), strict=True):
        for form in FORMS:
            folder = tmp_path_factory.mktemp(f"{kind}-{form}")
            predictor = open_model(trained.archive)
            verified = make_export(predictor, form, list(trained.tested), folder / "out.zip", lambda share: None)
            with zipfile.ZipFile(folder / "out.zip") as archive:
                archive.extractall(folder)
            found[kind, form] = folder, verified
    return found
