"""A program that runs for months fills no disk with its log."""

import re
import sys
import threading
from pathlib import Path

import pytest

from fedsm.local import supervisor
from fedsm.local.supervisor import Program, Supervisor
from tests.conftest import wait_until

CHATTER = "import time\nfor number in range(10**6):\n    print(f'line {number:09}', flush=True); time.sleep(0.0002)"


def test_a_log_rolls_while_its_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "MAX_LOG_BYTES", 2000)
    log, old = tmp_path / "chatter.log", tmp_path / "chatter.old.log"
    program = Program("chatter", (sys.executable, "-c", CHATTER), {}, log, is_ready=lambda: log.exists())
    watched = Supervisor((program,), say=lambda line: None)
    watched.start()
    thread = threading.Thread(target=watched.watch, daemon=True)
    thread.start()
    try:
        wait_until(old.exists, 20, "the log to roll")
        wait_until(lambda: log.stat().st_size > 0, 20, "the program to go on writing")
        assert b"\x00" not in log.read_bytes(), "the file begins anew, without a hole"
        assert re.match(rb"line \d{9}\n", old.read_bytes()), "so does what was written before"
    finally:
        watched.stopping.set()
        thread.join(10)
        watched.stop()
