"""A second factor of one's own, and its reset by an administrator."""

from fastapi import APIRouter, Request

from backend.contracts.values import Id
from backend.dependencies import CallerDep, PlatformDep, client_address
from backend.policy import CanManageUsers, OwnAccount
from backend.second_factor import service
from backend.second_factor.schemas import (
    NewSecondFactor,
    RecoveryCodes,
    SecondFactorConfirm,
    SecondFactorDutyRecord,
    SecondFactorDutySet,
    SecondFactorRecord,
    SecondFactorRemove,
    SecondFactorStart,
)
from backend.users import tokens

router = APIRouter(tags=["session"])


@router.get("/session/second-factor")
def get_second_factor(_user: OwnAccount, caller: CallerDep, platform: PlatformDep) -> SecondFactorRecord:
    """Whether you have a second factor, and must have one."""
    return service.describe(platform, caller)


@router.post("/session/second-factor", status_code=201)
def start_second_factor(
    _user: OwnAccount, caller: CallerDep, body: SecondFactorStart, platform: PlatformDep
) -> NewSecondFactor:
    """Get a secret for an authenticator app (TOTP, RFC 6238). It counts once its first code was right."""
    return service.start(platform, caller, body.password)


@router.put("/session/second-factor")
def confirm_second_factor(
    _user: OwnAccount, caller: CallerDep, body: SecondFactorConfirm, platform: PlatformDep
) -> RecoveryCodes:
    """Give the app's first code: from now on signing in needs one. Your other sign-ins end."""
    tokens.require_person(caller, "change a second factor")
    return RecoveryCodes(recovery_codes=service.confirm(platform, caller, body.code))


@router.post("/session/second-factor/remove", status_code=204)
def remove_second_factor(
    _user: OwnAccount, caller: CallerDep, body: SecondFactorRemove, request: Request, platform: PlatformDep
) -> None:
    """Sign in with name and password alone again."""
    service.remove(platform, caller, body.password, body.code, client_address(request))


@router.delete("/users/{user_id}/second-factor", status_code=204)
def reset_second_factor(user: CanManageUsers, caller: CallerDep, user_id: Id, platform: PlatformDep) -> None:
    """Take the second factor away from a user who lost it. Their sign-ins end."""
    tokens.require_person(caller, "reset a second factor")
    service.reset(platform, user_id, user)


@router.get("/second-factor-duty")
def get_second_factor_duty(_user: CanManageUsers, platform: PlatformDep) -> SecondFactorDutyRecord:
    """Of whom a second factor is asked."""
    return service.describe_duty(platform)


@router.put("/second-factor-duty")
def set_second_factor_duty(
    user: CanManageUsers, caller: CallerDep, body: SecondFactorDutySet, platform: PlatformDep
) -> SecondFactorDutyRecord:
    """Ask nobody, administrators or everybody for a second factor. Who lacks one sets it up at the next request, and
    does nothing else before. 403 for a personal token."""
    tokens.require_person(caller, "ask for a second factor")
    return service.set_duty(platform, body.duty, user)
