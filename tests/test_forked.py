"""A fork of a process that has computed with threads computes too."""

import os
import signal

import torch

from tests.conftest import wait_until
from tests.forked import compute_alone


def test_a_fork_waits_for_no_thread_of_the_process_that_it_was() -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        numbers = torch.ones(2_000_000)
        assert float((numbers + 1).sum()) == 4_000_000, "OpenMP has its threads now"
        pid = os.fork()
        if pid == 0:
            compute_alone()
            os._exit(0 if float((numbers + 1).sum()) == 4_000_000 else 1)
    finally:
        torch.set_num_threads(threads)
    status: list[int] = []

    def has_ended() -> bool:
        done, code = os.waitpid(pid, os.WNOHANG)
        status.append(code)
        return done == pid

    try:
        wait_until(has_ended, 30, "the fork to compute")
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    assert os.waitstatus_to_exitcode(status[-1]) == 0
