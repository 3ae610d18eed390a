"""Tells the ends of runs by e-mail and webhook: each once, again where it failed, and given up in the end.

The row was written with the run's end, so that none is lost. A try is counted before it begins, so that another process
does not begin the same one; killed between sending and its commit, a backend sends once more, under the same number.
"""

import logging
from datetime import timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from backend.clock import now
from backend.db.models import EmailChoice, Experiment, Federation, MembershipRow, Notice, Run, User
from backend.db.session import read_only, unit_of_work
from backend.events import service as events
from backend.notices.delivery import NotDelivered, send_email, send_webhook
from backend.notices.messages import RunEnd, body_of, email_of
from backend.platform import Platform
from backend.settings import Settings

logger = logging.getLogger(__name__)

#: Between the beginnings of tries; after the last one it is given up.
RETRY_SECONDS = (60.0, 300.0, 1800.0, 7200.0, 43_200.0)
#: Of one round of the loop.
BATCH = 50
_WORDS = {"email": "e-mail", "webhook": "webhook"}


def send_due(platform: Platform) -> int:
    """Returns how many were delivered."""
    with read_only(platform.database) as session:
        due = select(Notice.id, Notice.way).where(Notice.next_at <= now()).order_by(Notice.id).limit(BATCH)
        found = session.execute(due).all()
    num_sent = 0
    failed: set[str] = set()
    for notice_id, way in found:
        if way not in failed:  # a server that hangs is not waited for once more in this round
            try:
                num_sent += _send(platform, notice_id)
            except NotDelivered as error:
                _note_failure(platform, notice_id, str(error))
                failed.add(way)
    return num_sent


def _send(platform: Platform, notice_id: int) -> bool:
    """Whether it was delivered. Raises NotDelivered."""
    with unit_of_work(platform.database) as session:
        notice = session.get(Notice, notice_id)
        if notice is None:
            return False
        end = _end_of(session, notice, platform.settings)
        recipient = _recipient(session, end, platform.settings) if notice.way == "email" else None
        if not _is_wanted(notice, recipient, platform.settings):
            session.delete(notice)
            return False
        way, num_tries = notice.way, notice.num_tries
        if not _claim(session, notice_id, num_tries):
            return False
    if way == "email":
        send_email(platform.settings, email_of(end, platform.settings.smtp_from, recipient or ""))
    else:
        send_webhook(platform.settings, end.delivery, body_of(end))
    with unit_of_work(platform.database) as session:
        if (notice := session.get(Notice, notice_id)) is not None:
            session.delete(notice)
    return True


def _claim(session: Session, notice_id: int, num_tries: int) -> bool:
    """Whether this process has the try."""
    wait = RETRY_SECONDS[min(num_tries, len(RETRY_SECONDS) - 1)]
    values = {"num_tries": num_tries + 1, "next_at": now() + timedelta(seconds=wait)}
    mine = update(Notice).where(Notice.id == notice_id, Notice.num_tries == num_tries, Notice.next_at <= now())
    done = session.execute(mine.values(**values).execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)
    return done.rowcount == 1


def _note_failure(platform: Platform, notice_id: int, reason: str) -> None:
    """The first failure and the last are events; those between stand in the log."""
    with unit_of_work(platform.database) as session:
        notice = session.get(Notice, notice_id)
        run = session.get(Run, notice.run_id) if notice is not None else None
        if notice is None or run is None:
            return
        is_last = notice.num_tries > len(RETRY_SECONDS)
        what = f"The {_WORDS[notice.way]} about the end of {run.strategy_label}, seed {run.seed} was not sent: {reason}"
        logger.warning("%s (try %d)", what, notice.num_tries)
        if is_last:
            message = f"{what}. It is given up after {notice.num_tries} tries."
            session.delete(notice)
        else:
            message = f"{what}. It is tried again."
        if is_last or notice.num_tries == 1:
            events.record_of_run(session, run, "log", message, events.BACKEND, level="warning")


def _is_wanted(notice: Notice, recipient: str | None, settings: Settings) -> bool:
    if notice.way == "email":
        return recipient is not None
    return bool(settings.webhook_url.get_secret_value())


def _end_of(session: Session, notice: Notice, settings: Settings) -> RunEnd:
    run = session.get_one(Run, notice.run_id)
    experiment = session.get_one(Experiment, run.experiment_id)
    federation = session.get_one(Federation, experiment.federation_id)
    return RunEnd(
        delivery=f"{run.id}-{notice.id}",
        status=notice.status,
        message=notice.message,
        at=notice.at,
        run_id=run.id,
        strategy_label=run.strategy_label,
        seed=run.seed,
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        federation_id=federation.id,
        federation_name=federation.name,
        created_by=experiment.created_by,
        address=settings.address,
    )


def _recipient(session: Session, end: RunEnd, settings: Settings) -> str | None:
    """Of the experiment's author, who wants e-mails and may still see the federation; None: nobody is written to."""
    if not settings.smtp_host:
        return None
    query = select(User, EmailChoice.address).join(EmailChoice, EmailChoice.user_id == User.id)
    found = session.execute(
        query.where(User.name == end.created_by, User.removed_at.is_(None), EmailChoice.wanted.is_(True))
    ).one_or_none()
    if found is None:
        return None
    user, address = found
    member = select(MembershipRow.user_id).where(
        MembershipRow.user_id == user.id, MembershipRow.federation_id == end.federation_id
    )
    return address if user.administers or session.scalars(member).first() is not None else None
