"""What the API answers to a file that is no model."""

from pathlib import Path

from backend.contracts import model_file
from backend.contracts.model_file import DESCRIPTION, BadModelFile, ModelFile
from backend.contracts.refusals import one_by_one
from backend.errors import InvalidInput
from backend.problems import describe_problem


def read_model_file(path: Path) -> ModelFile:
    """Raises InvalidInput naming the entry, what is wrong with it and what to do."""
    try:
        return model_file.read_model_file(path)
    except BadModelFile as problem:
        raise _refusal(problem) from problem


def _refusal(problem: BadModelFile) -> InvalidInput:
    if problem.invalid is None:
        return InvalidInput.of_field("file", problem.value, problem.message, problem.remedy)
    errors = one_by_one(problem.invalid.errors())
    fields = [describe_problem(error | {"loc": ("body", *error["loc"])}, problem.content) for error in errors]
    fields = [field | {"field": f"{DESCRIPTION}.{field['field']}"} for field in fields]
    return InvalidInput("; ".join(f"{field['field']}: {field['message']}" for field in fields), fields)
