"""What happened: lists, and streams of server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from backend.access.caller import Caller
from backend.access.matrix import Permission
from backend.contracts.values import AtMost, Id, Label, Participant, RoundNumber, RowNumber, Time
from backend.csv_text import CsvStream
from backend.db.session import read_only
from backend.dependencies import CallerDep, PlatformDep, ReadSession, authenticate
from backend.errors import NotSignedIn, WrongToken
from backend.events import service
from backend.events.feed import BATCH
from backend.events.schemas import EventRecord, Kind, Level
from backend.events.service import EventFilters
from backend.platform import Platform
from backend.policy import CanFollow, CanFollowSomewhere

router = APIRouter(tags=["events"])

#: Between two looks at the credential.
PING_SECONDS = 15
#: Between two signs of life, which tell a page that its connection is there: a network that goes silently says nothing.
SIGN_OF_LIFE_SECONDS = 4

AfterQuery = Annotated[RowNumber | None, Query(description="Only events after this id, oldest first.")]
BeforeQuery = Annotated[RowNumber | None, Query(description="Only events before this id: the next page back.")]
LimitQuery = Annotated[
    int, Query(ge=1, le=1000, description="At most this many; without `after` the latest, in order of time.")
]
LastEventId = Annotated[Label | None, Header(description="Set by the browser when it reconnects.")]

STREAM_RESPONSES: dict[int | str, dict[str, object]] = {
    200: {
        "description": "Server-sent events: `event` is the kind, `id` the event's id, `data` an EventRecord as JSON. "
        "`alive` comes every few seconds and has none of it.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


async def event_filters(
    caller: CallerDep,
    federation_id: Id | None = None,
    experiment_id: Id | None = None,
    run_id: Id | None = None,
    site_slug: Participant | None = None,
    actor: Annotated[Label | None, Query(description="Who: a user, a worker, or `backend`.")] = None,
    kind: Annotated[
        Annotated[list[Kind], AtMost(20)] | None,
        Query(description="What it is about; may be given several times."),
    ] = None,
    level: Annotated[Level | None, Query(description="`warning` shows errors too.")] = None,
    since: Annotated[Time | None, Query(description="With its time zone.")] = None,
    until: Annotated[Time | None, Query(description="With its time zone.")] = None,
    text: Annotated[Label | None, Query(description="Words that the message holds, in any case.")] = None,
    round_number: Annotated[RoundNumber | None, Query(alias="round", description="Of a run.")] = None,
    task_id: Id | None = None,
) -> EventFilters:
    return EventFilters(
        federations=caller.federations(Permission.FOLLOW),
        federation_id=federation_id,
        experiment_id=experiment_id,
        run_id=run_id,
        site_slug=site_slug,
        actor=actor,
        kinds=tuple(kind) if kind else None,
        level=level,
        since=since,
        until=until,
        text=text,
        round=round_number,
        task_id=task_id,
    )


FiltersDep = Annotated[EventFilters, Depends(event_filters)]


@router.get("/events")
def list_events(
    _user: CanFollowSomewhere,
    session: ReadSession,
    filters: FiltersDep,
    after: AfterQuery = None,
    before: BeforeQuery = None,
    limit: LimitQuery = 200,
) -> list[EventRecord]:
    """Activity of everybody, filtered; page back with `before`, the smallest id that you have."""
    return service.list_events(session, after, limit, before, filters)


@router.get("/events.csv", response_class=CsvStream)
def download_events(_user: CanFollowSomewhere, platform: PlatformDep, filters: FiltersDep) -> CsvStream:
    """The filtered activity from its beginning, as CSV."""
    headers = {"Content-Disposition": 'attachment; filename="activity.csv"'}
    return CsvStream(service.events_csv(platform.database, filters), headers=headers)


@router.get("/events.txt", response_class=PlainTextResponse)
def download_log(_user: CanFollowSomewhere, platform: PlatformDep, filters: FiltersDep) -> StreamingResponse:
    """The filtered activity from its beginning, as lines of a log."""
    headers = {"Content-Disposition": 'attachment; filename="log.txt"'}
    return StreamingResponse(service.events_text(platform.database, filters), media_type="text/plain", headers=headers)


@router.get("/experiments/{experiment_id}/events")
def list_experiment_events(
    _user: CanFollow, experiment_id: Id, session: ReadSession, after: AfterQuery = None, limit: LimitQuery = 200
) -> list[EventRecord]:
    return service.list_events(session, after, limit, filters=EventFilters(experiment_id=experiment_id))


@router.get("/runs/{run_id}/events")
def list_run_events(
    _user: CanFollow, run_id: Id, session: ReadSession, after: AfterQuery = None, limit: LimitQuery = 200
) -> list[EventRecord]:
    return service.list_events(session, after, limit, filters=EventFilters(run_id=run_id))


@router.get("/events/stream", responses=STREAM_RESPONSES, response_class=EventSourceResponse)
async def stream_events(
    _user: CanFollowSomewhere,
    request: Request,
    caller: CallerDep,
    platform: PlatformDep,
    last_event_id: LastEventId = None,
    after: AfterQuery = None,
    federation_id: Id | None = None,
) -> EventSourceResponse:
    """Everything that you may see and that happens from now on, or after an id."""

    def filters(caller: Caller) -> EventFilters | None:
        if not caller.may_somewhere(Permission.FOLLOW):
            return None
        return EventFilters(federations=caller.federations(Permission.FOLLOW), federation_id=federation_id)

    return await _stream(request, platform, last_event_id, after, filters, caller)


@router.get("/experiments/{experiment_id}/stream", responses=STREAM_RESPONSES, response_class=EventSourceResponse)
async def stream_experiment_events(
    _user: CanFollow,
    request: Request,
    caller: CallerDep,
    experiment_id: Id,
    platform: PlatformDep,
    last_event_id: LastEventId = None,
    after: AfterQuery = None,
) -> EventSourceResponse:
    """What happens in an experiment from now on, or after an id."""

    def filters(caller: Caller) -> EventFilters:
        return EventFilters(federations=caller.federations(Permission.FOLLOW), experiment_id=experiment_id)

    return await _stream(request, platform, last_event_id, after, filters, caller)


#: What of the events a caller may see now; None: nothing any more.
FiltersOf = Callable[[Caller], EventFilters | None]


async def _stream(
    request: Request,
    platform: Platform,
    last_event_id: str | None,
    after: int | None,
    filters_of: FiltersOf,
    caller: Caller,
) -> EventSourceResponse:
    if last_event_id is not None and last_event_id.isdecimal():
        # An id that there is not yet is the browser's of another database: it would wait for ever.
        start = min(int(last_event_id), await run_in_threadpool(_latest, platform))
    elif after is not None:
        start = after
    else:
        start = await run_in_threadpool(_latest, platform)

    def look_again() -> EventFilters | None:
        """With the credential as it is now: revoked, expired, of another role."""
        try:
            return filters_of(authenticate(request, platform))
        except (NotSignedIn, WrongToken):
            return None

    events = _follow(platform, start, filters_of(caller), look_again)
    return EventSourceResponse(events, ping=SIGN_OF_LIFE_SECONDS, ping_message_factory=_sign_of_life)


def _sign_of_life() -> ServerSentEvent:
    """Without an id, so that who comes back asks after the last event."""
    return ServerSentEvent("{}", event="alive")


async def _follow(
    platform: Platform, start: int, filters: EventFilters | None, look_again: Callable[[], EventFilters | None]
) -> AsyncIterator[bytes]:
    """From the feed that all streams share, and from the database until that has all that is asked for. What came
    together goes out together. Ends once the credential lets nobody in any more; the browser then hears why when it
    asks again."""
    looked_at, feed = time.monotonic(), platform.feed
    async with feed.listen() as heard:
        while True:
            if time.monotonic() > looked_at + PING_SECONDS:
                filters, looked_at = await run_in_threadpool(look_again), time.monotonic()
            if filters is None:
                return
            heard.clear()
            reached = feed.until  # before the database is asked, which then has all up to it
            if is_live := feed.holds_all_after(start):
                sent = feed.batch(start, filters)
            else:
                batch = await run_in_threadpool(_batch, platform, start, filters)
                sent = b"".join(map(feed.encoded, batch))
                if len(batch) == BATCH:
                    reached = batch[-1].id
                elif batch:
                    reached = max(reached, batch[-1].id)
            if sent:
                yield sent
            start = max(start, reached)
            if is_live:
                await _wait(heard)


async def _wait(heard: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await heard.wait()
    except TimeoutError:
        return


def _batch(platform: Platform, after: int, filters: EventFilters) -> list[EventRecord]:
    with read_only(platform.database) as session:
        return service.list_events(session, after, BATCH, filters=filters)


def _latest(platform: Platform) -> int:
    with read_only(platform.database) as session:
        return service.last_event_id(session)
