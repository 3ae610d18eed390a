"""The secrets of an installation in containers, made at its first start: `python -m backend.first_secrets FOLDER`.

Each lies in a folder of its own, so that every service is given only what it needs. What the environment gives, as an
`.env` does, holds and is kept; nothing that is there is made anew.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

DATABASE, BROKER = "database/password", "broker/password"
#: Where each secret lies, and the variable that may give it.
SECRETS = {
    DATABASE: "POSTGRES_PASSWORD",
    BROKER: "REDIS_PASSWORD",
    "admin/token": "FEDSM_ADMIN_TOKEN",
    "worker/token": "FEDSM_WORKER_TOKEN",
}


def make_secrets(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Writes what is not there, and the addresses that hold a password; says which secrets were made."""
    made = []
    values: dict[str, str] = {}
    for name, variable in SECRETS.items():
        path = folder / name
        value = environment.get(variable, "") or _kept(path)
        if not value:
            value = secrets.token_hex(24)
            made.append(name)
        values[name] = value
        _write(path, value)
    _write(folder / "database/url", f"postgresql://fedsm:{quote(values[DATABASE], safe='')}@postgres:5432/fedsm")
    _write(folder / "broker/url", f"redis://:{quote(values[BROKER], safe='')}@redis:6379/0")
    return made


def _kept(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> None:
    """Mode 600, whole or not at all; a file that holds the text already is left alone."""
    if _kept(path) == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}-new")
    temporary.unlink(missing_ok=True)
    with open(temporary, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def main() -> None:
    folder = Path(sys.argv[1])
    made = make_secrets(folder, os.environ)
    print(f"made {', '.join(made)}" if made else "every secret is there")  # noqa: T201 (names, never values)


if __name__ == "__main__":
    main()
