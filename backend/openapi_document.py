"""The OpenAPI document: what FastAPI says of the endpoints, and what holds for all of them."""

from typing import Any

from fastapi import FastAPI

from backend.users.schemas import ErrorBody

_ERROR = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}}}


class Application(FastAPI):
    """An application whose document says of every operation how its errors look."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = with_json_errors(super().openapi())
        return self.openapi_schema


def with_json_errors(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI would say that an endpoint of CSV, YAML or PDF answers its errors so, too: they are JSON everywhere."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")) and "content" in response:
                    response["content"] = _ERROR
    return document
