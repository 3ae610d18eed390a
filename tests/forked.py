"""The `fedsm` command in a fork of this process, which has imported what the command would import for a second.

It has arguments, environment, streams and exit code of its own, as any process. The tests of the wheel and of the
supervisor start the command as users do.

Threads of this process are not in the fork, and what they hold stays held. The fork needs none of it:
- Python makes its own locks anew (imports, logging, the interpreter), as glibc does those of its memory and OpenBLAS
  its threads. The fork has streams of its own, so that a lock of pytest's does not matter.
- OpenMP would wait for ever for the threads that this process computed with (`tests/test_forked.py`): torch computes
  with one thread in the fork, which waits for nobody.
- The threads that tests leave here wait for input of a process, or for an event. None is in the middle of TLS.
"""

import io
import os
import select
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Mapping

from fedsm.cli.app import app


def fedsm_in_fork(
    arguments: tuple[str, ...], environment: Mapping[str, str], seconds: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Raises subprocess.TimeoutExpired, as subprocess.run does."""
    command = ["fedsm", *arguments]
    ends, held = os.pipe()  # the fork alone holds the writing end, so that reading ends with it
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # Python 3.12: threads, see above
            pid = os.fork()
        if pid == 0:
            os.close(ends)
            _become(command, environment, out.fileno(), err.fileno())
        os.close(held)
        is_over = bool(select.select([ends], [], [], seconds)[0])
        os.close(ends)
        if not is_over:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if not is_over:
            raise subprocess.TimeoutExpired(command, seconds)
        code = os.waitstatus_to_exitcode(status)
        return subprocess.CompletedProcess(command, code, _text(out.fileno()), _text(err.fileno()))


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, encoding="utf-8", closefd=False) as file:
        return file.read()


def _become(command: list[str], environment: Mapping[str, str], out: int, err: int) -> None:
    """Never returns: what belongs to pytest in this process ends with it, and is not ended by it."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for descriptor, stream in ((nowhere, 0), (out, 1), (err, 2)):
            os.dup2(descriptor, stream)
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", write_through=True)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = command
        compute_alone()
        code = _run()
    except Exception:  # noqa: BLE001 (a process says at its end what nobody caught)
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def compute_alone() -> None:
    """Without the threads that the process before the fork had."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)


def _run() -> int:
    """What Python would exit with."""
    try:
        app()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            return 1
        return ended.code or 0
    return 0
