"""Programs of the frontend's folder that tests run."""

import shutil
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parent.parent / "frontend"


def node() -> str:
    """Node.js: the one of `make setup-test`, where the machine has none that is new enough."""
    own = FRONTEND.parent / ".venv" / "bin" / "node"
    program = str(own) if own.exists() else shutil.which("node")
    if program is None:
        pytest.fail("no Node.js here: make setup-test installs it")
    return program
