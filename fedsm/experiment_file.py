"""Experiment files on this machine."""

from pathlib import Path

from backend.contracts.experiment_file import ExperimentFile
from backend.experiments.files import read_file
from backend.experiments.schemas import FileProblem


class WrongFile(Exception):
    """Its text says which file, line, field and value, and the remedy."""


def read_experiment_file(path: Path) -> ExperimentFile:
    """Raises WrongFile."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WrongFile(f"{path} cannot be read: {error.strerror}. Give the path of an experiment file") from None
    except UnicodeDecodeError:
        raise WrongFile(f"{path} is no text in UTF-8: give a YAML file") from None
    read = read_file(text)
    if read.file is None:
        raise WrongFile("\n".join([f"{path}:", *(f"  {_describe(problem)}" for problem in read.problems)]))
    return read.file


def _describe(problem: FileProblem) -> str:
    """`line 4: config.schedule.rounds = 0: Input should be greater than or equal to 1 (correct the value)`."""
    place = f"line {problem.line}: " if problem.line is not None else ""
    value = f" = {problem.value}" if problem.value else ""
    return f"{place}{problem.field}{value}: {problem.message} ({problem.remedy})"
