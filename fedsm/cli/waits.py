"""Whom a run waits for, in words of a shell; times as in the log, UTC."""

from datetime import datetime

from backend.runs.schemas import RunRecord, WaitedFor
from backend.runs.wait_reasons import WaitReason

WORDS: dict[WaitReason, str] = {
    "offline": "offline since {since}",
    "not_begun": "online, and has not begun since {since}",
    "in_turn": "waits for its turn since {since}",
    "not_approved": "whose approval was asked {since}: its manager decides there, fedsm site approvals",
    "paused": "which lets it wait since {since}",
    "working": "at work since {since}, longer than it should take",
}


def waits_of(run: RunRecord) -> str:
    """`waits for h3, offline since 14:02 UTC; goes on without it at 14:07 UTC`; empty where all are at work."""
    if not run.waits_for:
        return ""
    return "waits for " + "; and for ".join(map(_words, run.waits_for))


def _words(wait: WaitedFor) -> str:
    said = f"{wait.participant}, " + WORDS[wait.reason].format(since=_clock(wait.since))
    if wait.pause is not None:
        until = "" if wait.pause.until is None else f" until {_clock(wait.pause.until)}"
        said = f"{wait.participant}, which waits{until} because its policy {wait.pause.said} ({wait.pause.line})"
    if wait.goes_on_at is not None:
        return f"{said}; goes on without it at {_clock(wait.goes_on_at)}"
    return f"{said}; its quorum needs it" if wait.needed else said


def _clock(at: datetime) -> str:
    """With the day where it is not today's."""
    today = datetime.now(at.tzinfo).date() == at.date()
    return f"{at:%H:%M} UTC" if today else f"{at:%Y-%m-%d %H:%M} UTC"
