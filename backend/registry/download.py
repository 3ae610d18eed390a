"""A version as a ZIP: as a run's `model.zip`, with the card of the version and the server's signature."""

from pathlib import Path

from backend.artifacts.store import ArtifactStore
from backend.contracts.model_file import DESCRIPTION
from backend.db.models import ModelVersion
from backend.registry import signing
from backend.registry.schemas import VersionRecord
from backend.trained_models.service import write_files


def write_archive(version: ModelVersion, found: VersionRecord, store: ArtifactStore, target: Path) -> None:
    """Equal versions, equal bytes."""
    texts = {
        "README.md": found.card.encode(),
        DESCRIPTION: signing.description_bytes(version.facts),
        "statement.json": found.signature.statement.encode(),
        "signature.json": found.signature.model_dump_json(include={"signature", "public_key", "fingerprint"}).encode(),
    }
    write_files(texts, found.facts.parts, store, target)
