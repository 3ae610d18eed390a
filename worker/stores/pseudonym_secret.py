"""The secret behind patients' pseudonyms: a file in the worker's home, for all its processes, never sent or logged."""

import contextlib
import os
import secrets
from pathlib import Path

from worker.datasets.pseudonyms import SECRET_BYTES

FILE_NAME = "pseudonym-secret"


def pseudonym_secret(home: Path) -> bytes:
    """The secret, made the first time that it is needed; processes that make it at the same time all get the same one.

    Raises ValueError where the file is damaged, because another secret would give known patients new pseudonyms.
    """
    path = home / FILE_NAME
    if not path.exists():
        _create(path)
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise ValueError(
            f"{path} has {len(secret)} bytes instead of {SECRET_BYTES}, so it is no secret of patients' pseudonyms: "
            "put it back from a backup, or remove it and check all data sets again"
        )
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return secret


def _create(path: Path) -> None:
    """Makes the file whole or not at all: a file under another name gets this name, unless it is taken meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{FILE_NAME}-{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
