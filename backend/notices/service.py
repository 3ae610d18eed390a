"""Whether a user gets e-mails about runs of their own experiments."""

from sqlalchemy.orm import Session

from backend.access.caller import Caller
from backend.db.models import EmailChoice
from backend.errors import Conflict
from backend.events import service as events
from backend.notices.schemas import EmailsRecord, EmailsUpdate
from backend.settings import Settings


def describe(session: Session, caller: Caller, settings: Settings) -> EmailsRecord:
    if caller.user_id is None:
        return EmailsRecord(is_offered=False, address=None, wanted=False)
    row = session.get(EmailChoice, caller.user_id)
    return EmailsRecord(
        is_offered=bool(settings.smtp_host),
        address=row.address if row else None,
        wanted=row is not None and row.wanted,
    )


def choose(session: Session, caller: Caller, body: EmailsUpdate, settings: Settings) -> EmailsRecord:
    """Raises Conflict where no e-mail could be sent."""
    if caller.user_id is None:
        raise Conflict("the holder of the administrator's token has no account: sign in with a name of your own")
    if body.wanted and not settings.smtp_host:
        raise Conflict("this platform sends no e-mails: its operator sets FEDSM_SMTP_HOST")
    session.merge(EmailChoice(user_id=caller.user_id, address=body.address, wanted=body.wanted))
    session.flush()
    what = "gets e-mails" if body.wanted else "gets no e-mails any more"
    events.record(session, "user", f"{caller.name} {what} when runs end.", caller.name)
    return describe(session, caller, settings)
