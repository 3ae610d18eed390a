from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.experiment_templates.service import template_files
from backend.experiments.files import write_file
from fedsm.cli.app import app
from fedsm.experiment_file import WrongFile, read_experiment_file

VALID = """
name: First comparison
federation: Fundus demo
config:
  schedule: {rounds: 3}
  strategies:
    - {name: fedsm, lambda: 0.8, selector: {name: cnn}}
    - {name: fedavg}
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    return path


def test_a_valid_file_is_read(tmp_path: Path) -> None:
    found = read_experiment_file(write(tmp_path, VALID))
    assert found.federation == "Fundus demo"
    assert found.config.schedule.rounds == 3
    assert found.config.strategies[0].lambda_ == 0.8


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("rounds: 3", "rounds: 0", "config.schedule.rounds = 0: Input should be greater than or equal to 1"),
        ("lambda: 0.8", "lambda: 1.5", "config.strategies.0.lambda = 1.5: Input should be less than or equal to 1"),
        ("rounds: 3", "round: 3", "config.schedule.round: is not a field known here"),
        ("name: cnn", "name: cnnn", "config.strategies.0.selector"),
        ("name: First comparison\n", "", "name: is required"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(tmp_path: Path, before: str, after: str, message: str) -> None:
    path = write(tmp_path, VALID.replace(before, after))
    with pytest.raises(WrongFile) as caught:
        read_experiment_file(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match="cannot be read"):
        read_experiment_file(tmp_path / "absent.yaml")


def test_broken_yaml_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match="not valid YAML"):
        read_experiment_file(write(tmp_path, "name: [unclosed"))


def test_a_file_without_fields_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match="holds no fields"):
        read_experiment_file(write(tmp_path, "just text"))


@pytest.mark.parametrize("template", template_files())
def test_a_template_and_its_export_are_read_as_the_same_experiment(tmp_path: Path, template: str) -> None:
    first = read_experiment_file(template_files()[template])
    exported = write_file(first.name, first.description, first.config, "Fundus: eyes, #1", origin="exported")
    again = read_experiment_file(write(tmp_path, exported))
    assert (again.name, again.description, again.config) == (first.name, first.description, first.config)
    assert again.federation == "Fundus: eyes, #1"


@pytest.mark.parametrize("name", sorted(template_files()))
def test_a_printed_template_leaves_no_description_behind(name: str, tmp_path: Path) -> None:
    """It would still speak of five rounds when somebody has made them forty."""
    printed = CliRunner().invoke(app, ["experiment", "templates", name]).stdout
    (tmp_path / "my.yaml").write_text(printed, encoding="utf-8")
    mine, template = read_experiment_file(tmp_path / "my.yaml"), read_experiment_file(template_files()[name])
    assert (mine.description, mine.config) == ("", template.config)
    assert template.description
