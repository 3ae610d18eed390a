"""Real fundus photographs with vessel masks (0 and 1), where they are on this machine."""

from collections import Counter
from pathlib import Path

import pytest

from backend.contracts.tasks import ManifestCase
from tests.worker.datasets.fundus_folder import ONE_LABEL_TASK, check
from worker.datasets.folder import read_case

REPOSITORY = Path(__file__).parents[3]
VESSELS = REPOSITORY.parent / "shared" / "data" / "vessels"


@pytest.mark.skipif(not VESSELS.is_dir(), reason=f"no real vessel photographs at {VESSELS}")
@pytest.mark.parametrize(("site", "num_cases"), [("chase_db1", 28), ("hrf", 20), ("fives", 20)])
def test_every_real_case_is_used(site: str, num_cases: int) -> None:
    cases = check(VESSELS / site, ONE_LABEL_TASK).cases
    assert [case.reason for case in cases if case.reason] == []
    assert len(cases) == num_cases
    assert {(case.width, case.height) for case in cases} == {(512, 512)}
    assert all(0.01 < case.structure_shares["vessel"] < 0.2 for case in cases)
    assert set(Counter(case.split for case in cases)) == {"train", "val", "test"}


@pytest.mark.skipif(not VESSELS.is_dir(), reason=f"no real vessel photographs at {VESSELS}")
def test_a_real_case_is_read_again() -> None:
    case = check(VESSELS / "hrf", ONE_LABEL_TASK).cases[0]
    fields = case.model_dump(include={"name", "split", "image", "mask", "image_sha256", "mask_sha256"})
    read = read_case(VESSELS / "hrf", ManifestCase.model_validate({"case_id": "1", **fields}), ONE_LABEL_TASK)
    assert read.image.shape == (512, 512, 3)
    assert read.structures.shape == (1, 512, 512)
    assert read.structures.mean() == pytest.approx(case.structure_shares["vessel"])
