"""The examples of the engine's README run."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.worker.engine.small_sites import small_sites

README = Path(__file__).resolve().parents[3] / "worker" / "engine" / "README.md"


def test_the_readmes_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    names: dict[str, Any] = {"sites": small_sites()}
    exec(compile(blocks[0], str(README), "exec"), names)
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 ['global', 'personalized/a', 'personalized/b'")
    for block in blocks[1:]:
        exec(compile(block, str(README), "exec"), names)
    assert names["clipped"].update_transforms == (names["Clip"](1.0),)


def test_the_files_that_the_readme_names_exist() -> None:
    table = README.read_text().split("## From the paper")[1].split("## In a script")[0]
    root = README.parents[2]
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", table):
        assert (README.parent / name).exists() or (root / name).exists(), name
