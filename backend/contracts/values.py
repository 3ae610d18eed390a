"""The values that come in: every string, number, list and map of a contract is of a type that is bounded here.

Bounds hold for what comes in now. What is stored already is read as it is (`stored_values`): a bound that is tighter
than an older one never takes anybody's data away.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import BaseMetadata
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from backend.contracts.refusals import refused

#: The largest integer of a 32-bit column.
MAX_COUNT = 2**31 - 1
#: The largest integer that every reader of JSON keeps exactly; of a 64-bit column.
MAX_BYTES = 2**53 - 1
#: No measured quantity comes near it, in any unit; what is larger, infinite or no number is refused.
MAX_FLOAT = 1e30
MAX_SECONDS = 1e9
MAX_ROUNDS = 1000
MAX_CHANNELS = 64
MAX_SITES = 1000
MAX_STRUCTURES = 32
MAX_STRATEGIES = 32
#: Of one site, or of all that are pooled.
MAX_DATASETS = 10_000
MAX_CASES = 200_000
#: A model a site, the global one and the mixture.
MAX_MODELS = MAX_SITES + 2
MAX_PARTS = 4 * MAX_SITES
MAX_METRICS = 20_000
#: Of one site: cases times models times structures.
MAX_SCORES = 2_000_000
MAX_LOG_LINES = 1000

_CONTROLS = re.compile("[\u0000-\u001f\u007f-\u009f\u2028\u2029]")
_CONTROLS_BUT_LINES = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
#: They turn the order of the text around them, or take no room: one name then looks like another.
_TRICKS = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff]")
#: Letters and symbols that are drawn as nothing.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp", "Zs"})

_stored: ContextVar[bool] = ContextVar("stored_values", default=False)


@contextmanager
def stored_values() -> Iterator[None]:
    """Within the block contracts are read as they were stored: the bounds of this module do not hold."""
    token = _stored.set(True)
    try:
        yield
    finally:
        _stored.reset(token)


def reading_stored() -> bool:
    """For a contract's own validator of a bound that what is stored may break."""
    return _stored.get()


def text_problem(text: str, lines: bool = False) -> str | None:
    """What a database, a terminal or a reader's eye would stumble over; the remedy is to remove it. None where there is
    nothing.

    lines: whether line breaks and tabs are allowed.
    """
    for pattern, kind in (
        (_SURROGATES, "half of a character"),
        (_CONTROLS_BUT_LINES if lines else _CONTROLS, "the control character"),
        (_TRICKS, "the invisible character"),
    ):
        if (found := pattern.search(text)) is not None:
            return f"holds {kind} U+{ord(found[0]):04X} at position {found.start() + 1}"
    return None


def is_invisible(text: str) -> bool:
    """Whether nothing of it would be seen."""
    return all(unicodedata.category(letter) in _UNSEEN or letter in _BLANKS for letter in text)


def printable(value: object, most: int = 200) -> str:
    """The value as text for a log or an error: controls and halves of characters are escaped, a long one is cut."""
    text = str(value)
    shown = text[:most]
    for pattern in (_SURROGATES, _CONTROLS_BUT_LINES, _TRICKS):
        shown = pattern.sub(lambda found: ascii(found[0])[1:-1], shown)
    return shown if len(text) <= most else f"{shown}..."


def one_line(value: object, most: int = 200) -> str:
    """As `printable`, line breaks and tabs escaped as well."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], printable(value, most))


class _Bound(BaseMetadata):
    """Checks a value after its type, and says its bound in the JSON schema."""

    def check(self, value: Any) -> None:
        """Raises ValueError with `problem: remedy`."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """The bound as JSON schema has it."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | self.schema()

    def _validate(self, value: Any) -> Any:
        if not _stored.get():
            self.check(value)
        return value


@dataclass(frozen=True)
class Text(_Bound):
    """One line of text.

    most, least: bounds of its length, in characters.
    lines: whether line breaks and tabs are allowed.
    visible: whether something of it must be seen, as of a name.
    """

    most: int
    least: int = 0
    lines: bool = False
    visible: bool = False

    def check(self, value: Any) -> None:
        """Raises a refusal for a text of another length, or with characters that cannot be shown."""
        if len(value) > self.most:
            raise refused(f"has {len(value)} characters", f"give at most {self.most}")
        if len(value) < self.least:
            raise refused(f"has {len(value)} characters", f"give at least {self.least}")
        if (problem := text_problem(value, self.lines)) is not None:
            raise refused(problem, "remove it")
        if self.visible and is_invisible(value):
            raise refused("holds nothing that can be seen", "give letters or digits")

    def schema(self) -> dict[str, Any]:
        least = {"minLength": self.least} if self.least else {}
        return {"maxLength": self.most, **least}


@dataclass(frozen=True)
class Within(_Bound):
    """A number within bounds; neither infinite nor "not a number".

    low, high: the bounds, both included.
    """

    low: float
    high: float

    def check(self, value: Any) -> None:
        """Raises a refusal for a number outside of the bounds."""
        if not self.low <= value <= self.high:
            shown = value if abs(value) < 10**15 else "the number"
            raise refused(f"{shown} is out of bounds", f"give a value from {_number(self.low)} to {_number(self.high)}")

    def schema(self) -> dict[str, Any]:
        return {"minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class AtMost(_Bound):
    """A list, or a map, with a maximum number of entries.

    most: that number.
    """

    most: int

    def check(self, value: Any) -> None:
        """Raises a refusal for more entries than there may be."""
        if len(value) > self.most:
            raise refused(f"has {len(value)} entries", f"give at most {self.most}")

    def schema(self) -> dict[str, Any]:
        return {}

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        found = handler(schema)
        return found | {"maxProperties" if found.get("type") == "object" else "maxItems": self.most}


def _number(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"


@dataclass(frozen=True)
class _Escaped:
    """Escapes the controls of a text that is short enough, and cuts what becomes too long by it."""

    most: int

    def __call__(self, value: Any) -> Any:
        if not isinstance(value, str) or len(value) > self.most:
            return value
        return printable(value, self.most)[: self.most]


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


#: Spaces around a text are left out.
Stripped = BeforeValidator(_stripped)

#: Of a row.
Id = Annotated[str, Text(64, least=1)]
#: Data sets that somebody chose.
ChosenDatasets = Annotated[tuple[Id, ...], Field(min_length=1), AtMost(200)]
#: What people call a thing.
Name = Annotated[str, Stripped, Text(80, least=1, visible=True)]
Description = Annotated[str, Text(2000, lines=True)]
Note = Annotated[str, Stripped, Text(4000, lines=True)]
Label = Annotated[str, Text(200)]
Title = Annotated[str, Stripped, Text(120)]
#: Of a site or of a method's label, where it is a key.
Slug = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$"), Text(40)]
#: Of an Ed25519 key: 64 bytes in base64.
SignatureText = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$"), Text(88)]
#: A site's slug, `pooled` or `coordinator`.
Participant = Annotated[str, Text(60, least=1)]
#: `global`, `personalized/<site>`, `selector_moments/<site>`, ...
PartName = Annotated[str, Text(120, least=1)]
StructureName = Annotated[str, Stripped, Text(60, least=1, visible=True)]
#: Names a structure of the task that a result is of; whether it is one is checked there.
StructureKey = Annotated[str, Field(max_length=1000)]
#: Of a file at a site, below its data set's folder.
RelativePath = Annotated[str, Text(4096, least=1)]
CaseName = Annotated[str, Text(1024, least=1)]
Folder = Annotated[str, Text(1000, least=1)]
WorkerName = Annotated[str, Stripped, Text(100, least=1, visible=True)]
QueueName = Annotated[str, Text(100, least=1)]
#: What a program says of what it met, such as a file's name: controls are escaped, for a message is never lost.
Said = Annotated[str, BeforeValidator(_Escaped(4000)), Text(4000, lines=True)]
ShortSaid = Annotated[str, BeforeValidator(_Escaped(2000)), Text(2000, lines=True)]
LongSaid = Annotated[str, BeforeValidator(_Escaped(20_000)), Text(20_000, lines=True)]
Hardware = Annotated[str, BeforeValidator(_Escaped(200)), Text(200, lines=True)]

Count = Annotated[int, Within(0, MAX_COUNT)]
Positive = Annotated[int, Within(1, MAX_COUNT)]
#: Of a row of events or metrics; 64 bits in SQLite, 32 in PostgreSQL.
RowNumber = Annotated[int, Within(0, MAX_COUNT)]
NumBytes = Annotated[int, Within(0, MAX_BYTES)]
RoundNumber = Annotated[int, Within(0, MAX_ROUNDS)]
TrainedRound = Annotated[int, Within(1, MAX_ROUNDS)]
Attempt = Annotated[int, Within(0, MAX_COUNT)]
#: Pixels or slices of one side of an image.
Side = Annotated[int, Within(1, 1_000_000)]

FiniteFloat = Annotated[float, Within(-MAX_FLOAT, MAX_FLOAT)]
NotNegative = Annotated[float, Within(0, MAX_FLOAT)]
Fraction = Annotated[float, Within(0, 1)]
#: A fraction that was summed or normalized: rounding may leave it a little above 1.
Share = Annotated[float, Within(0, 1.00001)]
Seconds = Annotated[float, Within(0, MAX_SECONDS)]
#: Of a voxel or pixel, in mm.
Spacing = Annotated[float, Within(0, 1e6)]


def _bounded_time(value: Any) -> Any:
    if not _stored.get() and not 1970 <= value.year <= 9000:
        raise refused(f"the year {value.year} is out of bounds", "give one from 1970 to 9000")
    return value


#: Every zone's time of it can be stored.
Time = Annotated[AwareDatetime, AfterValidator(_bounded_time)]
