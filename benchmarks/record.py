"""What a result says of itself: command, commit, day, device. `benchmarks/results/` keeps results."""

import json
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.version import code_version
from worker.process.hardware import describe_hardware

RESULTS = Path(__file__).parent / "results"


def about(module: str) -> dict[str, Any]:
    """module: as `benchmarks.rounds`, whose command line this is."""
    return {
        "command": " ".join(["python -m", module, *sys.argv[1:]]),
        "commit": code_version(),
        "date": datetime.now(UTC).date().isoformat(),
        "device": f"{describe_hardware()}, {platform.processor() or platform.machine()}",
    }


def write(path: Path, result: Mapping[str, Any]) -> None:
    """As JSON that a person can read and git can compare."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
