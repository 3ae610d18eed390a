"""The secrets of an installation in containers: made once, private, apart; and settings that are read from files."""

import logging
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from backend.contracts.file_settings import SettingFileProblem
from backend.first_secrets import SECRETS, make_secrets
from backend.settings import Settings, load_settings
from backend.sign_in_address import say_where
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend
from tests.backend.people import make_person
from worker.process.settings import WorkerSettings


def everything_in(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_secrets_are_made_once_private_and_all_different(tmp_path: Path) -> None:
    assert make_secrets(tmp_path, {}) == list(SECRETS)
    first = everything_in(tmp_path)
    assert set(first) == {*SECRETS, "database/url", "broker/url"}
    values = [first[name] for name in SECRETS]
    assert len(set(values)) == len(SECRETS)
    assert all(len(value) >= 24 for value in values)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in first} == {0o600}
    assert make_secrets(tmp_path, {}) == []
    assert everything_in(tmp_path) == first


def test_what_the_environment_gives_holds_and_is_kept(tmp_path: Path) -> None:
    """An installation that has an .env goes on with it, and without it too."""
    given = {variable: f"given-{number}-of-an-older-installation" for number, variable in enumerate(SECRETS.values())}
    given["POSTGRES_PASSWORD"] = "p@ss/word:with signs"
    make_secrets(tmp_path, {})
    make_secrets(tmp_path, given)
    kept = everything_in(tmp_path)
    assert {name: kept[name] for name in SECRETS} == {name: given[variable] for name, variable in SECRETS.items()}
    assert kept["database/url"] == "postgresql://fedsm:p%40ss%2Fword%3Awith%20signs@postgres:5432/fedsm"
    assert make_secrets(tmp_path, dict.fromkeys(SECRETS.values(), "")) == []
    assert everything_in(tmp_path) == kept


def test_the_command_says_names_and_no_value(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "backend.first_secrets", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}).stdout
    assert said == "made database/password, broker/password, admin/token, worker/token\n"


def test_settings_are_read_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_secrets(tmp_path, {})
    monkeypatch.setenv("FEDSM_HOST", "0.0.0.0")
    monkeypatch.setenv("FEDSM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FEDSM_ADMIN_TOKEN", "")  # as compose passes what is not set
    monkeypatch.setenv("FEDSM_ADMIN_TOKEN_FILE", str(tmp_path / "admin/token"))
    monkeypatch.setenv("FEDSM_WORKER_TOKEN_FILE", str(tmp_path / "worker/token"))
    monkeypatch.setenv("FEDSM_DATABASE_URL_FILE", str(tmp_path / "database/url"))
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "broker/url"))
    settings = load_settings()
    assert settings.admin_token.get_secret_value() == (tmp_path / "admin/token").read_text()
    assert settings.database_url == (tmp_path / "database/url").read_text()
    worker = WorkerSettings()
    assert worker.token == (tmp_path / "worker/token").read_text()
    assert worker.redis_url == settings.redis_url == (tmp_path / "broker/url").read_text()


@pytest.mark.parametrize(
    ("text", "also", "said"),
    [
        (None, "", r"FEDSM_ADMIN_TOKEN_FILE names .*token, which cannot be read \(No such file or directory\)"),
        ("", "", r"FEDSM_ADMIN_TOKEN_FILE names .*token, which is empty: write the value into it"),
        ("secret", "other", r"FEDSM_ADMIN_TOKEN and FEDSM_ADMIN_TOKEN_FILE are both set.*remove one"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, also: str, said: str
) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("FEDSM_ADMIN_TOKEN_FILE", str(file))
    monkeypatch.setenv("FEDSM_ADMIN_TOKEN", also)
    with pytest.raises(SettingFileProblem, match=said) as problem:
        Settings()
    assert "secret" not in str(problem.value)


def test_the_address_to_sign_in_holds_the_token_until_an_administrator_has_an_account(
    backend: LiveBackend, caplog: pytest.LogCaptureFixture
) -> None:
    settings = backend.settings.model_copy(update={"public_url": "https://hub.example.org/fedsm"})
    caplog.set_level(logging.INFO)
    say_where(settings)
    assert f"https://hub.example.org/fedsm/?token={ADMIN_TOKEN}" in caplog.text
    caplog.clear()
    make_person(backend, "head", None)
    say_where(settings)
    assert caplog.messages[-1] == "Sign in at https://hub.example.org/fedsm"
    assert ADMIN_TOKEN not in caplog.text
