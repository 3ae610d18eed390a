"""Which code a figure is of."""

import subprocess


def commit() -> str:
    """The commit, with `-dirty` where files differ from it; `unknown` outside a repository."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
