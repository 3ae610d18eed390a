"""The example of the engine's README runs."""

import re
from pathlib import Path

import pytest

from tests.worker.engine.small_sites import small_sites

README = Path(__file__).resolve().parents[3] / "worker" / "engine" / "README.md"


def test_the_readmes_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    exec(compile(code, str(README), "exec"), {"sites": small_sites()})
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 ['global', 'personalized/a', 'personalized/b'")


def test_the_files_that_the_readme_names_exist() -> None:
    table = README.read_text().split("## From the paper")[1].split("## In a script")[0]
    root = README.parents[2]
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", table):
        assert (README.parent / name).exists() or (root / name).exists(), name
