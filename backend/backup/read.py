"""Reads a backup: every member is what the manifest says, nothing is missing, and nothing else is there."""

import contextlib
import os
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from backend.backup.archive import MANIFEST, SEAL, Manifest, copy_hashed, damaged, foreign, read_manifest, seal_of

MAX_MANIFEST_BYTES = 2**30

#: What is done with the manifest once it is read, before anything else is.
Look = Callable[[Manifest], None]


def not_at_all(manifest: Manifest) -> None:
    """Finds nothing wrong."""
    del manifest


def read_backup(source: IO[bytes], folder: Path | None, look: Look = not_at_all) -> Manifest:
    """Unpacks it into the empty `folder`, or without one only looks through it. Raises BackupProblem."""
    try:
        archive = tarfile.open(fileobj=source, mode="r|")  # noqa: SIM115 closed below; what it raises means another thing
    except (tarfile.TarError, EOFError):
        raise foreign() from None
    try:
        with archive:
            return _read(archive, folder, look)
    except (tarfile.ReadError, EOFError):
        raise damaged("it ends before its end") from None
    except tarfile.TarError as error:
        raise damaged(str(error)) from None


def _read(archive: tarfile.TarFile, folder: Path | None, look: Look) -> Manifest:
    first = archive.next()
    content = None
    if first is not None and first.name == MANIFEST and first.isreg() and first.size <= MAX_MANIFEST_BYTES:
        content = _file(archive, first).read()
    if content is None:
        raise foreign()
    manifest = read_manifest(content)
    look(manifest)
    wanted = manifest.members()
    while (info := archive.next()) is not None and info.name != SEAL:
        member = wanted.pop(info.name, None)
        if member is None or not info.isreg():
            raise damaged(f"it holds {info.name!r}, which its list does not name")
        with contextlib.ExitStack() as stack:
            target = None if folder is None else stack.enter_context(_new_file(folder, info.name))
            found = copy_hashed(_file(archive, info), target)
        if found != (member.sha256, member.num_bytes):
            raise damaged(f"{info.name} is not what was saved")
    if info is None or wanted:
        missing = f", from {next(iter(wanted))} on" if wanted else ""
        raise damaged(f"it ends before its end{missing}")
    if _file(archive, info).read(65) != seal_of(content):
        raise damaged("its list of contents was changed")
    return manifest


def _file(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(info)
    assert file is not None, "a regular file has content"
    return file


def _new_file(folder: Path, name: str) -> IO[bytes]:
    """The name is one of the manifest's; it leads nowhere but into the folder."""
    parts = PurePosixPath(name).parts
    if ".." in parts or PurePosixPath(name).is_absolute():
        raise damaged(f"it holds {name!r}, which leads out of it")
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open(path, "xb", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
