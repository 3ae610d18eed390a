"""What a manifest says of a case reaches the engine, whichever process read its files."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest
import torch

from backend.contracts.datasets import DatasetManifest, ManifestCase
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.tasks import RunSpec
from tests.integration.tiny_data import SITES, TASK, tiny_config, write_sites
from worker.datasets.readers.reading import content_sha256
from worker.engine.data import Case
from worker.engine.sampling import Sampling
from worker.engine.transforms import Intensity, make_case
from worker.jobs.case_loading import load_participant_data
from worker.jobs.shared_cases import packed, unpacked
from worker.stores.data_cache import DataCache
from worker.stores.shared_arrays import SharedArrays


@dataclass(frozen=True)
class _Listed:
    name: str
    patient: str | None


def test_a_case_knows_its_patient(tmp_path: Path) -> None:
    folder = write_sites(tmp_path)["site-a"]
    strategy = FedAvgConfig()
    run = RunSpec(run_id="run", config=tiny_config(strategy), strategy=strategy, seed=0, task=TASK, sites=SITES)
    listed = (_Listed("case-00", "pseudonym-1"), _Listed("case-01", "pseudonym-1"), _Listed("case-02", None))
    manifest = DatasetManifest(
        dataset_id="d", site="site-a", folder=str(folder), cases=tuple(_case_file(folder, case) for case in listed)
    )
    (data,) = load_participant_data(run, (manifest,), DataCache(10**9))
    assert [case.patient for case in data.test] == ["pseudonym-1", "pseudonym-1", None]


def _volume_case() -> Case:
    random = np.random.default_rng(0)
    return make_case(
        "case-00",
        "case-00",
        random.integers(-1000, 1000, (5, 6, 7, 2), dtype=np.int16),
        random.random((1, 5, 6, 7)) < 0.5,
        (2.5, 0.7, 0.1),
        Sampling("resize", 8, 4, None, 1, 0.5, 0.5, "all"),
        Intensity("standardized", 0, 1),
        spatial_dims=3,
        affine=random.random((4, 4)),
    )


def _picture_case() -> Case:
    """At its own size, so that fields share their arrays."""
    random = np.random.default_rng(0)
    image = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
    sampling, intensity = Sampling("resize", 8, 4, None, 1, 0.5, 0.5, "all"), Intensity("unit", 0, 1)
    return make_case(
        "case-00", "case-00", image, random.random((2, 8, 8)) < 0.5, None, sampling, intensity, 2, patient="pseudonym-1"
    )


@pytest.mark.parametrize("case", [_volume_case(), _picture_case()], ids=["volume", "picture"])
def test_a_case_of_another_process_has_the_same_bits(case: Case, tmp_path: Path) -> None:
    folder = write_sites(tmp_path)["site-a"]
    listed = _case_file(folder, _Listed("case-00", case.patient))
    offer = SharedArrays(tmp_path / "decoded").offer("a", [packed(("test", case))])
    found = SharedArrays(tmp_path / "decoded").find("a")
    assert offer is not None
    assert found is not None
    offer.end()
    ((split, again),) = unpacked((listed,), found)
    assert split == "test"
    for field in fields(Case):
        one, other = getattr(case, field.name), getattr(again, field.name)
        assert type(one) is type(other), field.name
        if isinstance(one, torch.Tensor | np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other, err_msg=field.name)
        else:
            assert one == other, field.name
    assert (again.image is again.unit_image) == (case.image is case.unit_image)
    np.testing.assert_array_equal(case.descriptor, again.descriptor)


def _case_file(folder: Path, listed: _Listed) -> ManifestCase:
    image, mask = (f"{kind}/{listed.name}.png" for kind in ("images", "masks"))
    return ManifestCase(
        case_id=listed.name,
        name=listed.name,
        split="test",
        image=image,
        mask=mask,
        image_sha256=content_sha256(folder, image),
        mask_sha256=content_sha256(folder, mask),
        patient=listed.patient,
    )
