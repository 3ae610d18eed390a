"""One's own choice of e-mails about runs that end."""

from typing import Annotated

from fastapi import APIRouter, Body

from backend.dependencies import CallerDep, ReadSession, SettingsDep, WriteSession
from backend.notices import service
from backend.notices.schemas import EmailsRecord, EmailsUpdate
from backend.policy import OwnAccount
from backend.users import tokens

router = APIRouter(tags=["session"])


@router.get("/session/emails")
def get_emails(_user: OwnAccount, caller: CallerDep, session: ReadSession, settings: SettingsDep) -> EmailsRecord:
    """Whether you get e-mails about the ends of runs, and where."""
    return service.describe(session, caller, settings)


@router.put("/session/emails")
def choose_emails(
    _user: OwnAccount,
    caller: CallerDep,
    body: Annotated[EmailsUpdate, Body()],
    session: WriteSession,
    settings: SettingsDep,
) -> EmailsRecord:
    """Get an e-mail, or none, when a run of an experiment of yours is finished or has failed."""
    tokens.require_person(caller, "change where e-mails go")
    return service.choose(session, caller, body, settings)
