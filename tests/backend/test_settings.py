"""Settings: loopback is easy, an open port needs secrets."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from backend.settings import Settings, is_loopback, load_settings
from tests.conftest import wait_until
from tests.ports import held_port

LONG = "x" * 24


@pytest.mark.parametrize(
    ("admin", "worker", "named"),
    [("", LONG, "FEDSM_ADMIN_TOKEN"), (LONG, "short", "FEDSM_WORKER_TOKEN"), (LONG, LONG, "are the same")],
)
def test_open_port_needs_long_and_different_tokens(
    monkeypatch: pytest.MonkeyPatch, admin: str, worker: str, named: str
) -> None:
    monkeypatch.setenv("FEDSM_HOST", "0.0.0.0")
    monkeypatch.setenv("FEDSM_ADMIN_TOKEN", admin)
    monkeypatch.setenv("FEDSM_WORKER_TOKEN", worker)
    with pytest.raises(ValidationError, match=named):
        Settings()


def test_refusal_names_the_setting_and_hides_the_secret(tmp_path: Path) -> None:
    environment = {"FEDSM_HOME": str(tmp_path), "FEDSM_HOST": "0.0.0.0", "FEDSM_ADMIN_TOKEN": "my-secret"}
    result = subprocess.run([sys.executable, "-m", "backend"], env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == (
        "The backend does not start:\n  FEDSM_ADMIN_TOKEN must have at least 24 characters when the backend listens on "
        "0.0.0.0: set a random one, or set FEDSM_HOST=127.0.0.1\n"
    )


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDSM_ADMIN_TOKEN", "very-secret-admin-token")
    assert "very-secret" not in repr(Settings())


def test_loopback_tokens_are_made_once_and_kept_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDSM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FEDSM_ADMIN_TOKEN", raising=False)
    monkeypatch.delenv("FEDSM_WORKER_TOKEN", raising=False)
    first, second = load_settings(), load_settings()
    assert len(first.admin_token.get_secret_value()) >= 24
    assert first.admin_token == second.admin_token != first.worker_token
    assert stat.S_IMODE((tmp_path / "home" / "admin-token").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.b", False)]
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_database_urls(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).effective_database_url == f"sqlite:///{tmp_path}/fedsm.sqlite3"
    settings = Settings(database_url="postgresql://u@h/d")
    assert settings.effective_database_url == "postgresql+psycopg://u@h/d"


@pytest.mark.speed
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads processor time and memory from Linux's /proc")
def test_backend_starts_in_three_seconds_of_processor_time_and_stays_small(tmp_path: Path) -> None:
    """Processor time grows, too, where the machine's cores are shared."""
    port = held_port()
    environment = {"FEDSM_HOME": str(tmp_path), "FEDSM_PORT": str(port)}
    with subprocess.Popen([sys.executable, "-m", "backend"], env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _answers(port), 60, "the backend to answer")
            proc = Path(f"/proc/{process.pid}")
            user_ticks, system_ticks = (proc / "stat").read_text().rpartition(")")[2].split()[11:13]
            assert (int(user_ticks) + int(system_ticks)) / os.sysconf("SC_CLK_TCK") < 3
            assert int((proc / "status").read_text().split("VmRSS:")[1].split()[0]) < 250 * 1024  # kB
            loaded = (proc / "maps").read_text()
            assert "torch" not in loaded
            assert "numpy" not in loaded
            assert "PIL" not in loaded, "pictures and PDF are of reports, for which no start waits"
        finally:
            process.terminate()
            process.wait(10)
    assert (tmp_path / "fedsm.sqlite3").exists()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/health").is_success
    except httpx.TransportError:
        return False
