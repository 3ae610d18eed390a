"""Experiment files: YAML with a name, a configuration and, if somebody likes, a federation. Read, and written."""

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import ValidationError

from backend import VERSION
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.experiment_file import ExperimentFile
from backend.contracts.refusals import REFUSED, one_by_one, steps_of
from backend.experiments.schemas import ExperimentFileRead, FileProblem
from backend.problems import message_and_remedy

MAX_CHARACTERS = 200_000
#: An experiment needs five levels; reading a file takes a step of the stack for each.
MAX_LEVELS = 20
#: 32 methods with all their settings, on a thousand sites, are fewer.
MAX_NODES = 10_000
#: libyaml's where PyYAML was built with it, which is ten times faster; both refuse the same.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FORM = "a file has the fields name and config, and may have description and federation"

#: Of pydantic's problems: what is wrong, and what to do.
KNOWN_PROBLEMS = {
    "missing": ("is required", "add it"),
    "extra_forbidden": ("is not a field known here", "remove it or correct its name"),
}


def read_file(text: str) -> ExperimentFileRead:
    """The file, or every reason why it is none, each with the line that it is about."""
    if len(text) > MAX_CHARACTERS:
        return _refused("file", f"{len(text)} characters", "is too long", f"give at most {MAX_CHARACTERS} characters")
    try:
        if (refused := _refuse_shape(text)) is not None:
            return refused
        root = yaml.compose(text, Loader=LOADER)
        content = yaml.load(text, Loader=LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        message = getattr(error, "problem", None) or str(error)
        return _refused("file", "", f"is not valid YAML: {message}", "mend the line", _line_of(mark, text))
    except ValueError as error:  # a number of thousands of digits, or a date that does not exist
        return _refused("file", "", f"holds a value that cannot be read: {error}", "correct the value")
    if repeated := list(_repeated(root, [])):
        return ExperimentFileRead(file=None, problems=repeated)
    if not isinstance(content, dict):
        return _refused("file", type(content).__name__, "holds no fields", FORM)
    try:
        return ExperimentFileRead(file=ExperimentFile.model_validate(content), problems=[])
    except ValidationError as error:
        entries = one_by_one([entry for entry in error.errors() if not _is_consequence(entry, error)])
        problems = [_problem(entry, content, root) for entry in entries]
        return ExperimentFileRead(file=None, problems=problems)


def write_file(name: str, description: str, config: ExperimentConfig, federation: str, origin: str = "") -> str:
    """A file that reads back as the same configuration. origin: a line about where it came from."""
    content: dict[str, Any] = {"name": name}
    if description:
        content["description"] = description
    content |= {"federation": federation, "config": config.model_dump(mode="json", by_alias=True)}
    head = [f"# An experiment of FedSM Studio {VERSION}.", *([f"# {origin}"] if origin else [])]
    head.append("# Run it: fedsm experiment create -f FILE --watch")
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    return "\n".join([*head, "", body])


def _refuse_shape(text: str) -> ExperimentFileRead | None:
    """What cannot be built safely: an alias can stand for a tree of any size, and so can levels. Raises YAMLError."""
    levels = num_nodes = 0
    for event in yaml.parse(text, Loader=LOADER):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            return _refused("file", "", "repeats a value by an alias (*name)", "write the value out", line)
        num_nodes += isinstance(event, yaml.NodeEvent)
        if num_nodes > MAX_NODES:
            return _refused("file", "", f"holds more than {MAX_NODES} values", "remove what is no setting", line)
        if isinstance(event, yaml.CollectionStartEvent):
            levels += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            levels -= 1
        if levels > MAX_LEVELS:
            return _refused("file", "", f"is nested more than {MAX_LEVELS} levels deep", "write it flatter", line)
    return None


def _line_of(mark: Any, text: str) -> int | None:
    """From 1; an end that is missing is missed in the last line."""
    return min(mark.line, text.count("\n")) + 1 if mark else None


def _repeated(node: yaml.Node | None, path: list[str]) -> Iterator[FileProblem]:
    """Fields that are given twice: YAML itself would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            steps = [*path, name]
            if name in first:
                yield FileProblem(
                    field=".".join(steps),
                    value="",
                    message=f"is given twice, first in line {first[name]}",
                    remedy="keep one of them",
                    line=line,
                )
            first.setdefault(name, line)
            yield from _repeated(value, steps)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _repeated(value, [*path, str(index)])


def _refused(field: str, value: str, message: str, remedy: str, line: int | None = None) -> ExperimentFileRead:
    problem = FileProblem(field=field, value=value, message=message, remedy=remedy, line=line)
    return ExperimentFileRead(file=None, problems=[problem])


def _problem(error: Any, content: object, root: yaml.Node | None) -> FileProblem:
    context = error.get("ctx") or {}
    steps = _steps_in_file(error["loc"], content)
    steps += steps_of(context["field"]) if error["type"] == REFUSED else []
    value = error["input"]
    shown = repr(value) if isinstance(value, str | int | float | bool) and error["type"] not in KNOWN_PROBLEMS else ""
    standard = message_and_remedy(error["type"], error["msg"], context)
    message, remedy = KNOWN_PROBLEMS.get(error["type"], standard)
    return FileProblem(
        field=".".join(str(step) for step in steps),
        value=shown,
        message=message,
        remedy=remedy,
        line=_line(root, steps),
    )


def _is_consequence(entry: Any, error: ValidationError) -> bool:
    """A list is too short for pydantic, too, when an entry of it is wrong."""
    inside = [other["loc"] for other in error.errors() if other["loc"][: len(entry["loc"])] == entry["loc"]]
    return entry["type"] == "too_short" and len(inside) > 1


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


def _line(node: yaml.Node | None, steps: list[int | str]) -> int | None:
    """Where the field stands, or what should hold it; from 1."""
    line = None
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            return line
    return line
