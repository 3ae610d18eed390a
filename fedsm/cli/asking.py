"""Questions of a hospital's commands to the hub."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fedsm.cli.options import fail

Answer = TypeVar("Answer")


def ask_hub(request: Coroutine[Any, Any, Answer]) -> Answer:
    """Ends the command where the hub is away or refuses, and where its answer is not understood."""
    from backend.link.keys import KeyProblem
    from fedsm.site_agent.hub import HubAway, HubRefused, NetworkProblem
    from fedsm.site_agent.operations import Refused
    from fedsm.site_agent.site_home import NotJoined

    try:
        return asyncio.run(request)
    except (HubAway, HubRefused, NetworkProblem, NotJoined, KeyProblem, Refused) as error:
        fail(str(error))
