"""Every form of a set of models of pictures and of volumes, made once for all processes of a run."""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from backend.contracts.exports import ExportForm
from tests.worker.predicting.conftest import one_thread, pictures, volumes
from tests.worker.predicting.trained import TrainedSet
from worker.exports import make
from worker.exports.make import make_export
from worker.exports.portable import portable
from worker.exports.verify import Verified
from worker.predicting.model import open_model

__all__ = ["one_thread", "pictures", "volumes"]
SETS = ("pictures", "volumes")


class Made:
    """Each form of each set, unpacked, with what its trial said; made when it is asked for."""

    def __init__(self, sets: dict[str, TrainedSet], shared: Path, folder: Path) -> None:
        self._sets, self._shared, self._folder = sets, shared, folder
        self._unpacked: dict[tuple[str, ExportForm], tuple[Path, Verified]] = {}

    def __getitem__(self, key: tuple[str, ExportForm]) -> tuple[Path, Verified]:
        if key not in self._unpacked:
            self._unpacked[key] = self._unpack(*key)
        return self._unpacked[key]

    def _unpack(self, kind: str, form: ExportForm) -> tuple[Path, Verified]:
        archive, said = self._shared / f"{kind}-{form}.zip", self._shared / f"{kind}-{form}.json"
        with FileLock(said.with_suffix(".lock")):  # one process makes it, and the others wait
            if not said.exists():
                trained = self._sets[kind]
                images = list(trained.tested)
                verified = make_export(open_model(trained.archive), form, images, archive, lambda step: None)
                said.write_text(json.dumps(asdict(verified)))
        folder = self._folder / f"{kind}-{form}"
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        return folder, Verified(**json.loads(said.read_text()))


@pytest.fixture(scope="session")
def made(
    pictures: TrainedSet, volumes: TrainedSet, shared_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    torch.set_num_threads(1)
    shared = shared_folder / "exports"
    shared.mkdir(exist_ok=True)
    return Made(dict(zip(SETS, (pictures, volumes), strict=True)), shared, tmp_path_factory.mktemp("exports"))


#: Takes a form, the folder of one that was made, and two texts: from then on the form's graphs are that folder's, and
#: in its portable code the second text stands in the place of the first.
Spoil = Callable[[ExportForm, Path, str, str], None]


@pytest.fixture
def spoil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spoil:
    """What is tested is the trial of a form: its graphs need not be traced again."""

    def spoiled(form: ExportForm, folder: Path, right: str, wrong: str) -> None:
        changed = tmp_path / "portable"
        changed.mkdir()
        texts = {path.name: path.read_text() for path in Path(portable.__file__).parent.glob("*.py")}
        assert any(right in text for text in texts.values())
        for name, text in texts.items():
            (changed / name).write_text(text.replace(right, wrong))
        monkeypatch.setattr(make, "PORTABLE", changed)
        copied = replace(make._FORMS[form], write=lambda _set, to, _begins: copy_of(folder, to))
        monkeypatch.setitem(make._FORMS, form, copied)

    return spoiled


def copy_of(folder: Path, target: Path) -> None:
    shutil.copytree(folder, target, dirs_exist_ok=True)
