"""The hospitals of `make demo-hospitals` are apart: the worker of each reads its own folder of data alone."""

from pathlib import Path

import pytest

from scripts.demo_hospitals import Demo
from tests.worker.test_data_roots import describe_payload
from worker.jobs.data_roots import require_open
from worker.process.settings import WorkerSettings


def test_no_hospital_reads_the_data_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = Demo(tmp_path)
    for name in ("north", "south"):
        demo.data(name).mkdir(parents=True)
    monkeypatch.setenv("FEDSM_DATA_ROOTS", demo.hospital("north")["FEDSM_DATA_ROOTS"])
    roots = WorkerSettings().open_roots
    require_open(describe_payload(str(demo.data("north"))), roots)
    for closed in (demo.data("south"), tmp_path / "data", tmp_path):
        with pytest.raises(ValueError, match="no folder of data at this site"):
            require_open(describe_payload(str(closed)), roots)
