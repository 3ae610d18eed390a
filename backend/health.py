"""For whatever watches the server: whether the process lives, and whether it can do its work."""

import asyncio
import logging
from collections.abc import Callable

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.dependencies import PlatformDep
from backend.disks import platform_disks
from backend.platform import Platform
from backend.policy import Anybody
from backend.record import Record

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/health", tags=["health"])

#: An orchestrator waits no longer.
SECONDS = 4.0


class LiveRecord(Record):
    status: str = Field(examples=["ok"])


class ReadyRecord(Record):
    """`ok`; `degraded`: it serves, but tasks wait in the database for the broker, or a disk is full; `unready`: it
    cannot serve."""

    status: str = Field(examples=["ok"])
    database: bool = Field(description="It answers.")
    broker: bool = Field(description="It answers. Without it tasks wait, and are sent later.")
    disks: bool = Field(description="None is full. On a full one no upload is taken, and runs wait.")


@router.get("/live")
async def get_live(_: Anybody) -> LiveRecord:
    """The process answers: start it again where this does not. It asks neither database nor broker."""
    return LiveRecord(status="ok")


@router.get("/ready", responses={503: {"model": ReadyRecord, "description": "It cannot serve."}})
async def get_ready(_: Anybody, platform: PlatformDep, response: Response) -> ReadyRecord:
    """What the platform needs answers within seconds. 503: send it no requests now."""
    database, broker, disks = await asyncio.gather(
        _answers(_ask_database, platform), _answers(_ask_broker, platform), _answers(_ask_disks, platform)
    )
    if not database:
        response.status_code = 503
    status = "unready" if not database else "ok" if broker and disks else "degraded"
    return ReadyRecord(status=status, database=database, broker=broker, disks=disks)


async def _answers(ask: Callable[[Platform], bool], platform: Platform) -> bool:
    try:
        return await asyncio.wait_for(run_in_threadpool(ask, platform), SECONDS)
    except TimeoutError:
        return False


def _ask_database(platform: Platform) -> bool:
    try:
        with platform.database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        logger.warning("the database does not answer: %s", type(error).__name__)
        return False
    return True


def _ask_broker(platform: Platform) -> bool:
    return platform.queue.is_connected()


def _ask_disks(platform: Platform) -> bool:
    return not any(disk.is_full for disk in platform_disks(platform.settings))
