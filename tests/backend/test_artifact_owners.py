"""The list of columns that hold artifacts' hashes is whole."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from sqlalchemy import String, Text, cast, select

import backend.contracts
from backend.artifacts.owners import FIELDS, NO_ARTIFACTS, OWNERS
from backend.contracts.artifacts import SHA256_PATTERN
from backend.contracts.base import Contract
from backend.contracts.datasets import SitePolicy
from backend.db.base import Base
from backend.db.models import Artifact
from backend.db.session import read_only
from tests.backend.conftest import FEDSM, start_run
from tests.backend.drawing_worker import DrawingWorker
from tests.backend.live_backend import LiveBackend

#: Columns that name an artifact but own none.
LEDGER_OF_ARTIFACTS = {"artifact.sha256", "artifact_hold.sha256"}


def contracts() -> Iterator[type[Contract]]:
    """Every contract there is, wherever it is defined below backend.contracts."""
    for module in pkgutil.iter_modules(backend.contracts.__path__, "backend.contracts."):
        importlib.import_module(module.name)
    waiting = [Contract]
    while waiting:
        for subclass in waiting.pop().__subclasses__():
            if subclass.__module__.startswith("backend.contracts."):
                yield subclass
            waiting.append(subclass)


def holds_sha256(field: FieldInfo) -> bool:
    """Whether the type is Sha256, or has it somewhere inside: in a dictionary, a tuple, a union. A contract inside is
    written as its name alone: it is walked on its own."""
    return SHA256_PATTERN.pattern in f"{field.annotation!r} {field.metadata!r}"


def test_every_hash_of_a_contract_is_known() -> None:
    found = {
        f"{contract.__name__}.{name}"
        for contract in contracts()
        for name, field in contract.model_fields.items()
        if holds_sha256(field) and name != "perceptual_hash"  # as long, but of another kind
    }
    assert found == FIELDS.keys() | NO_ARTIFACTS.keys(), (
        "say in backend/artifacts/owners.py in which column the new hash ends, or why it names no artifact"
    )


def test_every_field_ends_in_a_column_of_the_list() -> None:
    assert set(FIELDS.values()) <= {owner.name for owner in OWNERS}


def test_no_column_holds_a_hash_that_the_list_does_not_know(
    backend: LiveBackend, broker: Any, federation: dict[str, Any]
) -> None:
    """Looks for the text of every artifact's hash in every column of every table, after all that a run does."""
    worker = DrawingWorker(backend.worker, broker)
    worker.with_history = True
    run_id = start_run(backend, federation, strategies=[FEDSM], evaluation={"history_rounds": 2})
    worker.work_until_idle()
    backend.admin.post(f"/api/v1/runs/{run_id}/predictions", params={"name": "eye.png"}, content=b"eye")
    backend.post(f"/runs/{run_id}/exports", {"form": "onnx"})
    worker.work_until_idle()
    completed = backend.get(f"/runs/{run_id}")
    assert completed["status"] == "completed"
    backend.post(f"/experiments/{completed['experiment_id']}/reports", {})
    start_run(backend, federation, start_from={"run": run_id})
    backend.post(f"/runs/{run_id}/versions", {"name": "fundus"})
    with read_only(backend.platform.database) as session:
        hashes = set(session.scalars(select(Artifact.sha256)))
        assert len(hashes) > 20
        naming = {
            f"{table.name}.{column.name}"
            for table in Base.metadata.sorted_tables
            for column in table.columns
            if isinstance(column.type, String) or "JSON" in str(column.type) or hasattr(column.type, "contract")
            for (value,) in session.execute(select(cast(column, Text)).where(column.is_not(None)).distinct())
            if hashes & set(re.findall(r"[0-9a-f]{64}", value))
        }
    assert naming - LEDGER_OF_ARTIFACTS == {owner.name for owner in OWNERS}


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: f"{owner.name}-{owner.kind}")
def test_an_owner_names_columns_and_switches_that_exist(owner: Any) -> None:
    assert owner.policy is None or owner.policy in SitePolicy.model_fields
    assert owner.column.class_ is owner.subject_id.class_
