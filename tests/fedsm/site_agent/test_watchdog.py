"""An agent whose loop stands still, or that hears nothing of the hub, ends itself, so that its supervisor starts it
again; one that moves and hears goes on."""

import subprocess
import sys

import pytest

from fedsm.site_agent.process import EXIT_DEAF

SCRIPT = """
import sys, time
from types import SimpleNamespace
from fedsm.site_agent import process
process.DEAF_SECONDS, process.UNHEARD_SECONDS, process.WATCH_SECONDS = 0.3, 0.6, 0.02
loop, hub = SimpleNamespace(moved_at=time.monotonic()), SimpleNamespace(heard_at=time.monotonic())
process._watch(loop, hub, 0.1)
end = time.monotonic() + 1.5
while time.monotonic() < end:
    time.sleep(0.02)
    if "moves" in sys.argv[1]:
        loop.moved_at = time.monotonic()
    if "hears" in sys.argv[1]:
        hub.heard_at = time.monotonic()
"""


@pytest.mark.parametrize(
    ("agent", "why"), [("hears", "has not moved"), ("moves", "was not heard"), ("moves and hears", None)]
)
def test_only_an_agent_that_stands_still_or_hears_nothing_is_ended(agent: str, why: str | None) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, agent], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == (0 if why is None else EXIT_DEAF), done.stderr
    assert (why or "") in done.stderr
    assert ("the agent starts again" in done.stderr) == (why is not None)
