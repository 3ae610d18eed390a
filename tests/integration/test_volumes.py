"""Volumes through the whole platform: prostate MR of two synthetic sites; a 3D network, on whole volumes and on patches
of resampled ones, and a 2D one on slices."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import nibabel
import numpy as np
import pytest

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.status import RunStatus
from backend.federations.schemas import FederationRecord
from fedsm.synthetic_prostate import PROSTATE_TASK, SITES, make_prostate_case, write_prostate_sites
from tests.integration.in_process import run_in_process
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment, hashes_of
from tests.integration.tiny_data import tiny_config

SEED, DETAIL, NUM_CASES = 2, 0.25, (6, 5)
STRATEGIES = (FedSMConfig(selector=LdaSelector(minimum_cases=2)), FedAvgConfig())
#: The second site's files are stored from left to right and back to front, the first's the other way round.
SITE = SITES[1]


@pytest.fixture(scope="module")
def volume_sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("volumes")
    slugs = write_prostate_sites(folder, SEED, DETAIL, NUM_CASES)
    return {slug: folder / slug for slug in slugs}


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, volume_sites: Mapping[str, Path]) -> FederationRecord:
    return platform.add_federation("Volumes", PROSTATE_TASK, dict(volume_sites))


WHOLE = {"image_size": 32, "depth": 8, "intensity": "percentile"}
#: At 2 mm a volume is 40 or 34 voxels wide and 18 or 16 slices deep: several windows in each direction.
PATCHES = {**WHOLE, "sampling": "patches", "spacing": [3.0, 2.0, 2.0], "patches_per_case": 2}
WAYS: dict[str, tuple[int, dict[str, object]]] = {
    "2D": (2, {**WHOLE, "slices": "foreground"}),
    "3D": (3, WHOLE),
    "3D by patches": (3, PATCHES),
}


def config_of(way: str) -> ExperimentConfig:
    dimensions, data = WAYS[way]
    network = {"name": "unet", "spatial_dims": dimensions, "channels": (4, 8), "num_residual_units": 1}
    return tiny_config(*STRATEGIES, data=data, network=network)


@pytest.mark.parametrize("way", WAYS)
def test_the_artifacts_are_those_of_the_engine_alone(
    platform: LivePlatform, federation: FederationRecord, volume_sites: dict[str, Path], way: str
) -> None:
    config = config_of(way)
    done = await_experiment(platform, platform.start_experiment(federation, way, config))
    for run, strategy in zip(done.runs, STRATEGIES, strict=True):
        assert run.status == RunStatus.COMPLETED, run.failure
        assert hashes_of(platform, run) == run_in_process(config, strategy, PROSTATE_TASK, volume_sites).hashes


def test_a_test_case_is_shown_where_it_lies_in_the_patient(
    platform: LivePlatform, federation: FederationRecord
) -> None:
    """The viewer's image and masks have the volume's own grid in millimetres, whatever its file's orientation."""
    done = await_experiment(platform, platform.start_experiment(federation, "Shown", config_of("3D")))
    cases = [case for case in platform.client.run_cases(done.runs[0].id).cases if case.site_slug == SITE.slug]
    assert cases
    shown = cases[0]
    index = int(shown.name.rpartition("-")[2]) - 1
    made = make_prostate_case(SITE, index, SEED, DETAIL)
    assert shown.image_url is not None
    assert shown.reference_url is not None
    image, reference = (_nifti(platform, url) for url in (shown.image_url, shown.reference_url))
    lps = np.diag([-1, -1, 1, 1]) @ image.affine
    np.testing.assert_allclose(np.linalg.norm(lps[:3, :3], axis=0), made.grid.spacing[::-1], rtol=1e-5)
    np.testing.assert_allclose(lps[:3, 3], made.grid.first[::-1], atol=1e-3)
    np.testing.assert_array_equal(np.asarray(image.dataobj), made.image.transpose(2, 1, 0))
    structures = (made.mask > 0).astype(int) + 2 * (made.mask == 2)
    np.testing.assert_array_equal(np.asarray(reference.dataobj), structures.transpose(2, 1, 0))


def _nifti(platform: LivePlatform, url: str) -> nibabel.Nifti1Image:
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(platform.client.artifact(url)))
