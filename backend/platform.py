"""What a running backend is made of."""

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backend.artifacts.opening import open_store
from backend.artifacts.store import ArtifactStore
from backend.db.audit_chain import WORK_KINDS
from backend.db.session import Committed, Database, open_database, unit_of_work
from backend.events import service as events
from backend.events.feed import Feed
from backend.link.keys import SigningKey
from backend.looks import Looks
from backend.queue import QueueUnavailable, TaskQueue
from backend.rates import Rates
from backend.settings import Settings
from backend.shared_look import SharedLook
from backend.sites.enrolment.identity import Nonces

if TYPE_CHECKING:
    from backend.identity_provider import Provider

logger = logging.getLogger(__name__)

SERVER_KEY_FILE = "server-key"


@dataclass(frozen=True)
class Platform:
    """Settings, database, queue, artifacts and bells of one backend process."""

    settings: Settings
    database: Database
    queue: TaskQueue
    artifacts: ArtifactStore
    #: Rings for each event.
    bell: events.Bell
    #: Rings for what a site that polls may want to know.
    site_bell: events.Bell
    #: The latest events, for all streams.
    feed: Feed
    #: Signs what the hub says to hospitals.
    server_key: SigningKey
    nonces: Nonces
    #: Set where something was let go: the storage loop sweeps before long.
    sweep_wanted: threading.Event = field(default_factory=threading.Event)
    #: Who holds what on the disk.
    looks: Looks[Any] = field(default_factory=Looks)
    #: What the hospitals that wait may want to know.
    site_news: SharedLook[Any] = field(default_factory=SharedLook)
    rates: Rates = field(default_factory=Rates)
    #: Of single sign-on, where there is one.
    provider: "Provider | None" = None

    def close(self) -> None:
        self.queue.close()
        self.database.engine.dispose()


def open_platform(settings: Settings) -> Platform:
    queue = TaskQueue(settings.redis_url)
    bell, site_bell = events.Bell(), events.Bell()

    def after_commit(committed: Committed) -> None:
        if committed.event_kinds:
            bell.ring()
        if committed.concerns_sites or committed.event_kinds.difference(WORK_KINDS):
            site_bell.ring()
        was_connected = queue.connected
        try:
            queue.send(committed.messages)
        except QueueUnavailable as error:
            logger.warning("the broker cannot be reached: %s", error)
            if was_connected:
                announce_broker(database, connected=False)

    database = open_database(settings.effective_database_url, after_commit)
    key = open_server_key(settings)
    store = open_store(settings, key.public.fingerprint)
    provider = _provider(settings) if settings.oidc_issuer else None
    feed, nonces = Feed(database, bell), Nonces(time.time())
    return Platform(settings, database, queue, store, bell, site_bell, feed, key, nonces, provider=provider)


def _provider(settings: Settings) -> "Provider":
    from backend.identity_provider import Provider  # with its libraries, which others need not wait for

    return Provider(settings)


def open_server_key(settings: Settings) -> SigningKey:
    """Made at the first start. Hospitals know the hub by it, so it belongs into the backup."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return SigningKey.load_or_make(settings.home / SERVER_KEY_FILE)


def announce_broker(database: Database, connected: bool) -> None:
    """A readable event when the broker goes or comes."""
    with unit_of_work(database) as session:
        if connected:
            events.record(session, "log", "The message broker can be reached again.", events.BACKEND)
        else:
            message = "The message broker cannot be reached: tasks wait in the database and are sent again later."
            events.record(session, "log", message, events.BACKEND, level="warning")
