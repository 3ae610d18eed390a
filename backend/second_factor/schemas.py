"""Bodies of a second factor's requests and answers."""

from datetime import datetime

from pydantic import Field

from backend.access.duty import Duty
from backend.contracts.base import Contract, with_example
from backend.record import Record
from backend.users.schemas import Password, SecondCode


class SecondFactorRecord(Record):
    enabled_at: datetime | None = Field(description="Null: you have none.")
    is_required: bool = Field(description="The platform asks you for one.")
    num_recovery_codes: int = Field(description="How many are left.")


class SecondFactorStart(Contract):
    model_config = with_example(password="the present password")

    password: Password = Field(description="The present one.")


class NewSecondFactor(Record):
    secret: str = Field(description="For the app, where it cannot read the picture. Shown this once.")
    address: str = Field(description="What the picture (QR code) for the app holds: `otpauth://...`.")


class SecondFactorConfirm(Contract):
    model_config = with_example(code="123456")

    code: SecondCode = Field(description="The six digits that the app shows now.")


class RecoveryCodes(Record):
    recovery_codes: list[str] = Field(description="Each lets you in once, without the app. Shown this once.")


class SecondFactorRemove(Contract):
    model_config = with_example(password="the present password", code="123456")

    password: Password = Field(description="The present one.")
    code: SecondCode = Field(description="Six digits of the app, or a recovery code.")


class SecondFactorDutySet(Contract):
    model_config = with_example(duty="administrators")

    duty: Duty


class SecondFactorDutyRecord(Record):
    duty: Duty = Field(description="Of whom a second factor is asked.")
    at_least: Duty = Field(description="What the operator set (FEDSM_SECOND_FACTOR): less cannot be chosen.")
    set_by: str | None = Field(description="The administrator who chose last; null: nobody did.")
    set_at: datetime | None
