"""FedSM's settings that are set together: what they are, where they fit, and how they are set."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.presets import PRESETS, preset_of, with_settings
from backend.experiment_templates.service import templates
from fedsm.cli.app import app
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend
from tests.backend.played_worker import PlayedWorker

DOCS = Path(__file__).resolve().parents[2]


def fits(method: FedSMConfig, name: Any) -> bool:
    return with_settings(method, preset_of(name).settings) == method


def test_the_papers_settings_are_the_defaults() -> None:
    """They name every setting that counts by default, and turn what goes beyond the paper off again."""
    assert fits(FedSMConfig(), "paper")
    fields = {setting.field for setting in preset_of("paper").settings}
    assert {"lambda", "gamma", "threshold", "routing", "rounds_without_pull", "pull_by_depth"} <= fields
    assert not fields & {"name", "selector", "mixture", "quality_from", "threshold_minimum_cases"}
    beyond = FedSMConfig(lambda_=0.9, routing="soft", rounds_without_pull=2, server_momentum=0.5)
    assert with_settings(beyond, preset_of("paper").settings) == FedSMConfig()


def test_what_validation_prefers_leaves_other_settings_alone() -> None:
    mine = FedSMConfig(lambda_=0.9, gamma=0.5)
    recommended = with_settings(mine, preset_of("validation").settings)
    assert recommended == FedSMConfig(lambda_=0.9, gamma=0.5, rounds_without_pull=1, routing="quality")
    assert not fits(FedSMConfig(), "validation")


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_evidence_is_a_section_of_the_documentation(preset: Any) -> None:
    path, anchor = preset.evidence.split("#")
    titles = [line for line in (DOCS / path).read_text().splitlines() if line.startswith("## ")]
    assert anchor in [title.removeprefix("## ").lower().replace(" ", "-") for title in titles]


def test_the_template_has_both() -> None:
    (template,) = [each for each in templates() if each.name == "fedsm-by-validation"]
    methods = [method for method in template.config.strategies if isinstance(method, FedSMConfig)]
    assert [[preset.name for preset in PRESETS if fits(method, preset.name)] for method in methods] == [
        ["paper"],
        ["validation"],
    ]


def test_a_setting_that_the_sites_data_do_not_allow_is_left_out_with_the_reason(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """A played data set has one validation case; site a gets five of them, and then trains alone."""
    path = f"/federations/{federation['id']}/method-presets"
    paper, recommended = backend.get(path)
    assert (paper["name"], paper["left_out"]) == ("paper", [])
    assert [setting["field"] for setting in recommended["settings"]] == ["rounds_without_pull"]
    (left_out,) = recommended["left_out"]
    assert (left_out["field"], left_out["value"]) == ("routing", "quality")
    assert left_out["reason"] == "It needs 5 validation cases at every site that trains: a has 1, b has 1, c has 1."
    (nobody,) = backend.get(path, held_out=["a", "b", "c"])[1]["left_out"]
    assert nobody["reason"].endswith("no site has data.")
    site = next(site for site in backend.get(f"/federations/{federation['id']}")["sites"] if site["slug"] == "a")
    for number in range(4):
        backend.post(f"/sites/{site['id']}/datasets", {"name": f"More {number}", "folder": f"/data/more-{number}"})
    worker.work_until_idle()
    (few,) = backend.get(path)[1]["left_out"]
    assert few["reason"].endswith("b has 1, c has 1.")
    alone = backend.get(path, held_out=["b", "c"])[1]
    assert [setting["field"] for setting in alone["settings"]] == ["rounds_without_pull", "routing"]
    assert alone["left_out"] == []


def test_a_setting_that_needs_more_rounds_is_left_out_with_the_reason(
    backend: LiveBackend, federation: dict[str, Any]
) -> None:
    path = f"/federations/{federation['id']}/method-presets"
    enough, one = (backend.get(path, rounds=rounds)[1] for rounds in (2, 1))
    assert [setting["field"] for setting in enough["settings"]] == ["rounds_without_pull"]
    assert one["settings"] == []
    assert one["left_out"][0]["reason"] == "It needs 2 rounds or more, and the run has 1."


def test_the_command_lists_them_and_sets_them(backend: LiveBackend, federation: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: Mine\nconfig:\n  schedule: {rounds: 2}\n  strategies:\n"
        "    - {name: fedsm, lambda: 0.9, selector: {name: lda, minimum_cases: 2}}\n    - {name: fedavg}\n"
    )
    listed = run(backend, "experiment", "presets")
    assert "Recommended by validation" in listed.stdout
    assert "docs/gap-measured.md#what-follows" in listed.stdout
    made = run(backend, "experiment", "create", "-f", str(file), "--no-start", "--preset", "validation")
    assert made.exit_code == 0, made.output
    assert "fedsm.rounds_without_pull: 1. A finished model" in made.stderr
    assert "fedsm.routing: not quality. It needs 5 validation cases" in made.stderr
    (experiment,) = backend.get(f"/federations/{federation['id']}/experiments")
    method = experiment["config"]["strategies"][0]
    assert (method["lambda"], method["rounds_without_pull"], method["routing"]) == (0.9, 1, "hard")
    file.write_text("name: None\nconfig: {strategies: [{name: fedavg}]}\n")
    none = run(backend, "experiment", "create", "-f", str(file), "--preset", "paper")
    assert (none.exit_code, "the file has none" in none.output) == (2, True)


def run(backend: LiveBackend, *command: str) -> Result:
    environment = {"FEDSM_SERVER": backend.url, "FEDSM_TOKEN": ADMIN_TOKEN, "COLUMNS": "300"}
    return CliRunner().invoke(app, list(command), env=environment)
