"""Bodies of single sign-on."""

from typing import Annotated

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.values import Text
from backend.record import Record
from backend.users.schemas import Code


class SignInWays(Record):
    single_sign_on: str | None = Field(description="The provider's name for people; null: there is none.")


class SingleSignOnRecord(Record):
    is_connected: bool = Field(description="Whether an account at the provider lets you in.")


class SingleSignOnStart(Contract):
    model_config = with_example()

    invitation_code: Code | None = Field(default=None, description="Of an invitation that the sign-in accepts.")


class SingleSignOnFinish(Contract):
    model_config = with_example(
        provider_code="what the provider appended as `code`", state="what it appended as `state`"
    )

    provider_code: Annotated[str, Text(4000, least=1)] = Field(description="What the provider appended as `code`.")
    state: Annotated[str, Text(200, least=1)] = Field(description="What the provider appended as `state`.")


class SingleSignOnAddress(Record):
    address: str = Field(description="Where the browser signs in at the provider.")
