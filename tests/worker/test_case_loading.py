"""What a manifest says of a case reaches the engine."""

from dataclasses import dataclass
from pathlib import Path

from backend.contracts.datasets import DatasetManifest, ManifestCase
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.tasks import RunSpec
from tests.integration.tiny_data import SITES, TASK, tiny_config, write_sites
from worker.datasets.readers.reading import content_sha256
from worker.jobs.case_loading import load_participant_data
from worker.stores.data_cache import DataCache


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
