"""Data sets lie below the folders that a site opened; nothing else on its machine is read, or shown to be there."""

import os
from pathlib import Path

import pytest

from backend.contracts.datasets import DescribeDatasetPayload, SplitFractions
from backend.contracts.task_definition import SegmentationTask, Structure
from worker.jobs.data_roots import require_open
from worker.process.settings import WorkerSettings

TASK = SegmentationTask(modality="fundus photography", structures=(Structure(name="disc", label_values=(1,)),))


def describe_payload(folder: str) -> DescribeDatasetPayload:
    return DescribeDatasetPayload.model_construct(
        dataset_id="d", site="north", folder=folder, task=TASK, fractions=SplitFractions(), seed=0
    )


def refusal(folder: object, roots: tuple[Path, ...]) -> str:
    with pytest.raises(ValueError, match="no folder of data at this site") as found:
        require_open(describe_payload(str(folder)), roots)
    return str(found.value).replace(str(folder), "FOLDER")


def test_what_lies_below_a_root_is_open(tmp_path: Path) -> None:
    (tmp_path / "data" / "eyes").mkdir(parents=True)
    for folder in (tmp_path / "data", tmp_path / "data" / "eyes"):
        require_open(describe_payload(str(folder)), (Path("/nothing"), tmp_path / "data"))
    require_open(describe_payload("/etc"), None)


def test_everything_else_is_refused_in_the_same_words(tmp_path: Path) -> None:
    """Other folders, files, what is not there, the way up, a neighbour of a like name, links that lead out."""
    root = tmp_path / "data"
    root.mkdir()
    (tmp_path / "data-of-others").mkdir()
    (root / "link").symlink_to(tmp_path / "data-of-others")
    asked = ["/", "/etc", "/etc/passwd", "/root", "/proc/1", tmp_path, tmp_path / "data-of-others", root / "link"]
    asked += [root / "absent", root / ".." / "data-of-others", "/absent", "relative", "\0", "x" * 900]
    assert len({refusal(folder, (root,)) for folder in asked}) == 1


def test_a_hospital_without_roots_reads_nothing(tmp_path: Path) -> None:
    assert WorkerSettings().open_roots is None
    hospital = WorkerSettings(agent_socket=tmp_path / "agent.sock")
    assert hospital.open_roots == ()
    refusal(tmp_path, ())


def test_roots_are_separated_as_paths_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDSM_DATA_ROOTS", os.pathsep.join(("/data/eyes", "/data/prostate")))
    assert WorkerSettings().open_roots == (Path("/data/eyes"), Path("/data/prostate"))
