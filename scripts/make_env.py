"""Writes .env with random secrets for docker compose; an existing one is kept. Standard library only."""

import os
import secrets
from pathlib import Path

NAMES = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "FEDSM_ADMIN_TOKEN", "FEDSM_WORKER_TOKEN")


def main() -> None:
    path = Path(__file__).resolve().parent.parent / ".env"
    try:
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write("# Secrets of this installation, readable by you only. Made by `make env`.\n")
            file.writelines(f"{name}={secrets.token_hex(24)}\n" for name in NAMES)
    except FileExistsError:
        print(f"{path.name} exists and stays as it is")
    else:
        print(f"{path.name} made. Sign in with its FEDSM_ADMIN_TOKEN")


if __name__ == "__main__":
    main()
