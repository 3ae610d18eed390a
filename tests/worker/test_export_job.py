"""The worker's job of exporting: a form, tried on the run's raw test cases and uploaded, or the reason why not."""

import io
import zipfile
from pathlib import Path

import pytest

from backend.contracts.exports import ExportStep
from backend.contracts.tasks import ExportModelPayload
from tests.integration.in_process import manifest_of
from tests.worker.predicting.conftest import one_thread, pictures  # noqa: F401
from tests.worker.predicting.trained import TrainedSet, is_predicting
from tests.worker.test_jobs import Artifacts, artifacts, server, toolbox  # noqa: F401
from worker.engine.checkpoint import to_bytes
from worker.jobs.exports import export_model
from worker.process.toolbox import Toolbox


class Reports(list[tuple[float, ExportStep]]):
    def report(self, fraction: float, step: ExportStep) -> None:
        self.append((fraction, step))


def payload_of(trained: TrainedSet, stored: Artifacts, sites: int) -> ExportModelPayload:
    folders = {path.parent.parent.name: path.parent.parent for path in trained.tested}
    data = tuple(manifest_of(site, folder, trained.run.task) for site, folder in list(folders.items())[:sites])
    parts = {name: stored.add(to_bytes(part)) for name, part in trained.state.items() if is_predicting(name)}
    return ExportModelPayload(export_id="e" * 16, run=trained.run, state=parts, form="torch-export", data=data)


def test_a_form_is_tried_and_uploaded(
    pictures: TrainedSet,  # noqa: F811
    artifacts: Artifacts,  # noqa: F811
    toolbox: Toolbox,  # noqa: F811
) -> None:
    lease = Reports()
    done = export_model(payload_of(pictures, artifacts, 3), toolbox, lease)  # type: ignore[arg-type]
    assert done.num_images > 2
    assert done.num_different == 0
    # Each model that is written, each case that is tried and each model alone, in order, and never a step back.
    counted = [(step.stage, step.number, step.of) for _, step in lease]
    models = len([name for name in pictures.state if name.partition("/")[0] in ("global", "personalized")])
    assert counted == [
        *(("write", number, models) for number in range(1, models + 1)),
        *(("try", number, done.num_images) for number in range(1, done.num_images + 1)),
        *(("each", number, models) for number in range(1, models + 1)),
        ("pack", 1, 1),
    ]
    assert [fraction for fraction, _ in lease] == sorted({fraction for fraction, _ in lease})
    content = artifacts.contents[done.file]
    assert len(content) == done.num_bytes
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {"global.pt2", "selector.pt2", "portable.py", "preparation.json"} <= set(archive.namelist())


def test_without_a_test_case_there_is_no_form(
    pictures: TrainedSet,  # noqa: F811
    artifacts: Artifacts,  # noqa: F811
    toolbox: Toolbox,  # noqa: F811
    tmp_path: Path,
) -> None:
    payload = payload_of(pictures, artifacts, 1)
    elsewhere = tuple(manifest.model_copy(update={"folder": str(tmp_path)}) for manifest in payload.data)
    with pytest.raises(ValueError, match="no raw test case of this run lies where the central workers can read it"):
        export_model(payload.model_copy(update={"data": elsewhere}), toolbox, Reports())  # type: ignore[arg-type]
