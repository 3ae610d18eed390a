import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fedsm.local.home import MAX_SOCKET_PATH, AlreadyRunning, Home, PortTaken, Running, choose_port

HOLD_LOCK = """
import sys, time
from pathlib import Path
from fedsm.local.home import Home
with Home(Path(sys.argv[1])).exclusive():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_token_is_made_once_and_is_private(tmp_path: Path) -> None:
    home = Home(tmp_path)
    token = home.token("admin-token")
    assert len(token) >= 32
    assert home.token("admin-token") == token
    assert stat.S_IMODE((tmp_path / "admin-token").stat().st_mode) == 0o600


def test_a_second_start_learns_of_the_first(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.exclusive():
        home.write_running(Running(os.getpid(), "http://127.0.0.1:8000"))
        with pytest.raises(AlreadyRunning) as caught, Home(tmp_path).exclusive():
            pytest.fail("two held the same folder")
        assert caught.value.running == Running(os.getpid(), "http://127.0.0.1:8000")
    assert home.running() is None


def test_a_killed_holder_leaves_the_folder_free(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD_LOCK, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(AlreadyRunning), Home(tmp_path).exclusive():
        pytest.fail("two held the same folder")
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with Home(tmp_path).exclusive():
        assert Home(tmp_path).running() is None


def test_a_short_path_keeps_the_socket_in_the_folder() -> None:
    assert Home(Path("/srv/fedsm")).broker_socket() == Path("/srv/fedsm/broker/valkey.sock")


def test_a_long_path_gets_a_socket_that_the_system_accepts(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long-" * 30))
    path = home.broker_socket()
    assert len(os.fsencode(path)) <= MAX_SOCKET_PATH
    assert path == home.broker_socket()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.parent.rmdir()


def test_a_taken_port_is_told_with_the_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {taken} on 127.0.0.1 is taken .* --port"):
            choose_port("127.0.0.1", taken)


def test_without_a_wish_the_next_free_port_is_taken() -> None:
    first = choose_port("127.0.0.1", None)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # where a connection to it has just ended
        other.bind(("127.0.0.1", first))
        other.listen()
        assert choose_port("127.0.0.1", None) != first
