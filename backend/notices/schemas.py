"""Bodies of requests and answers about e-mails."""

from typing import Annotated

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.values import Text
from backend.record import Record

#: What a mail server takes in one line; a person's own server says whether it is there.
EmailAddress = Annotated[str, Text(254), Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}$")]


class EmailsUpdate(Contract):
    model_config = with_example(address="jo@example.org", wanted=True)

    address: EmailAddress = Field(description="Where they go.")
    wanted: bool = Field(description="Whether you get an e-mail when a run of an experiment of yours ends or fails.")


class EmailsRecord(Record):
    is_offered: bool = Field(description="The operator has set up a mail server, and you have an account.")
    address: str | None
    wanted: bool
