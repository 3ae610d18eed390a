"""The agent's process: gateway, poll and watchdog, until SIGTERM."""

import asyncio
import contextlib
import logging
import os
import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.contracts.log_lines import set_up_logging
from fedsm.local.home import open_home
from fedsm.site_agent.approval_page import ApprovalPage
from fedsm.site_agent.approvals import Desk
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.consents import Consents
from fedsm.site_agent.gateway import Gateway
from fedsm.site_agent.hub import Hub
from fedsm.site_agent.polling import LocalQueue, Poller
from fedsm.site_agent.session import Session
from fedsm.site_agent.settings import AgentSettings
from fedsm.site_agent.site_home import NotJoined, SiteHome
from fedsm.site_agent.transfers import Transfers
from fedsm.site_agent.under_way import UnderWay
from worker.process.hardware import describe_hardware

logger = logging.getLogger(__name__)

#: A loop that has not moved for this time after its poll hears nothing any more: the process ends, to be started again.
DEAF_SECONDS = 120.0
#: So does an agent that asks, but heard nothing of the hub's own for this time: it reads names of hosts, certificates
#: and proxies anew. It is long because a restart mends no outage.
UNHEARD_SECONDS = 900.0
#: How often that is looked at.
WATCH_SECONDS = 5.0
EXIT_DEAF = 75


def main() -> int:
    """The exit status: 0 after SIGTERM."""
    set_up_logging("agent", "%(asctime)s %(levelname)-7s %(message)s")
    for chatty in ("httpx", "httpcore", "celery", "kombu"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings = AgentSettings()
    home = SiteHome(open_home())
    try:
        asyncio.run(serve(home, settings))
    except NotJoined as error:
        print(f"fedsm: {error}", file=sys.stderr)  # noqa: T201 (the agent's last word)
        return 1
    return 0


async def serve(home: SiteHome, settings: AgentSettings) -> None:
    """Until the server is asked to stop. Raises NotJoined, KeyProblem, NetworkProblem."""
    membership = home.membership()
    audit = Audit(home.audit_file)
    async with Hub(membership.url, home.key(), membership.server) as hub:
        session = Session(hub, membership, UnderWay(home.under_way_file))
        consents = Consents(home)
        desk = Desk(hub, consents, audit, membership.federation)
        loopback = socket.create_server(("127.0.0.1", settings.approval_port))
        page = ApprovalPage(hub, membership, consents, audit, loopback.getsockname()[1])
        transfers = Transfers(session, home.spool)
        gateway = Gateway(session, audit, transfers, home.policy_file, consents, page.new_link)
        queue = LocalQueue(settings.redis_url, membership.queue)
        poller = Poller(session, home, queue, audit, desk, describe_hardware(), settings.poll_seconds)
        config = uvicorn.Config(
            by_socket(gateway.app(), page.app()),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        _watch(poller, hub, settings.poll_seconds)
        audit.write("started", site=membership.slug)
        logger.info("site %s of %s: the hub is %s", membership.slug, membership.federation, membership.url)
        key_before = _made_at(home.key_file)

        def on_ended() -> None:
            """A new key may lie in the folder: then the agent starts again with it. None lies there after the site
            left: then a start says that."""
            if _made_at(home.key_file) != key_before:
                server.should_exit = True

        polling = asyncio.create_task(poller.run(on_ended))
        polling.add_done_callback(lambda _: setattr(server, "should_exit", True))
        await server.serve(sockets=[_listener(home), loopback])
        polling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await polling
        audit.write("stopped")


def _made_at(key_file: Path) -> int | None:
    return key_file.stat().st_mtime_ns if key_file.exists() else None


def by_socket(workers: ASGIApp, people: ASGIApp) -> ASGIApp:
    """Workers come by the unix socket alone, which has no port; people's browsers by the loopback, and reach nothing of
    what workers may ask."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        server = scope.get("server")
        is_worker = server is not None and server[1] is None
        await (workers if is_worker else people)(scope, receive, send)

    return app


def _listener(home: SiteHome) -> socket.socket:
    """A unix socket that only this user opens."""
    path = home.socket()
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    return listener


def _watch(poller: Poller, hub: Hub, poll_seconds: float) -> None:
    def watch() -> None:
        while True:
            time.sleep(WATCH_SECONDS)
            still, silent = time.monotonic() - poller.moved_at, time.monotonic() - hub.heard_at
            if still > poll_seconds + DEAF_SECONDS:
                logger.error("the loop has not moved for %.0f s: the agent starts again", still)
                os._exit(EXIT_DEAF)
            if silent > poll_seconds + UNHEARD_SECONDS:
                logger.error("the hub was not heard for %.0f s: the agent starts again", silent)
                os._exit(EXIT_DEAF)

    threading.Thread(target=watch, name="watchdog", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
