"""The declarative base, and the column types that all tables share."""

import secrets
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, DateTime, MetaData, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from backend.contracts.values import stored_values


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone; SQLite stores none, so what it gives back is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value} has no zone: use backend.clock.now()")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 interface
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ContractJson(TypeDecorator[Any]):
    """A pydantic contract (or a union of them) stored as JSON and validated when read."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, contract: Any) -> None:
        super().__init__(none_as_null=True)
        self.contract = contract
        self._adapter: TypeAdapter[Any] = TypeAdapter(contract)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 interface
        return None if value is None else self._adapter.dump_python(value, mode="json", by_alias=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 interface
        if value is None:
            return None
        with stored_values():
            return self._adapter.validate_python(value)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 SQLAlchemy's interface
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        str: String(),
    }


def new_id() -> str:
    """A random identifier of 16 hexadecimal digits."""
    return secrets.token_hex(8)
