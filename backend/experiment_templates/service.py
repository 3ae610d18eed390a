"""The templates' files: YAML with a comment head that says which data they are for and where the settings come from."""

from functools import cache
from itertools import takewhile
from pathlib import Path

import yaml

from backend.contracts.experiment_file import ExperimentFile
from backend.experiment_templates.schemas import ExperimentTemplate

FOLDER = Path(__file__).resolve().parent / "files"


def template_files() -> dict[str, Path]:
    """Name to file, in name order."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


@cache
def templates() -> tuple[ExperimentTemplate, ...]:
    """In name order. Read once: they do not change while a process runs."""
    return tuple(_read(name, path.read_text(encoding="utf-8")) for name, path in template_files().items())


def _read(name: str, text: str) -> ExperimentTemplate:
    file = ExperimentFile.model_validate(yaml.safe_load(text))
    return ExperimentTemplate(
        name=name,
        title=file.name,
        description=file.description,
        notes=notes_of(text),
        # Dividing by the largest value of the pixel type is for pictures only, and what templates for them do.
        dimensions=2 if file.config.data.intensity == "unit" else 3,
        config=file.config,
    )


def notes_of(text: str) -> str:
    """The comment head without its marks: paragraphs parted by empty lines."""
    head = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in head)
