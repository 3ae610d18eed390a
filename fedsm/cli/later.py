"""Commands that are imported when they are asked for, so that `fedsm --help` waits for none of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class Later:
    """`place` is module:name of a group (a Typer) or of a command's function; `help` its line in the list of commands,
    and all of the help of a group."""

    place: str
    help: str

    def load(self, name: str) -> TyperCommand | TyperGroup:
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            group = typer.main.get_group(found)
            group.name, group.help = name, self.help
            group.no_args_is_help = not group.invoke_without_command
            return group
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        command = typer.main.get_command(alone)
        assert isinstance(command, TyperCommand)
        return command


class LaterGroup(TyperGroup):
    """A group whose `later` commands follow those that are there already."""

    later: ClassVar[Mapping[str, Later]] = {}

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._absent = dict(self.later)
        for name, later in self.later.items():
            self.add_command(TyperCommand(name, help=later.help), name)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        later = self._absent.pop(cmd_name, None)
        if later is not None:
            self.commands[cmd_name] = later.load(cmd_name)
        return super().get_command(ctx, cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with self._none_loaded():
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        with self._none_loaded():
            return super().shell_complete(ctx, incomplete)

    @contextmanager
    def _none_loaded(self) -> Iterator[None]:
        """A list of the commands needs their names and helps alone."""
        absent, self._absent = self._absent, {}
        yield
        self._absent = absent


def all_commands(app: typer.Typer) -> dict[str, TyperCommand | TyperGroup]:
    """Every command by its words after the program's name, the later ones too."""
    return dict(_below(typer.main.get_command(app), ""))


def _below(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        words = f"{path} {name}".strip()
        if not isinstance(command, TyperGroup) or command.invoke_without_command:
            yield words, command
        if isinstance(command, TyperGroup):
            yield from _below(command, words)
