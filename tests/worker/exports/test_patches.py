"""Models that see windows of an image: the windows lie around the graph, and the masks are the platform's."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
import torch
from monai.inferers.utils import sliding_window_inference

from backend.contracts.data_config import DataConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.schedule_config import ScheduleConfig
from tests.integration.tiny_data import TASK, tiny_config, write_sites
from tests.worker.datasets.readers.medical_files import ct_series, write_series
from tests.worker.predicting.conftest import FEDSM, VOLUME_TASK, write_volume_sites
from tests.worker.predicting.trained import train_set
from worker.exports.make import make_export
from worker.exports.portable import portable
from worker.predicting.model import open_model

SCHEDULE = ScheduleConfig(rounds=2, batch_size=2, learning_rate=0.01)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.6])
@pytest.mark.parametrize(
    ("space", "size"), [((40, 44), (16, 16)), ((16, 20), (16, 16)), ((9, 12, 30), (4, 16, 16))], ids=str
)
def test_windows_are_joined_as_monai_joins_them(space: tuple[int, ...], size: tuple[int, ...], overlap: float) -> None:
    """Of images that are larger than the window, as large, and smaller."""
    draws = torch.Generator().manual_seed(0)
    kind = torch.nn.Conv2d if len(space) == 2 else torch.nn.Conv3d
    network = kind(1, 2, 3, padding=1)
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, generator=draws)
    batch = torch.rand((3, 1, *space), generator=draws)
    preparation = {"image_size": size[-1], "depth": size[0], "overlap": overlap}
    with torch.inference_mode():
        logits = sliding_window_inference(batch, size, 8, network, overlap=overlap, mode="gaussian")
        found = portable.probabilities_of(lambda x: network(torch.from_numpy(x)).numpy(), batch.numpy(), preparation)
    np.testing.assert_allclose(found, torch.sigmoid(torch.as_tensor(logits)).numpy(), atol=1e-6)


def test_pictures_in_patches_run_without_pytorch(tmp_path: Path) -> None:
    config = tiny_config(FedAvgConfig(), data=patches(image_size=32, overlap=0.8), schedule=SCHEDULE)
    trained = train_set(config, FedAvgConfig(), TASK, write_sites(tmp_path), tmp_path)
    images = list(trained.tested)[:2]
    assert any(trained.mask(image).any() for image in images), "else this test could not fail"
    done = make_export(open_model(trained.archive), "onnx", images, tmp_path / "out.zip", lambda step: None)
    assert (done.num_voxels, done.num_different) == (sum(trained.mask(image).size for image in images), 0)


def test_a_super_model_of_volumes_in_patches_is_a_bundle(tmp_path: Path) -> None:
    """In voxels of another spacing, and in windows wider than the image; one image is NRRD, one a DICOM series."""
    config = tiny_config(
        FEDSM,
        data=patches(image_size=32, depth=8, spacing=(3.0, 1.25, 1.25), intensity="percentile"),
        network=NetworkConfig(spatial_dims=3, channels=(4, 8), num_residual_units=1),
        schedule=SCHEDULE,
    )
    trained = train_set(config, FEDSM, VOLUME_TASK, write_volume_sites(tmp_path), tmp_path)
    first, *_ = trained.tested
    assert any(trained.mask(image).any() for image in trained.tested), "else this test could not fail"
    series = np.random.default_rng(0).integers(0, 900, (10, 64, 128)).astype(np.int16)
    write_series(tmp_path / "series", ct_series(series))
    images = [*list(trained.tested)[-1:], as_nrrd(first, tmp_path / "first.nrrd"), tmp_path / "series"]
    done = make_export(open_model(trained.archive), "monai", images, tmp_path / "out.zip", lambda step: None)
    assert done.num_images == len(images)
    assert done.num_different <= 1e-5 * done.num_voxels


def patches(**fields: Any) -> DataConfig:
    return DataConfig(sampling="patches", **fields)


def as_nrrd(source: Path, target: Path) -> Path:
    volume = nib.load(source)
    image = SimpleITK.GetImageFromArray(np.asarray(volume.dataobj).transpose(2, 1, 0))
    in_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    spacing = np.linalg.norm(in_lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((in_lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(in_lps[:3, 3].tolist())
    SimpleITK.WriteImage(image, str(target))
    return target
