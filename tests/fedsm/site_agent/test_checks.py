"""`fedsm site check`: each line that is not ok says the remedy, and none says whose machine it is."""

import getpass
import os
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from fedsm.site_agent import checks
from fedsm.site_agent.checks import Line
from fedsm.site_agent.network import CA_BUNDLE
from tests.fedsm.site_agent.played_hub import PlayedHub
from tests.fedsm.site_agent.played_proxy import PlayedProxy

#: Stands in each path, name and password that is given.
CANARY = "dr-berg"
HEALTH = "GET /api/v1/health"


@pytest.fixture(autouse=True)
def a_machine_with_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", CA_BUNDLE):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / CANARY / "site"
    folder.mkdir(parents=True)
    return folder


def looked(url: str, home: Path, *roots: Path) -> dict[str, Line]:
    """By what was looked at. No line may name a path, a user, a host or what this test planted."""
    lines = list(checks.check(url, home, roots))
    said = "\n".join(f"{line.what}: {line.said}" for line in lines)
    for name in (CANARY, str(home), str(home.parent), socket.gethostname(), f"{getpass.getuser()}@", os.getcwd()):
        assert name not in said, said
    return {line.what: line for line in lines}


def test_a_machine_that_is_ready(home: Path) -> None:
    with PlayedHub() as hub:
        hub.answers[HEALTH] = (200, b'{"status": "ok"}')
        lines = looked(hub.url, home, home)
    assert [what for what, line in lines.items() if line.ok is False] == []
    assert lines["data"].said == "1 folder(s) can be read"


def test_data_that_cannot_be_read_and_none(home: Path) -> None:
    url = "http://hub.invalid"
    assert "1 of 2 folders" in looked(url, home, home, home / "absent")["data"].said
    nothing = looked(url, home)["data"]
    assert (nothing.ok, nothing.said.startswith("FEDSM_DATA_ROOTS is not set")) == (False, True)


def test_an_address_without_tls_is_refused(home: Path) -> None:
    assert looked("http://hub.invalid", home)["address"].ok is False


def test_a_bundle_that_cannot_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CA_BUNDLE, str(home / "ca.pem"))
    line = looked("https://hub.invalid", home)["address"]
    assert line == Line(
        "address", False, f"{CA_BUNDLE} names a file, which holds no certificates that can be read: give a PEM file"
    )


@pytest.mark.parametrize("proxy", [f"http://{CANARY}:{CANARY}@127.0.0.1:{{port}}", f"ftp://{CANARY}@proxy"])
def test_a_proxy_that_refuses_and_one_that_is_none(home: Path, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with PlayedProxy(1, "another:password") as running:
        monkeypatch.setenv("HTTPS_PROXY", proxy.format(port=running.port))
        lines = looked("https://hub.invalid", home)
    bad = [line for line in lines.values() if line.ok is False and "HTTPS_PROXY" in line.said]
    assert len(bad) == 1


def test_a_clock_that_is_wrong(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PlayedHub() as hub:
        hub.answers[HEALTH] = (200, b'{"status": "ok"}')
        for ahead, words in ((900, "s ahead of"), (-900, "s behind")):
            wrong = SimpleNamespace(time=lambda ahead=ahead: time.time() + ahead)
            monkeypatch.setattr(checks, "time", wrong)  # not the hub's, which is in this process
            line = looked(hub.url, home)["clock"]
            assert line.ok is False
            assert words in line.said
            assert "set it by NTP" in line.said


def test_something_else_than_a_hub(home: Path) -> None:
    with PlayedHub() as hub:
        line = looked(hub.url, home)["hub"]
    assert (line.ok, "not as a hub" in line.said) == (False, True)


def test_a_disk_that_is_full(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MIN_FREE_GIB", 10**9)
    line = looked("http://hub.invalid", home)["disk"]
    assert (line.ok, "set FEDSM_HOME to a larger disk" in line.said) == (False, True)
