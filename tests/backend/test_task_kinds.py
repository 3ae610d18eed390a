"""The table of task kinds: every kind has words and an owner, and its status has one writer."""

import ast
import json
from pathlib import Path
from typing import get_args

import pytest

from backend.contracts.task_kinds import TASK_CARDS, TaskKind
from backend.contracts.tasks import TaskPayload, TaskResult
from backend.task_owners import owned_kinds, register
from backend.worker_api.task_kinds import OWNERS

ROOT = Path(__file__).parent.parent.parent


def _kinds_of(union: object) -> set[str]:
    members = get_args(get_args(union)[0])
    return {member.model_fields["kind"].default for member in members}


def test_every_kind_has_words_a_payload_a_result_and_an_owner() -> None:
    kinds = set(get_args(TaskKind))
    assert kinds == set(TASK_CARDS) == owned_kinds() == _kinds_of(TaskPayload) == _kinds_of(TaskResult)


def test_a_kind_has_one_owner() -> None:
    with pytest.raises(RuntimeError, match="'train_site' has two owners"):
        register(OWNERS[0].RunTasks(), "train_site")


def test_the_browser_has_the_same_words() -> None:
    listed = json.loads((ROOT / "frontend" / "src" / "api" / "tables.json").read_text())["tasks"]
    assert {kind: card["doing"] for kind, card in listed.items()} == {k: c.doing for k, c in TASK_CARDS.items()}


def _task_fields_written(path: Path) -> list[str]:
    """Assignments to the status, error or failure of something called a task or training."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in (part for whole in targets for part in ast.walk(whole)):
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                name = f"{target.value.id}.{target.attr}"
                if target.value.id in ("task", "training") and target.attr in ("status", "error", "failure_kind"):
                    found.append(f"{path.name}:{node.lineno} {name}")
    return found


def test_the_status_of_a_task_has_one_writer() -> None:
    files = [path for path in sorted((ROOT / "backend").rglob("*.py")) if "migrations" not in path.parts]
    writers = {path.relative_to(ROOT).as_posix() for path in files if _task_fields_written(path)}
    assert writers == {"backend/task_status.py"}
