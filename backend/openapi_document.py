"""The OpenAPI document: what FastAPI says of the endpoints, and what holds for all of them."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from backend.access.matrix import Permission
from backend.error_body import ErrorBody
from backend.policy import permissions_of

_ERROR = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}}}


class Application(FastAPI):
    """An application whose document says of every operation how its errors look, and which permission it needs."""

    #: Those whose endpoints it has.
    api_routers: tuple[APIRouter, ...] = ()

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = with_permissions(with_json_errors(super().openapi()), self.api_routers)
        return self.openapi_schema


def with_json_errors(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI would say that an endpoint of CSV, YAML or PDF answers its errors so, too: they are JSON everywhere."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")) and "content" in response:
                    response["content"] = _ERROR
    return document


def with_permissions(document: dict[str, Any], routers: Iterable[APIRouter]) -> dict[str, Any]:
    """`x-permission`: what the caller needs. Raises RuntimeError for an endpoint that names none, or several."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    needed = {route.name: permission_of(route) for route in routes}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["x-permission"] = str(needed[operation["operationId"]])
    return document


def permission_of(route: APIRoute) -> Permission:
    """Raises RuntimeError for an endpoint that names no permission, or several."""
    found = permissions_of(route.dependant)
    if len(found) != 1:
        raise RuntimeError(f"{route.name} names {len(found)} permissions: give it one parameter of backend.policy")
    return next(iter(found))
