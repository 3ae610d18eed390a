"""What the benchmark of a hospital's link counts, and that a revoked site is refused at a real hub.

Its watch of an idle site takes as long as a long poll, and is no test.
"""

import tempfile
from pathlib import Path

import httpx

from benchmarks import site_link
from tests.backend.conftest import DISC
from tests.ports import held_port


def test_a_relay_counts_requests_and_bytes_and_a_revoked_site_is_refused() -> None:
    # The sockets of Valkey need a short path.
    with (
        tempfile.TemporaryDirectory(prefix="fedsm-link-", dir="/tmp") as name,
        site_link.hub(Path(name)) as (backend, url),
    ):
        relay = site_link.Relay(held_port(), httpx.URL(backend.url).port or 0)
        with site_link.in_background(relay.serve()):
            address = f"http://{site_link.LOOPBACK}:{relay.listen}/api/v1/health"
            with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as client:
                answers = [client.get(address, headers={"x-filling": "f" * 1000}) for _ in range(3)]
        assert relay.requests == 3
        assert 3000 < relay.sent < 6000
        assert relay.received > sum(len(answer.content) for answer in answers)

        backend.post("/federations", {"name": "Hospitals", "task": DISC})
        refused = site_link.revoke_one(backend, url, "one")
        assert 0 <= refused.next_request < 10
        assert 0 <= refused.waiting_poll < 10
