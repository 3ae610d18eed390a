"""Names of registered models, their versions and aliases, and what people say about them."""

import re
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.thresholds import THRESHOLD_CHOICE, ThresholdChoice
from backend.contracts.values import AtMost, Note, Positive, Text

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?"
_ALIAS = r"[a-z](?:[a-z0-9 ._-]{0,38}[a-z0-9])?"
_ALIAS_RULE = (
    "An alias has up to 40 small letters, digits, blanks, dots, dashes and underscores, begins with a letter, and ends "
    "with a letter or digit."
)
_VERSION = r"[1-9][0-9]{0,8}"
_REFERENCE = re.compile(rf"({_NAME})(?::({_VERSION})|@({_ALIAS}))")

ModelName = Annotated[str, Field(pattern=rf"^{_NAME}$"), Text(64)]
AliasName = Annotated[str, Field(pattern=rf"^{_ALIAS}$"), Text(40)]
#: `fundus:3`, or `fundus@in use`.
ModelReference = Annotated[str, Field(pattern=rf"^{_NAME}(?::{_VERSION}|@{_ALIAS})$"), Text(110)]

MAX_ALIASES = 20


@dataclass(frozen=True)
class Reference:
    """A registered version in words.

    name: of the model. version: its number, or alias: what points to it; one of the two is None.
    """

    name: str
    version: int | None
    alias: str | None

    @classmethod
    def of(cls, text: str) -> Self | None:
        """None where the text is no reference, such as a run's id."""
        found = _REFERENCE.fullmatch(text)
        if found is None:
            return None
        return cls(found[1], int(found[2]) if found[2] else None, found[3])


class ModelRegister(Contract):
    model_config = with_example(name="fundus", aliases=["best"], notes="For the screening study.")

    name: ModelName = Field(
        description="A new name makes a model; one that the federation has gets its next version. Letters, digits, "
        "dots, dashes and underscores.",
    )
    notes: Note = Field(default="", description="What people say about this version (Markdown).")
    aliases: Annotated[tuple[AliasName, ...], AtMost(MAX_ALIASES)] = Field(
        default=(),
        description=f"They point to this version from now on, wherever they pointed before. {_ALIAS_RULE}",
    )
    threshold: ThresholdChoice = Field(default="run", description=THRESHOLD_CHOICE)


class VersionUpdate(Contract):
    model_config = with_example(notes="Checked by the reading centre.")

    notes: Note = Field(description="In place of those that are there; what the run knows is not changed by it.")


class AliasMove(Contract):
    model_config = with_example(alias="in use", version=3)

    alias: AliasName = Field(
        description=f"`best`, `in use`, or another word, which is made where it is new. {_ALIAS_RULE}"
    )
    version: Positive = Field(description="The number of the version to which it points from now on.")
