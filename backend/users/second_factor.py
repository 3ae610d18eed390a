"""What a user shows besides the password: who has it, who must have it, and whether a code is right."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.access.duty import Duty, stricter
from backend.clock import now
from backend.db.models import SecondFactor, SecondFactorDuty, User
from backend.errors import SecondFactorNeeded, WrongCode
from backend.events import service as events
from backend.link.keys import SigningKey
from backend.settings import Settings
from backend.users.totp import SecretBox, hash_recovery_code, step_of

#: The row of what administrators decided.
DECIDED = 1


def duty_of(session: Session, settings: Settings) -> Duty:
    """Of whom one is asked: the stricter of what the operator set and an administrator decided last."""
    row = session.get(SecondFactorDuty, DECIDED)
    return settings.second_factor if row is None else stricter(settings.second_factor, row.duty)  # type: ignore[arg-type]  # the column holds these words only


def is_required(session: Session, settings: Settings, is_administrator: bool) -> bool:
    duty = duty_of(session, settings)
    return duty == "everybody" or (duty == "administrators" and is_administrator)


def has(session: Session, user_id: str) -> bool:
    """Whether it is set up to its end."""
    return bool(holders(session, [user_id]))


def holders(session: Session, user_ids: Sequence[str]) -> set[str]:
    """Those of the users who have one."""
    query = select(SecondFactor.user_id).where(
        SecondFactor.user_id.in_(user_ids), SecondFactor.confirmed_at.is_not(None)
    )
    return set(session.scalars(query))


def check(session: Session, key: SigningKey, user: User, code: str | None) -> None:
    """Uses a code up, of the app or for recovery; a user without a second factor passes.

    Raises SecondFactorNeeded without a code, WrongCode for one that is wrong or was used before."""
    row = session.get(SecondFactor, user.id, with_for_update=True)
    if row is None or row.confirmed_at is None:
        return
    if code is None:
        raise SecondFactorNeeded("give the code that your app shows now, or one of your recovery codes")
    step = step_of(SecretBox(key).open(row.secret), code, now())
    if step is not None and step > row.last_step:
        row.last_step = step
        return
    used = hash_recovery_code(code)
    if used not in row.recovery_sha256:
        again = "this code was used before: wait for the next one" if step is not None else "this code is not right"
        raise WrongCode(f"{again}; the clock of the phone must be right")
    row.recovery_sha256 = [left for left in row.recovery_sha256 if left != used]
    message = f"{user.name} signed in with a recovery code; {len(row.recovery_sha256)} are left."
    events.record(session, "user", message, user.name, level="warning")


def remove(session: Session, user_id: str) -> bool:
    """Whether there was one."""
    done = session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a result of DELETE has it
