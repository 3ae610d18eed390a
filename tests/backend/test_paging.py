"""Lists by pages: the same parameters and the same header everywhere, and together the whole list."""

from pathlib import Path
from typing import Any

import pytest

from tests.backend.conftest import make_experiment
from tests.backend.document import openapi_document
from tests.backend.live_backend import LiveBackend

pytestmark = pytest.mark.every_database

ROOT = Path(__file__).parent.parent.parent
#: Bounded by a run's schedule, by the numbers of metrics, or fixed.
NOT_PAGED = {"list_run_rounds", "list_run_metrics", "list_experiment_templates", "list_method_presets"}


def pages(backend: LiveBackend, path: str, limit: int) -> list[list[dict[str, Any]]]:
    """Followed by the header alone."""
    found, address = [], f"/api/v1{path}?limit={limit}"
    while True:
        answer = backend.admin.get(address)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        if "next" not in answer.links:
            return found
        address = answer.links["next"]["url"]


def test_every_list_of_the_document_can_be_paged() -> None:
    document = openapi_document()
    unpaged = set()
    for operation in (entry for methods in document["paths"].values() for entry in methods.values()):
        content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        if content.get("schema", {}).get("type") == "array":
            names = {parameter["name"] for parameter in operation.get("parameters", ())}
            if not names >= {"limit", "after"}:
                unpaged.add(operation["operationId"])
    assert unpaged == NOT_PAGED


def test_pages_are_the_whole_list(backend: LiveBackend, federation: dict[str, Any]) -> None:
    for _ in range(5):
        make_experiment(backend, federation)
    path = f"/federations/{federation['id']}/experiments"
    whole = backend.get(path)
    assert len(whole) == 5
    two = pages(backend, path, 2)
    assert [len(page) for page in two] == [2, 2, 1]
    assert [entry for page in two for entry in page] == whole
    assert [len(page) for page in pages(backend, path, 5)] == [5], "no empty page at the end"


@pytest.mark.parametrize("what", ["datasets", "cases", "federations"])
def test_other_lists_have_the_same_kit(backend: LiveBackend, federation: dict[str, Any], what: str) -> None:
    dataset = backend.get(f"/federations/{federation['id']}/datasets")[0]
    path = {
        "datasets": f"/federations/{federation['id']}/datasets",
        "cases": f"/datasets/{dataset['id']}/cases",
        "federations": "/federations",
    }[what]
    whole = backend.get(path)
    assert whole
    assert [entry for page in pages(backend, path, 1) for entry in page] == whole


def test_other_parameters_stay_in_the_next_address(backend: LiveBackend, federation: dict[str, Any]) -> None:
    dataset = backend.get(f"/federations/{federation['id']}/datasets")[0]
    answer = backend.admin.get(f"/api/v1/datasets/{dataset['id']}/cases", params={"used": True, "limit": 1})
    assert "used=true" in answer.links["next"]["url"].lower()


def test_an_entry_that_is_not_there_is_said(backend: LiveBackend, federation: dict[str, Any]) -> None:
    answer = backend.admin.get(f"/api/v1/federations/{federation['id']}/experiments", params={"after": "gone"})
    assert answer.status_code == 422
    (field,) = answer.json()["fields"]
    assert (field["field"], field["value"]) == ("after", "gone")
    too_many = backend.admin.get("/api/v1/federations", params={"limit": 10**6})
    assert too_many.status_code == 422
