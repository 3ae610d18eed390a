"""Setting up a second factor, and being rid of it."""

from sqlalchemy.orm import Session

from backend.access.caller import Caller
from backend.access.duty import Duty, stricter
from backend.clock import now
from backend.db.models import SecondFactor, SecondFactorDuty, User
from backend.db.session import read_only, unit_of_work
from backend.errors import Conflict, InvalidInput, WrongCode, WrongPassword
from backend.events import service as events
from backend.platform import Platform
from backend.second_factor.schemas import NewSecondFactor, SecondFactorDutyRecord, SecondFactorRecord
from backend.users import accounts, second_factor, totp
from backend.users.passwords import is_password
from backend.users.service import close_sessions, pass_second_factor
from backend.users.tokens import require_person

#: What Activity says that an administrator did.
ASKED: dict[Duty, str] = {
    "optional": "asks nobody for a second factor any more",
    "administrators": "asks administrators for a second factor",
    "everybody": "asks everybody for a second factor",
}


def describe(platform: Platform, caller: Caller) -> SecondFactorRecord:
    """Of the holder of the administrator's token: that there is none."""
    with read_only(platform.database) as session:
        row = None if caller.user_id is None else session.get(SecondFactor, caller.user_id)
        needed = caller.user_id is not None and _is_asked(session, platform, caller)
        if row is None or row.confirmed_at is None:
            return SecondFactorRecord(enabled_at=None, is_required=needed, num_recovery_codes=0)
        return SecondFactorRecord(
            enabled_at=row.confirmed_at, is_required=needed, num_recovery_codes=len(row.recovery_sha256)
        )


def start(platform: Platform, caller: Caller, password: str) -> NewSecondFactor:
    """A secret for the app, in force once its first code was right. Starting again makes another one.

    Raises WrongPassword, and Conflict where there is a second factor already."""
    user_id = _require_password(platform, caller, password)
    secret = totp.new_secret()
    with unit_of_work(platform.database) as session:
        if second_factor.has(session, user_id):
            raise Conflict("there is a second factor already: remove it first, then set up another app")
        second_factor.remove(session, user_id)
        session.add(
            SecondFactor(
                user_id=user_id,
                secret=totp.SecretBox(platform.server_key).close(secret),
                confirmed_at=None,
                last_step=0,
                recovery_sha256=[],
            )
        )
    return NewSecondFactor(secret=secret, address=totp.address_of(secret, caller.name))


def confirm(platform: Platform, caller: Caller, code: str) -> list[str]:
    """The recovery codes. The user's other sign-ins end, because they were made without it.

    Raises WrongCode, and Conflict where nothing was started."""
    with unit_of_work(platform.database) as session:
        row = session.get(SecondFactor, caller.user_id, with_for_update=True) if caller.user_id else None
        if row is None or row.confirmed_at is not None:
            raise Conflict("there is nothing to confirm: start with setting up a second factor")
        step = totp.step_of(totp.SecretBox(platform.server_key).open(row.secret), code, now())
        if step is None:
            raise WrongCode(
                "this code is not right: give the one that the app shows now, on a phone with the right time"
            )
        codes = totp.new_recovery_codes()
        row.confirmed_at, row.last_step = now(), step
        row.recovery_sha256 = [totp.hash_recovery_code(recovery) for recovery in codes]
        close_sessions(session, caller.user_id, but=caller.credential)
        message = f"{caller.name} set up a second factor; other sign-ins have ended."
        events.record(session, "user", message, caller.name)
    return codes


def remove(platform: Platform, caller: Caller, password: str, code: str, address: str) -> None:
    """Raises WrongPassword, WrongCode, and Conflict where there is none or the platform asks for it."""
    user_id = _require_password(platform, caller, password)
    with read_only(platform.database) as session:
        if _is_asked(session, platform, caller):
            raise Conflict("this platform asks you for a second factor: only an administrator can reset it")
        user = accounts.get_user(session, user_id)
        if not second_factor.has(session, user_id):
            raise Conflict("there is no second factor to remove")
    pass_second_factor(platform, user, code, address)
    with unit_of_work(platform.database) as session:
        second_factor.remove(session, user_id)
        events.record(session, "user", f"{caller.name} removed the second factor.", caller.name, level="warning")


def reset(platform: Platform, user_id: str, actor: str) -> None:
    """For a user who has neither app nor recovery codes any more; their sign-ins end. Raises NotFound, Conflict."""
    with unit_of_work(platform.database) as session:
        user: User = accounts.get_user(session, user_id)
        if not second_factor.remove(session, user_id):
            raise Conflict(f"{user.name} has no second factor")
        close_sessions(session, user_id)
        message = f"{actor} removed the second factor of {user.name}, whose sign-ins have ended."
        events.record(session, "user", message, actor, level="warning")


def describe_duty(platform: Platform) -> SecondFactorDutyRecord:
    with read_only(platform.database) as session:
        row = session.get(SecondFactorDuty, second_factor.DECIDED)
        return SecondFactorDutyRecord(
            duty=second_factor.duty_of(session, platform.settings),
            at_least=platform.settings.second_factor,
            set_by=None if row is None else row.set_by,
            set_at=None if row is None else row.set_at,
        )


def set_duty(platform: Platform, duty: Duty, actor: str) -> SecondFactorDutyRecord:
    """From the next request on. Raises InvalidInput for less than the operator asks."""
    least = platform.settings.second_factor
    if stricter(duty, least) != duty:
        raise InvalidInput.of_field(
            "duty", duty, f"is less than FEDSM_SECOND_FACTOR={least} of this hub", f"choose {least}, or more"
        )
    with unit_of_work(platform.database) as session:
        row = SecondFactorDuty(id=second_factor.DECIDED, duty=duty, set_by=actor, set_at=now())
        session.merge(row)
        events.record(session, "user", f"{actor} {ASKED[duty]}.", actor, level="warning")
    return describe_duty(platform)


def _is_asked(session: Session, platform: Platform, caller: Caller) -> bool:
    return second_factor.is_required(session, platform.settings, caller.is_administrator)


def _require_password(platform: Platform, caller: Caller, password: str) -> str:
    """The user's id. Raises WrongPassword, Forbidden for a token, Conflict for the administrator's token."""
    require_person(caller, "change a second factor")
    if caller.user_id is None:
        raise Conflict("the administrator's token has no second factor: make yourself a user by an invitation")
    with read_only(platform.database) as session:
        stored = accounts.get_user(session, caller.user_id).password_hash
    if not is_password(password, stored):
        raise WrongPassword("the password is another one: give it once more")
    return caller.user_id
