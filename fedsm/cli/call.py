"""What a command that is one call of the REST API says of itself; calls.py makes commands of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Where = Literal["query", "body"]


@dataclass(frozen=True)
class Option:
    """`kind` is what the text is read as. sent_as: the API's name, where it is another. argument: given by position,
    and needed. flag: what a switch sends, whether it is set or not."""

    name: str
    help: str
    kind: type = str
    where: Where = "query"
    sent_as: str | None = None
    argument: bool = False
    flag: Callable[[bool], object] | None = None


@dataclass(frozen=True)
class Call:
    """operation: the API's name of it. arguments: name in the path to its help. columns: what is printed of each
    record, by name; empty for an answer without a body. said: printed in place of them, with the answer's fields.
    ask: the question before it. file: the answer is a file's bytes, or a text."""

    command: str
    operation: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    help: str
    arguments: dict[str, str]
    options: tuple[Option, ...] = ()
    columns: tuple[str, ...] = ()
    said: str | None = None
    ask: str | None = None
    file: bool = False
