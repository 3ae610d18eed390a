"""The commands as a whole: none hides another of the same name."""

import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import typer
from typer.testing import CliRunner

from fedsm.cli.app import Commands, app


def _groups() -> dict[str, typer.Typer]:
    found = {}
    for name, later in Commands.later.items():
        module, _, attribute = later.place.partition(":")
        given = getattr(import_module(module), attribute)
        if isinstance(given, typer.Typer):
            found[name] = given
    return found


def test_no_command_hides_another() -> None:
    for name, group in _groups().items():
        assert not group.registered_groups, "this test looks one level deep"
        names = [command.name or getattr(command.callback, "__name__", "") for command in group.registered_commands]
        assert [name for name, count in Counter(names).items() if count > 1] == [], name


def test_a_commands_line_in_the_list_is_the_first_sentence_of_its_help() -> None:
    alone = Commands.later.keys() - _groups().keys()
    assert alone >= {"up", "demo", "predict", "backup"}
    for name in alone:
        later = Commands.later[name]
        text = " ".join((later.load(name).help or "").split())
        assert text.startswith(later.help), name


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = "import sys; from fedsm.cli.app import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed, modules = done.stdout.rsplit("\n", 2)[0], set(done.stdout.rsplit("\n", 2)[1].split())
    assert "Experiments: create" in listed
    assert modules & {"pydantic", "httpx", "sqlalchemy", "torch", "fedsm.client"} == set()


def test_a_group_without_a_command_shows_its_help_unless_it_is_a_command_itself() -> None:
    shown = {name for name in _groups() if Commands.later[name].load(name).no_args_is_help}
    assert shown == _groups().keys() - {"storage"}


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    done = CliRunner().invoke(app, ["experimnt"])
    assert done.exit_code == 2
    assert "Did you mean 'experiment'" in done.output


def test_a_policy_without_a_site_is_the_hospitals_own(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("standing_approvals: [{strategies: [fedsm], maximum_rounds: 5}]\n")
    done = CliRunner().invoke(app, ["site", "policy", "--home", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "standing_approvals: strategies fedsm, maximum_rounds 5" in done.output
    assert "may_send_thumbnails: no" in done.output
    (tmp_path / "policy.yaml").write_text("may_send_everything: true")
    assert CliRunner().invoke(app, ["site", "policy", "--home", str(tmp_path)]).exit_code == 2
