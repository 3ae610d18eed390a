"""Every route names one permission, and what an identity does not hold is refused."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter

from backend.access.matrix import GRANTS, MEANINGS, ROLE_MEANINGS, Permission, Role, holders_in_words
from backend.main import API_ROUTERS
from backend.openapi_document import permission_of
from backend.policy import CanRead, CanReadCases
from backend.tables import tables_json, with_matrix
from backend.worker_api import endpoints as worker_api
from tests.backend.document import openapi_document

ROOT = Path(__file__).parent.parent.parent
OPEN = {
    "create_session",
    "delete_session",
    "get_health",
    "get_live",
    "get_ready",
    "get_shared_report",
    "download_shared_report",
    "get_report_picture",
}
OPEN |= {
    "look_at_invitation",
    "accept_invitation",
    "get_sign_in_ways",
    "start_single_sign_on",
    "finish_single_sign_on",
    "join",
}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    document = openapi_document()
    return [(path, method, entry) for path, methods in document["paths"].items() for method, entry in methods.items()]


def test_every_operation_of_the_document_names_a_permission() -> None:
    named = [entry["x-permission"] for _, _, entry in operations()]
    assert set(named) == {str(permission) for permission in Permission}, "each permission is needed somewhere"
    assert set(MEANINGS) == set(Permission)
    assert set(ROLE_MEANINGS) == set(GRANTS) == set(Role)


def test_what_changes_something_needs_more_than_reading() -> None:
    """But for questions that are asked by POST, because their body is large."""
    questions = {"check_experiment", "read_experiment_file"}
    weak = {
        entry["operationId"]
        for _, method, entry in operations()
        if method != "get" and entry["x-permission"] in ("read", "read_cases", "follow", "read_data")
    }
    assert weak <= questions


def test_only_a_few_routes_are_open_to_anybody() -> None:
    open_to_all = {entry["operationId"] for _, _, entry in operations() if entry["x-permission"] == "anybody"}
    assert open_to_all == OPEN


def test_the_worker_api_is_for_workers_and_nothing_else_is() -> None:
    for path, _, entry in operations():
        assert (entry["x-permission"] == "work") == path.startswith("/worker-api/"), path


def test_a_role_holds_no_more_than_the_next_larger_one() -> None:
    for smaller, larger in (("reader", "researcher"), ("researcher", "coordinator"), ("coordinator", "administrator")):
        assert GRANTS[Role(smaller)] < GRANTS[Role(larger)]
    assert GRANTS[Role.READER] < GRANTS[Role.SITE_MANAGER] < GRANTS[Role.COORDINATOR]


def test_the_guide_and_the_browser_hold_the_matrix() -> None:
    guide = (ROOT / "docs" / "users.md").read_text()
    assert with_matrix(guide) == guide, "docs/users.md is stale. Remedy: make openapi"
    assert (ROOT / "frontend" / "src" / "api" / "tables.json").read_text() == tables_json()


def test_a_refusal_says_who_can() -> None:
    assert holders_in_words(Permission.RUN_EXPERIMENTS) == "researchers, coordinators and administrators"
    assert holders_in_words(Permission.MANAGE_DATA) == (
        "site managers (of their own sites), coordinators and administrators"
    )
    assert holders_in_words(Permission.OPERATE) == "administrators"


def test_a_route_that_names_none_or_two_is_refused() -> None:
    router = APIRouter()

    @router.get("/none")
    def none() -> None: ...

    @router.get("/two")
    def two(_first: CanRead, _second: CanReadCases) -> None: ...

    for route in router.routes:
        with pytest.raises(RuntimeError, match=r"names [02] permissions: give it one parameter"):
            permission_of(route)  # type: ignore[arg-type]


def test_nothing_of_a_request_is_looked_at_before_its_permission() -> None:
    """Dependencies run in the order of the parameters, and a later one may already say what there is."""
    routes = [route for router in (*API_ROUTERS, worker_api.router) for route in router.routes]
    assert len(routes) > 90
    for route in routes:
        first = route.dependant.dependencies[0]  # type: ignore[attr-defined]
        assert hasattr(first.call, "permission"), f"{route} names its permission after another parameter"
