"""The one tree of errors. A class's name, in snake case, is the API's error code; its status is a class attribute."""

import re
from typing import ClassVar, Self

from backend.contracts.config_problems import ConfigProblem


class FedSMError(Exception):
    """Base of every error that a client may see. `detail` is for people."""

    status_code: ClassVar[int] = 500

    def __init__(self, detail: str, fields: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields or []

    @property
    def code(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class NotSignedIn(FedSMError):
    status_code = 401


class WrongToken(FedSMError):
    status_code = 401


class WrongPassword(FedSMError):
    """Of the name and the password one is wrong; which one is not said."""

    status_code = 401


class SecondFactorNeeded(FedSMError):
    """Name and password are right; a code of the user's app, or a recovery code, is needed too."""

    status_code = 401


class WrongCode(FedSMError):
    """Of the second factor: it is wrong, old, or was used before."""

    status_code = 401


class ProviderUnavailable(FedSMError):
    """The provider of single sign-on does not answer, or is not set up as it should be."""

    status_code = 503


class Forbidden(FedSMError):
    status_code = 403


class SignInRefused(Forbidden):
    """Of single sign-on; the detail says what to do."""


class RequestSignatureRefused(FedSMError):
    """Of a hospital's agent: the signature is absent, old, of another message, or was used before."""

    status_code = 401


class CredentialEnded(FedSMError):
    """It was revoked, refused, or followed by another: for good."""

    status_code = 401


class SiteNotAccepted(Forbidden):
    """A person has to accept the site first."""


class CredentialStopped(Forbidden):
    """Two copies of it were seen; a person decides."""


class AgentOutdated(FedSMError):
    """The agent speaks another protocol; the detail says which side to update."""

    status_code = 426


class NotFound(FedSMError):
    status_code = 404


class Gone(FedSMError):
    """It was there, and somebody or its end date took it away."""

    status_code = 410


class Conflict(FedSMError):
    """The request is right but the state of things does not allow it; the detail says what would."""

    status_code = 409


class NameTaken(Conflict):
    pass


class DatasetInUse(Conflict):
    pass


class ExperimentRunning(Conflict):
    pass


class TransitionNotAllowed(Conflict):
    pass


class RerunNotPossible(Conflict):
    """The run was built on without the task, or there is nothing to send again; the detail says what to do."""


class TaskNotClaimable(Conflict):
    """Another worker has the task, or it is over: drop the message."""


class AttemptSuperseded(Conflict):
    """The attempt lost its lease or its task was cancelled: drop the work."""


class UploadMoved(Conflict):
    """An upload goes on from a byte at which it does not stand."""


class BadRequest(FedSMError):
    """What was sent cannot be understood at all."""

    status_code = 400


class TooSlow(FedSMError):
    status_code = 408


class InvalidInput(FedSMError):
    status_code = 422

    @classmethod
    def of_problems(cls, problems: list[ConfigProblem]) -> Self:
        fields = [problem.model_dump() for problem in problems]
        return cls("; ".join(f"{p.field}: {p.message} ({p.remedy})" for p in problems), fields)

    @classmethod
    def of_field(cls, field: str, value: object, message: str, remedy: str) -> Self:
        return cls.of_problems([ConfigProblem(field=field, value=str(value), message=message, remedy=remedy)])


class ArtifactDamaged(Gone):
    """Its stored bytes hash to another address. They are never sent."""


class TooManyRequests(FedSMError):
    """The answer's `Retry-After` says when to ask again."""

    status_code = 429

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class DiskFull(FedSMError):
    """There is no room for what was to be written; the detail says where."""

    status_code = 507


class ArtifactStoreAway(FedSMError):
    """The store of artifacts is on another machine, which does not answer."""

    status_code = 503


class BodyTooLarge(InvalidInput):
    status_code = 413


class HashMismatch(FedSMError):
    status_code = 422
