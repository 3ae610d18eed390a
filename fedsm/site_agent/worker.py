"""The worker of a hospital's containers: asks the agent which queue to serve, then becomes `python -m worker`."""

import os
import sys
import time

from fedsm.local.home import open_home
from fedsm.site_agent.site_home import SiteHome
from fedsm.site_agent.status import status_of

WAIT_SECONDS = 60.0


def queue_of_agent(seconds: float = WAIT_SECONDS) -> str | None:
    """The queue's name, as soon as the agent says it; None where it says nothing within this time."""
    home = SiteHome(open_home())
    deadline = time.monotonic() + seconds
    while (status := status_of(home)) is None:
        if time.monotonic() > deadline:
            return None
        time.sleep(0.5)
    return str(status["queue"])


if __name__ == "__main__":
    queue = queue_of_agent()
    if queue is None:
        sys.exit("the site's agent does not answer: look into its log")
    os.environ["FEDSM_QUEUES"] = queue
    os.execv(sys.executable, [sys.executable, "-m", "worker"])
