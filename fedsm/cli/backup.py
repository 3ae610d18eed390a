"""`fedsm backup` and `fedsm restore`: a whole installation in one file, and back."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from fedsm.cli.options import EXIT_FAILED, EXIT_WRONG_INPUT, HomeOption, fail
from fedsm.local.home import AlreadyRunning, open_home

if TYPE_CHECKING:  # SQLAlchemy takes time to import
    from backend.backup.archive import Manifest
    from backend.settings import Settings

MIB = 2**20
FileArgument = Annotated[str, typer.Argument(help="The file; `-` for standard output.")]
SourceArgument = Annotated[str, typer.Argument(help="A file that `fedsm backup` wrote; `-` for standard input.")]


def backup(
    file: FileArgument,
    verify: Annotated[
        bool, typer.Option("--verify", help="Write nothing: look through a backup that is there.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Save the whole installation in one file: database, artifacts, and the state folder's keys and tokens. The
    platform may run meanwhile. The file holds secrets: keep it like them.

    A new file is read again and verified. The exit code is 1 where artifacts are absent or damaged, which are named."""
    from backend.backup.write import write_backup

    if verify:
        _say(_verified(file), file)
        return
    settings = _settings(home)
    started = time.monotonic()
    with _problems_end():
        if file == "-":
            manifest = write_backup(settings, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            with _new_file(Path(file)) as target:
                manifest = write_backup(settings, target)
            _verified(file)
    _say(manifest, file, time.monotonic() - started)
    for sha256 in manifest.absent:
        typer.echo(f"fedsm: the artifact {sha256} is lost or damaged, and not in the backup", err=True)
    if manifest.absent:
        raise typer.Exit(EXIT_FAILED)


def restore(file: SourceArgument, home: HomeOption = None) -> None:
    """Put a backup back into an empty installation, of SQLite or PostgreSQL, whichever was saved. Every file is
    verified before anything is put in its place, and nothing that is there is overwritten."""
    from backend.backup.restore import restore_backup

    settings = _settings(home)
    started = time.monotonic()
    with _problems_end(), open_home(home).exclusive():
        if file == "-":
            manifest = restore_backup(settings, sys.stdin.buffer)
        else:
            with open(file, "rb") as source:
                manifest = restore_backup(settings, source)
    _say(manifest, f"restored into {settings.home}", time.monotonic() - started)


def _settings(home: Path | None) -> "Settings":
    """Of the state folder and the environment, as the backend has them."""
    from backend.settings import Settings

    try:
        return Settings(home=open_home(home).folder)
    except ValueError as error:
        fail(str(error), EXIT_WRONG_INPUT)


def _verified(file: str) -> "Manifest":
    from backend.backup.read import read_backup

    with _problems_end(), sys.stdin.buffer if file == "-" else open(file, "rb") as source:
        return read_backup(source, None)


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """Mode 600; whole or not at all, and nothing that is there is overwritten."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    if path.exists():
        fail(f"{path} is there already: name another file", EXIT_WRONG_INPUT)
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        os.link(temporary, path)  # unlike a rename it fails where somebody was quicker
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _problems_end() -> Iterator[None]:
    """The command, with their words."""
    from sqlalchemy.exc import OperationalError

    from backend.backup.archive import BackupProblem
    from backend.errors import FedSMError

    try:
        yield
    except (BackupProblem, FedSMError) as problem:
        fail(str(problem))
    except AlreadyRunning:
        fail("the platform runs on this state folder: stop it (Ctrl-C where `fedsm up` runs), then restore")
    except OperationalError as error:
        fail(f"the database cannot be reached: {str(error.orig).strip()}")
    except OSError as error:
        fail(str(error))


def _say(manifest: "Manifest", what: str, seconds: float | None = None) -> None:
    """On standard error where the backup itself goes to standard output."""
    rows = sum(table.num_rows for table in manifest.tables.values())
    mib = sum(manifest.artifacts.values()) / MIB
    took = "" if seconds is None else f", {seconds:.0f} s"
    typer.echo(
        f"{what}: {rows} rows of {len(manifest.tables)} tables (revision {manifest.revision}), "
        f"{len(manifest.artifacts)} artifacts ({mib:.1f} MiB), {', '.join(manifest.secrets) or 'no secrets'}; "
        f"made {manifest.made_at:%Y-%m-%d %H:%M} UTC by {manifest.product}; verified{took}",
        err=what == "-",
    )
