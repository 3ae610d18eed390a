"""Request and response bodies of sign-in, of users and of the system's state."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, computed_field

from backend.access.matrix import Permission, Role, Scope, Way
from backend.contracts.base import Contract, with_example
from backend.contracts.values import AtMost, Id, Name, Text
from backend.disk_record import LOW_DISK_SHARE, DiskRecord
from backend.record import Record

#: Under which one signs in.
UserName = Annotated[str, Text(80, least=1, visible=True)]
#: A new one. An old one is only compared.
NewPassword = Annotated[str, Text(200, least=12)]
Password = Annotated[str, Text(200, least=1)]
Code = Annotated[str, Text(200, least=1)]
#: Of the second factor.
SecondCode = Annotated[str, Text(40, least=1)]


class SessionCreate(Contract):
    """Name and password of a user, or the administrator's token."""

    model_config = with_example(token="the token that the start of the platform prints")

    token: Annotated[str, Text(200, least=1)] | None = Field(
        default=None, examples=["the token that the backend printed at its start"]
    )
    name: UserName | None = None
    password: Password | None = None
    code: SecondCode | None = Field(
        default=None,
        description="Of the second factor, where the user has one: of the app, or for recovery.",
    )


class PasswordChange(Contract):
    model_config = with_example(password="the present password", new_password="at least twelve characters")

    password: Password = Field(description="The present one.")
    new_password: NewPassword = Field(description="At least 12 characters.")


class InvitationLook(Contract):
    model_config = with_example(invitation_code="what follows # in the link")

    invitation_code: Code = Field(description="What follows # in the link.")


class InvitationAccept(Contract):
    model_config = with_example(
        invitation_code="what follows # in the link", name="jo", password="at least twelve characters"
    )

    invitation_code: Code = Field(description="What follows # in the link.")
    name: UserName = Field(
        description="Under which you sign in; of a user that there is already, with its password, to add the role."
    )
    password: NewPassword = Field(description="At least 12 characters.")
    code: SecondCode | None = Field(
        default=None, description="Of the second factor, where a user that there is already has one."
    )


class AdministratorInvite(Contract):
    model_config = with_example(label="Jo of the computing centre")

    label: Name = Field(description="Whom it is for; the invited choose their own name.")


class MemberInvite(Contract):
    model_config = with_example(label="Jo of Aster clinic", role="researcher")

    label: Name = Field(description="Whom it is for; the invited choose their own name.")
    role: Role = Field(description="In this federation.")
    site_ids: Annotated[list[Id], AtMost(1000)] = Field(default=[], description="Of a site manager.")


class MemberSet(Contract):
    model_config = with_example(role="reader")

    role: Role
    site_ids: Annotated[list[Id], AtMost(1000)] = Field(default=[], description="Of a site manager.")


class UserUpdate(Contract):
    model_config = with_example(is_administrator=True)

    is_administrator: bool


class MemberRecord(Record):
    federation_id: str
    role: Role
    site_ids: list[str] = Field(description="Of a site manager.")
    given_by_group: str | None = Field(description="The provider's group that gives the role; null: given by hand.")


class UserRecord(Record):
    id: str
    name: str
    is_administrator: bool
    administrator_by_group: str | None = Field(description="The provider's group that makes one; null: none does.")
    created_at: datetime
    created_by: str
    last_seen_at: datetime | None = Field(description="To the minute; null: never.")
    num_tokens: int | None = Field(description="Null: only administrators see it.")
    has_second_factor: bool | None = Field(description="Null: only administrators see it.")
    memberships: list[MemberRecord]


class InvitationRecord(Record):
    id: str
    label: str
    federation_id: str | None = Field(description="Null: to the installation.")
    role: Role | None = Field(description="Null: a link for a new password.")
    site_ids: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime


class NewInvitation(InvitationRecord):
    path: str = Field(description="Of the link, which is shown this once: it works one time, for seven days.")


class SeenInvitation(Record):
    """What the invited see before they accept."""

    label: str
    federation: str | None = Field(description="Its name; null: to the installation.")
    role: Role | None = Field(description="Null: a link for a new password.")
    sites: list[str] = Field(description="Names of a site manager's sites.")
    name: str | None = Field(description="Of the user whose password the link sets.")
    created_by: str
    expires_at: datetime


class TokenCreate(Contract):
    model_config = with_example(name="nightly comparison", days=90)

    name: Name = Field(description="What it is for.")
    days: int = Field(default=90, ge=1, le=730, description="How long it is valid.")
    scope: Scope = Field(default="all", description="all: everything that you may; read: only looking.")


class TokenRecord(Record):
    id: str
    name: str
    hint: str = Field(description="The token's first characters.")
    scope: Scope
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")


class NewToken(TokenRecord):
    token: str = Field(description="Shown this once.")


class HealthRecord(Record):
    status: str = Field(examples=["ok"])
    version: str


class FederationAccess(Record):
    federation_id: str
    roles: list[Role]
    permissions: list[Permission] = Field(description="For the whole federation.")
    own_site_permissions: list[Permission] = Field(description="Only for `site_ids`.")
    site_ids: list[str] = Field(description="Of a site manager.")


class SessionRecord(Record):
    user: str
    user_id: str | None = Field(description="Null: the holder of the administrator's token.")
    way: Way = Field(description="How this request was let in.")
    scope: Scope
    is_administrator: bool
    lacks_second_factor: bool = Field(
        description="The platform asks for a second factor; until it is set up, nothing else may be done."
    )
    permissions: list[Permission] = Field(description="Everywhere: of an administrator all, of others few.")
    federations: list[FederationAccess] = Field(description="In which the caller has a role; none for administrators.")
    last_event_id: int = Field(
        description="Of the newest event at this moment. A stream that begins after it misses nothing that happens to "
        "what is asked for from now on."
    )


class WorkerRecord(Record):
    name: str
    queues: list[str]
    hardware: str
    num_gpus: int | None = Field(description="Null: it did not say.")
    num_processes: int
    last_seen_at: datetime
    online: bool
    disk_free: int | None = Field(default=None, description="Bytes; null: this worker does not say.")
    disk_total: int | None = Field(default=None, description="Bytes; null: this worker does not say.")

    @computed_field(description="Less than 5 % is free.")  # type: ignore[prop-decorator]  # pydantic's way
    @property
    def disk_is_low(self) -> bool:
        return self.disk_free is not None and self.disk_free < LOW_DISK_SHARE * (self.disk_total or 0)


class SystemRecord(Record):
    version: str
    database: str
    broker_connected: bool
    disks: list[DiskRecord] = Field(description="Of the state folder and the artifacts; one where both share it.")
    workers: list[WorkerRecord]
