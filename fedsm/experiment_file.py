"""Experiment files: YAML with a name, a federation and a configuration."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from backend.contracts.experiment_file import ExperimentFile


class WrongFile(Exception):
    """Its text says which file, field and value, and the remedy."""


def read_experiment_file(path: Path) -> ExperimentFile:
    """Raises WrongFile."""
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise WrongFile(f"{path} cannot be read: {error.strerror}. Give the path of an experiment file") from None
    except yaml.YAMLError as error:
        raise WrongFile(f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise WrongFile(f"{path} must hold the fields name and config, and may hold federation and description")
    try:
        return ExperimentFile.model_validate(content)
    except ValidationError as error:
        lines = [f"{path}:", *(f"  {_describe(problem, content)}" for problem in error.errors())]
        raise WrongFile("\n".join(lines)) from None


def _describe(problem: Any, content: object) -> str:
    """`config.schedule.rounds = 0: Input should be greater than or equal to 1`."""
    field = ".".join(str(step) for step in _steps_in_file(problem["loc"], content))
    message = str(problem["msg"]).removeprefix("Value error, ")
    match problem["type"]:
        case "missing":
            return f"{field}: is required"
        case "extra_forbidden":
            return f"{field}: is not a field known here; remove it or correct its name"
    value = problem["input"]
    shown = f" = {value!r}" if isinstance(value, str | int | float | bool) else ""
    return f"{field}{shown}: {message}"


def _steps_in_file(location: tuple[int | str, ...], content: object) -> list[int | str]:
    """The location without pydantic's own steps, such as the tag of a union."""
    steps: list[int | str] = []
    node = content
    for position, step in enumerate(location):
        match node, step:
            case dict(), _ if step in node:
                node = node[step]
            case list(), int() if step < len(node):
                node = node[step]
            case _ if position < len(location) - 1:
                continue
        steps.append(step)
    return steps
