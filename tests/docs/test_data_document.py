"""docs/data.md says what the code does: reasons, warnings, layouts, policies, and examples that are accepted."""

import re
from pathlib import Path
from typing import get_args

import yaml

from backend.contracts.datasets import NEAR_DUPLICATE_BITS, LabelMap, Layout, ReasonCode, SitePolicy, WarningCode
from backend.contracts.task_definition import SegmentationTask

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
WARNINGS = "### What a used case is warned of\n"


def section(title: str) -> str:
    return TEXT.split(f"## {title}\n")[1].split("\n## ")[0]


def test_every_reason_is_in_the_table_once_with_a_remedy() -> None:
    reasons, _ = section("Why a case is skipped").split(WARNINGS)
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", reasons, flags=re.MULTILINE)
    assert [code for code, _, _ in rows] == list(get_args(ReasonCode))
    assert all(len(found) > 10 and len(remedy) > 10 for _, found, remedy in rows)


def test_every_warning_is_in_the_table_once_with_a_remedy() -> None:
    _, warnings = section("Why a case is skipped").split(WARNINGS)
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", warnings, flags=re.MULTILINE)
    assert sorted(code for code, _, _ in rows) == sorted(get_args(WarningCode))
    assert all(len(found) > 10 and len(remedy) > 10 for _, found, remedy in rows)


def test_every_layout_is_named() -> None:
    assert all(f"`{layout}`" in section("Layouts") for layout in get_args(Layout))


def test_every_policy_is_in_the_table_with_its_default() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \|", section("What may run at a site, and what may leave it"), flags=re.MULTILINE
    )
    wanted = {name: field.default for name, field in SitePolicy.model_fields.items()}
    words = {True: "yes", None: "all"}
    assert dict(rows) == {name: words.get(value, str(value)) for name, value in wanted.items()}


def test_the_threshold_of_near_duplicates_is_the_codes() -> None:
    assert f"at most {NEAR_DUPLICATE_BITS} of 256 bits" in section("Leakage")


def test_the_examples_are_accepted() -> None:
    task, label_map = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    structures = SegmentationTask.model_validate(yaml.safe_load(task)).structures
    assert set(LabelMap.model_validate(yaml.safe_load(label_map)).structures) == {s.name for s in structures}
