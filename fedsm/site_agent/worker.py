"""The worker of a hospital's containers: asks the agent for its queue and GPUs, then becomes `python -m worker`."""

import os
import sys
import time

from fedsm.local.home import open_home
from fedsm.site_agent.site_home import SiteHome
from fedsm.site_agent.status import status_of

WAIT_SECONDS = 60.0


def what_agent_says(seconds: float = WAIT_SECONDS) -> dict[str, str] | None:
    """The variables of the worker, as soon as the agent answers; None where it says nothing within this time."""
    home = SiteHome(open_home())
    deadline = time.monotonic() + seconds
    while (status := status_of(home)) is None:
        if time.monotonic() > deadline:
            return None
        time.sleep(0.5)
    return {"FEDSM_QUEUES": str(status["queue"]), **status["gpus"]}


if __name__ == "__main__":
    variables = what_agent_says()
    if variables is None:
        sys.exit("the site's agent does not answer: look into its log")
    os.environ |= variables
    os.execv(sys.executable, [sys.executable, "-m", "worker"])
