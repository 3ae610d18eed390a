"""`scripts/setup.py` mends what an interrupted, moved or broken set-up left. No network: nothing is installed here."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"


@pytest.fixture
def setup(tmp_path: Path) -> ModuleType:
    """The script as it is in a clone of its own."""
    clone = tmp_path / "clone"
    clone.mkdir()
    return load_from(clone)


def load_from(clone: Path) -> ModuleType:
    (clone / "scripts").mkdir(exist_ok=True)
    shutil.copy(SCRIPTS / "install_packages.py", clone / "scripts")
    script = shutil.copy(SCRIPTS / "setup.py", clone / "scripts")
    spec = importlib.util.spec_from_file_location("setup_script", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The script in a clone with a virtual environment, which takes seconds to make. Each test leaves it whole."""
    clone = tmp_path_factory.mktemp("set-up") / "clone"
    clone.mkdir()
    module = load_from(clone)
    module.make_venv()
    assert module.venv_problem() is None
    return module


def test_a_venv_is_made_once(set_up: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    set_up.make_venv()
    assert capsys.readouterr().out == ""


def test_an_interrupted_installation_is_begun_anew(setup: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    setup.VENV.mkdir()
    setup.begin("python-packages")
    setup.HALF_INSTALLED.touch()  # as pip's caller leaves it when it is killed
    setup.make_venv()
    assert "an installation into it was interrupted" in capsys.readouterr().out
    assert setup.venv_problem() is None


def test_a_failed_installation_names_the_remedy_and_leaves_the_venv(
    set_up: ModuleType, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name in ("pyproject.toml", "setup.py"):
        (set_up.ROOT / name).touch()
    (set_up.ROOT / "requirements.lock").write_text("absent==1.0 --hash=sha256:00\n")
    with pytest.raises(set_up.SetupProblem, match="Remedy: check the network"):
        set_up.install_python_packages("run")
    assert "pip could not install requirements.lock" in capfd.readouterr().err
    assert set_up.venv_problem() is None
    assert not set_up.is_done("python-packages", set_up.wanted_packages("run"))


def test_a_moved_folder_gets_a_venv_of_its_own(set_up: ModuleType) -> None:
    moved = set_up.ROOT.with_name("moved")
    set_up.ROOT.rename(moved)
    try:
        assert load_from(moved).venv_problem() == "its scripts belong to another folder"
    finally:
        moved.rename(set_up.ROOT)


def test_a_venv_whose_python_is_gone_is_made_anew(set_up: ModuleType) -> None:
    away = set_up.PYTHON.with_name("away")
    set_up.PYTHON.rename(away)
    try:
        assert set_up.venv_problem() == "its Python or pip does not start"
    finally:
        away.rename(set_up.PYTHON)


@pytest.mark.parametrize("step", ["python-packages", "frontend"])
def test_a_step_is_not_done_while_it_runs(setup: ModuleType, step: str) -> None:
    """The pages' steps need no virtual environment, which is being made at the same time."""
    (setup.FRONTEND if step in setup.PAGE_STEPS else setup.VENV).mkdir()
    setup.begin(step)
    setup.done(step, "sources 1")
    assert setup.is_done(step, "sources 1")
    assert not setup.is_done(step, "sources 2")
    setup.begin(step)
    assert not setup.is_done(step, "sources 1")
