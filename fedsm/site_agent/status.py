"""What the agent says of itself, over its socket; `python -m fedsm.site_agent.status` exits 0 where it answers."""

import json
import sys
from typing import Any

import httpx

from fedsm.local.home import open_home
from fedsm.site_agent.site_home import SiteHome


def status_of(home: SiteHome) -> dict[str, Any] | None:
    """What the agent says of itself; None where it does not run."""
    return _asked(home, "GET", "/status")


def approval_link(home: SiteHome) -> str | None:
    """An address of the approval page that opens once; None where the agent does not run."""
    found = _asked(home, "POST", "/approval-link")
    return None if found is None else str(found["link"])


def _asked(home: SiteHome, method: str, path: str) -> dict[str, Any] | None:
    transport = httpx.HTTPTransport(uds=str(home.socket()))
    try:
        with httpx.Client(transport=transport, base_url="http://site-agent", timeout=5.0) as client:
            found: dict[str, Any] = json.loads(client.request(method, path).content)
            return found
    except (httpx.HTTPError, OSError, ValueError):
        return None


if __name__ == "__main__":
    sys.exit(0 if status_of(SiteHome(open_home())) is not None else "the agent does not answer")
