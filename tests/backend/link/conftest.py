"""Fixtures of the backend's tests, and a federation of two hospitals that joined."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.backend.conftest import DISC
from tests.backend.link.played_site import PlayedSite, with_data
from tests.backend.live_backend import LiveBackend


@pytest.fixture
def hospitals(backend: LiveBackend, broker: redis.Redis) -> dict[str, Any]:
    """A federation of the real sites north and south, which joined, each with a data set."""
    made: dict[str, Any] = backend.post("/federations", {"name": "Hospitals", "task": DISC})
    return made


@pytest.fixture
def sites(backend: LiveBackend, broker: redis.Redis, hospitals: dict[str, Any]) -> Iterator[dict[str, PlayedSite]]:
    played = with_data(backend, broker, hospitals)
    yield played
    for site in played.values():
        site.client.close()
