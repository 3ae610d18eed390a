"""An agent whose loop stands still ends itself, so that its supervisor starts it again; one that moves goes on."""

import subprocess
import sys

import pytest

from fedsm.site_agent.process import EXIT_DEAF

SCRIPT = """
import sys, time
from types import SimpleNamespace
from fedsm.site_agent import process
process.DEAF_SECONDS, process.WATCH_SECONDS = 0.3, 0.02
loop = SimpleNamespace(moved_at=time.monotonic())
process._watch(loop, 0.1)
end = time.monotonic() + 1.5
while time.monotonic() < end:
    time.sleep(0.02)
    if sys.argv[1] == "moves":
        loop.moved_at = time.monotonic()
"""


@pytest.mark.parametrize(("loop", "status"), [("stands", EXIT_DEAF), ("moves", 0)])
def test_only_a_loop_that_stands_still_ends_the_agent(loop: str, status: int) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, loop], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    assert ("the agent starts again" in done.stderr) == (status == EXIT_DEAF)
