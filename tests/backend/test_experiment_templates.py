"""Templates over REST: a browser takes one as it is given, changes it or not, and creates an experiment of it."""

import copy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from backend.experiment_templates.service import notes_of, template_files, templates
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

REPOSITORY = Path(__file__).resolve().parents[2]
PROSTATE = {
    "modality": "T2-weighted MR",
    "dimensions": 3,
    "structures": [{"name": "prostate", "label_values": [1, 2]}],
}


def with_smaller_minimum(config: dict[str, Any]) -> dict[str, Any]:
    """As a user would change it: the closed-form selector asks for five training cases, the played sites have two."""
    changed = copy.deepcopy(config)
    for strategy in changed["strategies"]:
        if strategy.get("selector", {}).get("name") == "lda":
            strategy["selector"]["minimum_cases"] = 2
    return changed


def test_a_template_makes_an_experiment(backend: LiveBackend, worker: PlayedWorker) -> None:
    """On sites with volumes all but those for photographs, which are refused by their field."""
    federation = backend.post("/federations", {"name": "Prostate", "task": PROSTATE})
    for name in ("a", "b"):
        site = backend.post(f"/federations/{federation['id']}/sites", {"name": name})
        backend.post(f"/sites/{site['id']}/datasets", {"name": "T2", "folder": f"/data/{name}"})
    worker.work_until_idle()
    listed = backend.get("/experiment-templates")
    assert [template["name"] for template in listed] == sorted(template_files())
    path = f"/federations/{federation['id']}/experiments"
    for template in listed:
        config = with_smaller_minimum(template["config"])
        problems = backend.post(f"{path}/check", {"config": config})["problems"]
        assert [problem["field"] for problem in problems] == (
            ["data.intensity"] if config["data"]["intensity"] == "unit" else []
        )
        if not problems:
            body = {"name": template["title"], "description": template["description"], "config": config}
            created = backend.post(path, body)
            assert created["config"] == config
            assert len(created["runs"]) == len(config["strategies"])


def test_the_notes_say_for_which_data_it_is() -> None:
    assert notes_of("# One line.\n#\n# Another\n# paragraph.\nname: x\n# no head\n") == (
        "One line.\n\nAnother\nparagraph."
    )
    for template in templates():
        assert "Federation:" in template.notes
        assert "#" not in template.notes


def test_a_wheel_carries_the_templates(tmp_path: Path) -> None:
    """Built from a copy, for setuptools writes beside the sources."""
    for name in ("backend", "fedsm", "worker"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, tmp_path)
    build = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    packed = {Path(name).name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".yaml")}
    assert packed == {path.name for path in template_files().values()}
