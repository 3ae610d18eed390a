"""A model as a ZIP, as `model.zip` exports it: read and checked by the standard library before anything is stored."""

import hashlib
import json
import re
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.safetensors_header import NoSafetensors, read_header
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.version_scores import VersionScores

MAX_BYTES = 4 * 2**30
MAX_DESCRIPTION_BYTES = 16 * 2**20
#: Weights hardly shrink: a ZIP that unpacks to more than this many times its size, and to no little, holds none.
MAX_RATIO, LITTLE_BYTES = 100, 64 * 2**20
COPY_BYTES = 1 << 20
DESCRIPTION = "model.json"
SUFFIX = ".safetensors"
PART = re.compile(
    r"^(?:global|selector|selector_encoder|selector_quality|personalized/[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?)$"
)


class BadModelFile(ValueError):
    """Why a file is no model: the entry or what was found, what is wrong with it, and what to do.

    invalid: pydantic's error where fields of `model.json` are wrong, with the content that it is about.
    """

    def __init__(
        self, value: str, message: str, remedy: str, invalid: ValidationError | None = None, content: object = None
    ) -> None:
        super().__init__(f"{value} {message}: {remedy}".strip())
        self.value, self.message, self.remedy = value, message, remedy
        self.invalid, self.content = invalid, content


class ListedPart(BaseModel):
    """Other fields of an exported description are not needed."""

    model_config = ConfigDict(extra="ignore")

    name: str
    sha256: str


class ModelDescription(BaseModel):
    """What `model.json` must say; of an exported one the rest is left."""

    model_config = ConfigDict(extra="ignore")

    task: SegmentationTask
    config: ExperimentConfig
    strategy: StrategyConfig = FedAvgConfig()
    strategy_label: str = Field(default="Imported model", max_length=200)
    experiment_name: str = Field(default="", max_length=80)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    round: int = Field(default=1, ge=0, le=100_000)
    sites: list[str] = Field(default=[], max_length=1000)
    code_version: str | None = Field(default=None, max_length=200)
    parts: list[ListedPart] | None = None
    version_scores: VersionScores = ()


@dataclass(frozen=True)
class ModelFile:
    """path: of the ZIP. description: what its model.json says. parts: name to SHA-256 of the entry of that name in the
    ZIP."""

    path: Path
    description: ModelDescription
    parts: dict[str, str]


def read_model_file(path: Path) -> ModelFile:
    """Raises BadModelFile naming the entry, what is wrong with it and what to do."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
            _require_size(sum(entry.file_size for entry in entries.values()), path.stat().st_size)
            description = _description(archive, entries)
            names = [name.removesuffix(SUFFIX) for name in entries if name.endswith(SUFFIX)]
            parts = {name: _checked_part(archive, name) for name in names}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, OSError) as error:
        remedy = "give a model.zip as it was downloaded"
        raise BadModelFile("", f"is no ZIP that can be read ({error})", remedy) from error
    _require_parts(description, parts)
    return ModelFile(path, description, parts)


def _require_size(num_bytes: int, packed: int) -> None:
    """Before anything is unpacked; the library reads no more of an entry than it declares."""
    if num_bytes > MAX_BYTES:
        raise BadModelFile("more than 4 GiB", "is too large", "give the files of one model")
    if num_bytes > max(LITTLE_BYTES, MAX_RATIO * packed):
        message = f"would unpack to {num_bytes // 2**20} MiB from {packed} bytes"
        raise BadModelFile("", message, "give a model.zip as it was downloaded")


def _description(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> ModelDescription:
    entry = entries.get(DESCRIPTION)
    if entry is None:
        remedy = "put a model.json next to the safetensors files: `task`, `config` and, for several sites, `sites`"
        raise BadModelFile(DESCRIPTION, "is not in the ZIP", remedy)
    if entry.file_size > MAX_DESCRIPTION_BYTES:
        raise BadModelFile(DESCRIPTION, "is larger than 16 MiB", "give a model.json as it was downloaded")
    try:
        content: Any = json.loads(archive.read(entry))
    except (ValueError, RecursionError) as error:
        raise BadModelFile(DESCRIPTION, f"is no JSON ({error})", "give a model.json as it was downloaded") from error
    try:
        return ModelDescription.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        message = f"{where}: {first['msg']}" + (
            f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        )
        remedy = "give a model.json as it was downloaded"
        raise BadModelFile(DESCRIPTION, message, remedy, error, content) from error


def _checked_part(archive: zipfile.ZipFile, name: str) -> str:
    """The part's SHA-256."""
    if not PART.match(name):
        names = "global, personalized/<site>, selector, selector_encoder or selector_quality"
        remedy = f"name the files {names}, each .safetensors"
        raise BadModelFile(f"{name[:80]}{SUFFIX}", "is no part of a model", remedy)
    digest = hashlib.sha256()
    with archive.open(f"{name}{SUFFIX}") as source, tempfile.NamedTemporaryFile(prefix="fedsm-part-") as copy:
        while chunk := source.read(COPY_BYTES):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        try:
            tensors = read_header(Path(copy.name))
        except NoSafetensors as error:
            raise BadModelFile(f"{name}{SUFFIX}", str(error), "save the state dict as safetensors") from error
    if not tensors:
        raise BadModelFile(f"{name}{SUFFIX}", "holds no tensor", "save the state dict as safetensors")
    return digest.hexdigest()


def _require_parts(description: ModelDescription, parts: dict[str, str]) -> None:
    if not any(name == "global" or name.startswith("personalized/") for name in parts):
        raise BadModelFile("", "holds no segmentation model", "put a global.safetensors into the ZIP")
    for listed in description.parts or []:
        if listed.name not in parts:
            raise BadModelFile(
                f"{listed.name[:80]}{SUFFIX}", "is listed in model.json and not in the ZIP", "add the file"
            )
        if parts[listed.name] != listed.sha256:
            message = f"hashes to {parts[listed.name]}, not to what model.json says"
            raise BadModelFile(
                f"{listed.name}{SUFFIX}", message, "give the file as it was downloaded, or mend model.json"
            )
    strangers = [
        name for name in parts if name.startswith("personalized/") and name.partition("/")[2] not in description.sites
    ]
    if strangers:
        message = "is the model of a site that model.json does not name"
        raise BadModelFile(f"{strangers[0]}{SUFFIX}", message, "name all sites in `sites`, in their order")
