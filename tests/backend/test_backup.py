"""Backups: what is restored is what was saved, on both databases and from one to the other; damage is refused."""

import io
import re
import tarfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from alembic import command
from sqlalchemy import select, text
from typer.testing import CliRunner

from backend.backup.archive import MANIFEST, SEAL, BackupProblem
from backend.backup.read import read_backup
from backend.backup.restore import restore_backup
from backend.backup.tables import tables_of
from backend.backup.write import write_backup
from backend.db.migrate import migrate, migration_config
from backend.db.session import create_engine_for
from backend.settings import Settings
from fedsm.cli.app import app
from tests.backend.conftest import DISC
from tests.backend.live_backend import ADMIN_TOKEN, WORKER_TOKEN, LiveBackend

pytestmark = pytest.mark.every_database


def saved(settings: Settings) -> bytes:
    target = io.BytesIO()
    write_backup(settings, target)
    return target.getvalue()


def restore(settings: Settings, archive: bytes) -> None:
    restore_backup(settings, io.BytesIO(archive))


def empty(folder: Path, database_url: str = "") -> Settings:
    return Settings(home=folder, database_url=database_url, admin_token=ADMIN_TOKEN, worker_token=WORKER_TOKEN)


def rows_of(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Of every table but the one that a running platform writes its time into, in some order."""
    engine = create_engine_for(settings.effective_database_url)
    with engine.connect() as connection:
        rows = {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in tables_of(connection)
            if table.name != "moment"
        }
    engine.dispose()
    return rows


def artifacts_of(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in settings.artifacts_folder.glob("??/*")}


@pytest.fixture
def archive(backend: LiveBackend, completed_run: str) -> bytes:
    """Of an installation with a finished run, made while it runs."""
    return saved(backend.settings)


def database_like(settings: Settings, name: str) -> str:
    """An empty database next to that of the settings; on SQLite the one of the state folder."""
    if not settings.database_url:
        return ""
    server, _, _ = settings.effective_database_url.rpartition("/")
    engine = create_engine_for(settings.effective_database_url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return f"{server}/{name}"


@pytest.fixture
def target(backend: LiveBackend, tmp_path: Path) -> Settings:
    """An empty installation on the same kind of database."""
    return empty(tmp_path / "other", database_like(backend.settings, f"restored_{uuid4().hex[:8]}"))


def test_what_is_restored_is_what_was_saved_and_goes_on(
    backend: LiveBackend, completed_run: str, archive: bytes, target: Settings, valkey_url: str
) -> None:
    cases = backend.get(f"/runs/{completed_run}/cases")
    assert len(artifacts_of(backend.settings)) > 5
    restore(target, archive)
    assert rows_of(target) == rows_of(backend.settings)
    assert artifacts_of(target) == artifacts_of(backend.settings)
    key = target.home / "server-key"
    assert key.read_bytes() == (backend.settings.home / "server-key").read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    assert not list(target.artifacts_folder.glob(".restore*"))
    again = LiveBackend(target.home, target.database_url, valkey_url)
    try:
        assert again.get(f"/runs/{completed_run}/cases") == cases
        before = max(event["id"] for event in again.get("/events"))
        again.post("/federations", {"name": "New", "task": DISC})
        assert max(event["id"] for event in again.get("/events")) > before, "numbers go on after the restored ones"
    finally:
        again.stop()


def test_a_backup_of_one_database_goes_into_the_other(
    backend: LiveBackend, archive: bytes, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    other = "" if backend.settings.database_url else str(request.getfixturevalue("postgres_url"))
    target = empty(tmp_path / "other", other)
    restore(target, archive)
    assert rows_of(target) == rows_of(backend.settings)


def test_an_older_schema_is_restored_and_brought_to_the_present_one(tmp_path: Path, target: Settings) -> None:
    old = empty(tmp_path / "old")
    command.upgrade(migration_config(old.effective_database_url if old.home.mkdir() is None else ""), "0001")
    engine = create_engine_for(old.effective_database_url)
    with engine.begin() as connection:
        values = "'f', 'Eyes', '', '{\"modality\": \"x\"}', '2026-01-02 03:04:05'"
        connection.execute(text(f"INSERT INTO federation (id, name, description, task, created_at) VALUES ({values})"))
    engine.dispose()
    restore(target, saved(old))
    migrate(old.effective_database_url)
    assert rows_of(target) == rows_of(old)
    assert len(rows_of(target)["federation"]) == 1


def test_nothing_is_overwritten(backend: LiveBackend, archive: bytes, target: Settings) -> None:
    with pytest.raises(BackupProblem, match=r"the database holds data already \(table \w+\)"):
        restore(backend.settings, archive)
    stray = target.artifacts_folder / "ab" / "abc"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    with pytest.raises(BackupProblem, match="holds files already"):
        restore(target, archive)
    stray.unlink()
    (target.home / "server-key").write_text("another hub's")
    with pytest.raises(BackupProblem, match="has server-key of its own"):
        restore(target, archive)
    assert (target.home / "server-key").read_text() == "another hub's"
    assert artifacts_of(target) == {}


def changed(archive: bytes, name: str, content: bytes | None) -> bytes:
    """The archive with one member's bytes replaced, or without it."""
    target = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=target, mode="w") as new:
        for info in old.getmembers():
            file = old.extractfile(info)
            assert file is not None
            kept = file.read()
            if info.name == name:
                if content is None:
                    continue
                kept = content
            info.size = len(kept)
            new.addfile(info, io.BytesIO(kept))
    return target.getvalue()


def names_in(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getnames()


def test_a_damaged_backup_is_refused_and_leaves_nothing(archive: bytes, target: Settings) -> None:
    names = names_in(archive)
    artifact = next(name for name in names if name.startswith("artifacts/"))
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        manifest = tar.extractfile(MANIFEST)
        assert manifest is not None
        listed = manifest.read()
    damage = {
        f"{artifact} is not what was saved": changed(archive, artifact, b"other"),
        "database/run.jsonl.gz is not what was saved": changed(archive, "database/run.jsonl.gz", b"other"),
        "secrets/server-key is not what was saved": changed(archive, "secrets/server-key", b"other"),
        f"it ends before its end, from {artifact} on": changed(archive, artifact, None),
        "it ends before its end": archive[: len(archive) // 2],
        "its list of contents was changed": changed(
            archive, MANIFEST, listed.replace(b"product", b"product", 1) + b" "
        ),
        "which its list does not name": _with_another(archive),
    }
    assert names[0] == MANIFEST
    assert names[-1] == SEAL
    for words, content in damage.items():
        with pytest.raises(BackupProblem, match=f"the backup is damaged: .*{words}"):
            restore(target, content)
        with pytest.raises(BackupProblem, match=words):
            read_backup(io.BytesIO(content), None)
        assert sorted(path.name for path in target.home.iterdir()) in (["artifacts"], ["artifacts", "fedsm.sqlite3"])
        assert list(target.artifacts_folder.iterdir()) == []


def _with_another(archive: bytes) -> bytes:
    """A member that leads out of the folder, before the last one."""
    target = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=target, mode="w") as new:
        for info in old.getmembers():
            if info.name == SEAL:
                new.addfile(tarfile.TarInfo("../outside"), io.BytesIO(b""))
            new.addfile(info, old.extractfile(info))
    return target.getvalue()


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\0" * 10240])
def test_what_is_no_backup_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(BackupProblem, match="this is no backup of FedSM Studio"):
        restore(empty(tmp_path / "home"), content)


def test_a_foreign_archive_and_a_newer_one_are_refused(archive: bytes, target: Settings) -> None:
    foreign = io.BytesIO()
    with tarfile.open(fileobj=foreign, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("photos/1.png"), io.BytesIO(b""))
    with pytest.raises(BackupProblem, match="this is no backup"):
        restore(target, foreign.getvalue())
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        manifest = tar.extractfile(MANIFEST)
        assert manifest is not None
        listed = manifest.read()
    newer = changed(archive, MANIFEST, listed.replace(b'"revision":', b'"revision": "9999", "x":', 1))
    with pytest.raises(BackupProblem, match="this is no backup"):  # a field that nobody knows
        restore(target, newer)
    newer = changed(archive, MANIFEST, re.sub(rb'"revision": *"\d+"', b'"revision": "9999"', listed))
    with pytest.raises(BackupProblem, match=r"database \(revision 9999\) is newer"):
        restore(target, newer)


def test_an_artifact_that_is_lost_is_named(backend: LiveBackend, completed_run: str) -> None:
    lost = next(backend.settings.artifacts_folder.glob("??/*"))
    lost.unlink()
    manifest = write_backup(backend.settings, io.BytesIO())
    assert manifest.absent == (lost.name,)
    assert lost.name not in manifest.artifacts


def test_the_commands(
    backend: LiveBackend, completed_run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEDSM_DATABASE_URL", backend.settings.database_url)
    file, home = tmp_path / "saved.tar", backend.settings.home
    run = CliRunner()
    made = run.invoke(app, ["backup", str(file), "--home", str(home)])
    assert made.exit_code == 0, made.output
    assert "server-key" in made.output
    assert "verified" in made.output
    assert file.stat().st_mode & 0o777 == 0o600
    again = run.invoke(app, ["backup", str(file), "--home", str(home)])
    assert again.exit_code == 2
    assert "is there already" in again.output
    assert run.invoke(app, ["backup", str(file), "--verify"]).exit_code == 0
    over = run.invoke(app, ["restore", str(file), "--home", str(home)])
    assert over.exit_code == 1
    assert "the database holds data already" in over.output
    url = database_like(backend.settings, f"restored_{uuid4().hex[:8]}")
    monkeypatch.setenv("FEDSM_DATABASE_URL", url)
    restored = run.invoke(app, ["restore", str(file), "--home", str(tmp_path / "other")])
    assert restored.exit_code == 0, restored.output
    assert rows_of(empty(tmp_path / "other", url)) == rows_of(backend.settings)
    nothing = run.invoke(app, ["backup", str(tmp_path / "n.tar"), "--home", str(tmp_path / "none")])
    assert nothing.exit_code == 1


def test_a_database_that_is_not_there_is_said(tmp_path: Path, broker: redis.Redis) -> None:
    file = tmp_path / "saved.tar"
    result = CliRunner().invoke(app, ["backup", str(file), "--home", str(tmp_path / "home")])
    assert result.exit_code == 1
    assert not file.exists()
