"""Which groups of a provider of single sign-on give which roles, as the operator sets it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from backend.access.matrix import Role
from backend.contracts.base import Contract
from backend.contracts.values import AtMost, Name, Slug, Text


class GroupRole(Contract):
    """The members of a group have a role in a federation, or are administrators of the whole installation."""

    group: Annotated[str, Text(400, least=1)] = Field(description="As the provider's claim has it.")
    role: Role
    federation: Name | None = Field(default=None, description="By its name; left out of an administrator's.")
    sites: Annotated[tuple[Slug, ...], AtMost(1000)] = Field(default=(), description="Of a site manager, by slug.")

    @model_validator(mode="after")
    def _role_has_its_place(self) -> Self:
        if (self.role == Role.ADMINISTRATOR) != (self.federation is None):
            raise ValueError(f"the group {self.group!r}: name a federation for every role but administrator")
        if (self.role == Role.SITE_MANAGER) != bool(self.sites):
            raise ValueError(f"the group {self.group!r}: name the sites of a site_manager, and of nobody else")
        return self
