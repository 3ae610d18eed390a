"""The documents name what there is: settings, commands, files, and an experiment file that is accepted."""

import json
import re
import shlex
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.selector_configs import CnnSelector, LdaSelector, Vgg11Selector
from backend.settings import Settings
from benchmarks.selectors import make_parser
from fedsm.cli.app import app
from fedsm.cli.later import all_commands
from fedsm.experiment_file import read_experiment_file
from fedsm.site_agent.settings import AgentSettings
from worker.process.settings import WorkerSettings

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md")), ROOT / "worker" / "engine" / "README.md"]


def environment_names(settings: type[BaseSettings]) -> set[str]:
    return {str(field.validation_alias or f"FEDSM_{name.upper()}") for name, field in settings.model_fields.items()}


@pytest.mark.parametrize("settings", [Settings, WorkerSettings, AgentSettings])
def test_every_environment_variable_is_in_the_deployment_guide(settings: type[BaseSettings]) -> None:
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (DOCS / "deployment.md").read_text()))
    assert environment_names(settings) - documented == set()


def test_the_deployment_guide_names_no_variable_that_nothing_reads() -> None:
    tables = [line for line in (DOCS / "deployment.md").read_text().splitlines() if line.startswith("| `")]
    documented = {name for line in tables for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", line.split("|")[1])}
    elsewhere = "".join(
        path.read_text()
        for path in (
            ROOT / "docker-compose.yml",
            ROOT / "backend" / "contracts" / "log_lines.py",
            ROOT / "fedsm" / "client.py",
            ROOT / "fedsm" / "site_agent" / "network.py",
        )
    )
    known = environment_names(Settings) | environment_names(WorkerSettings) | environment_names(AgentSettings)
    assert {name for name in documented - known if name not in elsewhere} == set()


def test_every_command_is_in_the_command_line_guide_and_no_other() -> None:
    row = r"^\| `(fedsm(?: [a-z][a-z-]*)+)(?: [A-Z-].*)?` \|"
    table = re.findall(row, (DOCS / "cli.md").read_text(), flags=re.MULTILINE)
    assert set(table) == {f"fedsm {words}" for words in all_commands(app)}


def test_the_guides_experiment_file_is_accepted(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "cli.md").read_text(), flags=re.DOTALL)
    file = tmp_path / "experiment.yaml"
    file.write_text(example)
    read = read_experiment_file(file)
    assert read.federation == "Fundus demo"
    assert [strategy.name for strategy in read.config.strategies] == ["fedsm", "fedavg", "local-only", "centralized"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_help_of_settings_leads_to_documents_and_their_sections() -> None:
    """The browser makes links of them (`HelpText`)."""
    named = re.findall(r"docs/([\w-]+\.md)(?:#([\w-]+))?", json.dumps(ExperimentConfig.model_json_schema()))
    assert ("selector.md", "") in named
    for document, section in named:
        heads = re.findall(r"^#+ (.+)$", (DOCS / document).read_text(), flags=re.MULTILINE)
        anchors = [re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads]
        assert section in ("", *anchors), f"{document}#{section}"


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    texts = "".join(path.read_text() for path in DOCUMENTS)
    named = set(re.findall(r"`make ([a-z0-9-]+)", texts)) | set(
        re.findall(r"^make ([a-z0-9-]+)", texts, flags=re.MULTILINE)
    )
    assert named - targets == set()


def test_the_commands_of_the_selectors_comparison_are_accepted() -> None:
    text = (DOCS / "selector.md").read_text()
    commands = re.findall(r"^ +python -m benchmarks\.selectors (.*)$", text, flags=re.MULTILINE)
    assert commands
    for command in commands:
        options = make_parser().parse_args(shlex.split(command))  # exits, and so fails, where one is wrong
        assert options.seeds


def test_the_selectors_document_states_the_defaults() -> None:
    rows = re.findall(r"^\| `([a-z0-9_.]+)` \| `([^`]+)` \|", (DOCS / "selector.md").read_text(), flags=re.MULTILINE)
    config = FedSMConfig()
    assert isinstance(config.selector, LdaSelector)
    assert dict(rows) == {
        "lambda": f"{config.lambda_:g}",
        "selector.name": config.selector.name,
        "selector.features": config.selector.features,
        "selector.shrinkage": f"{config.selector.shrinkage:g}",
        "selector.quadratic": f"{config.selector.quadratic:g}",
        "selector.farthest": f"{config.selector.farthest:g}",
        "gamma": f"{config.gamma:g}",
        "routing": config.routing,
        "similarity": f"{config.similarity:g}",
        "cnn.training": CnnSelector().training,
        "cnn.learning_rate": f"{CnnSelector().learning_rate:g}",
        "vgg11.training": Vgg11Selector().training,
        "vgg11.learning_rate": f"{Vgg11Selector().learning_rate:g}",
    }
