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
process.DEAF_SECONDS, process.UNHEARD_SECONDS, process.WATCH_SECONDS = 3.0, 6.0, 0.02
clock = SimpleNamespace(now=1000.0)  # stands still while this process does, on a machine that does much else
process.time = SimpleNamespace(monotonic=lambda: clock.now, sleep=time.sleep)
loop, hub = SimpleNamespace(moved_at=clock.now), SimpleNamespace(heard_at=clock.now)
process._watch(loop, hub, 1.0)
for _ in range(60 if sys.argv[1] == "moves and hears" else 3000):
    time.sleep(0.02)
    clock.now += 0.2
    if "moves" in sys.argv[1]:
        loop.moved_at = clock.now
    if "hears" in sys.argv[1]:
        hub.heard_at = clock.now
"""


@pytest.mark.parametrize(
    ("agent", "why"), [("hears", "has not moved"), ("moves", "was not heard"), ("moves and hears", None)]
)
def test_only_an_agent_that_stands_still_or_hears_nothing_is_ended(agent: str, why: str | None) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, agent], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == (0 if why is None else EXIT_DEAF), done.stderr
    assert (why or "") in done.stderr
    assert ("the agent starts again" in done.stderr) == (why is not None)
