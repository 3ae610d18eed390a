"""Files that our own commands write, as our other commands read them.

A task stands in `federation.yaml` of `fedsm prepare`, in `fedsm federation list --json` and in the REST interface's
federations; a label map in a data set's record. A user who asks for one of them may be given the whole file.
"""

from pathlib import Path
from typing import Any

import yaml

from fedsm.cli.shared import EXIT_WRONG_INPUT, fail


def read_yaml(path: Path) -> Any:
    """YAML, of which JSON is a part. Ends the command where it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        fail(f"{path} cannot be read ({error}): give a YAML or JSON file", EXIT_WRONG_INPUT)


def task_in(content: Any, path: Path) -> Any:
    """The task itself, or that of the one federation, or public data set, that the content describes."""
    entries = content if isinstance(content, list) else [content]
    tasks = [entry["task"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("task"), dict)]
    if len(tasks) > 1:
        fail(f"{path} has {len(tasks)} federations: give a file with one, or --federation NAME", EXIT_WRONG_INPUT)
    return tasks[0] if tasks else content


def label_map_in(content: Any) -> Any:
    """The label map itself, or that of a data set's record."""
    if not isinstance(content, dict) or "structures" in content:
        return content
    reading = content.get("reading")
    inside = reading if isinstance(reading, dict) and reading.get("label_map") else content
    return inside.get("label_map") or content
