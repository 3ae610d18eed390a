"""`fedsm site policy` at a hospital: its own policy file."""

from pathlib import Path

import typer

from backend.contracts.base import Contract
from fedsm.cli.options import EXIT_WRONG_INPUT, fail, print_json
from fedsm.local.home import open_home


def print_own_policy(as_json: bool, home: Path | None) -> None:
    """What the hospital of this folder allows, and the file where it stands. Ends the command where the file cannot be
    understood."""
    from fedsm.site_agent.operations import Refused
    from fedsm.site_agent.policy import read_policy
    from fedsm.site_agent.site_home import SiteHome

    path = SiteHome(open_home(home)).policy_file
    try:
        found = read_policy(path)
    except Refused as error:
        fail(f"{path}: {error}", EXIT_WRONG_INPUT)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    typer.echo(f"{path}{'' if path.exists() else ' is not there: everything that it could open is closed'}")
    for name, field in type(found).model_fields.items():
        typer.echo(f"  {name}: {_said(getattr(found, name))}  ({field.description})")


def _said(value: object) -> str:
    """A line of the policy, for people."""
    if isinstance(value, tuple):
        return "; ".join(map(_said, value)) or "none"
    if isinstance(value, Contract):
        rule = value.model_dump(mode="json", exclude_none=True)
        return (
            ", ".join(
                f"{name} {_said(tuple(given) if isinstance(given, list) else given)}" for name, given in rule.items()
            )
            or "every run"
        )
    words: dict[object, str] = {None: "all", True: "yes", False: "no"}
    return words.get(value, str(value)) if value is None or isinstance(value, bool) else str(value)
