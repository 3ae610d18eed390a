"""The commands as a whole: none hides another of the same name."""

from collections import Counter
from pathlib import Path

import typer
from typer.testing import CliRunner

from fedsm.cli.app import app


def _groups(group: typer.Typer, path: str = "fedsm") -> dict[str, typer.Typer]:
    found = {path: group}
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        found |= _groups(inner.typer_instance, f"{path} {inner.name}")
    return found


def test_no_command_hides_another() -> None:
    for path, group in _groups(app).items():
        names = [command.name or getattr(command.callback, "__name__", "") for command in group.registered_commands]
        assert [name for name, count in Counter(names).items() if count > 1] == [], path


def test_a_policy_without_a_site_is_the_hospitals_own(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("standing_approvals: [{strategies: [fedsm], maximum_rounds: 5}]\n")
    done = CliRunner().invoke(app, ["site", "policy", "--home", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "standing_approvals: strategies fedsm, maximum_rounds 5" in done.output
    assert "may_send_thumbnails: no" in done.output
    (tmp_path / "policy.yaml").write_text("may_send_everything: true")
    assert CliRunner().invoke(app, ["site", "policy", "--home", str(tmp_path)]).exit_code == 2
