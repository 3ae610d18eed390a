"""Commands that are one call of the REST API each: made from a table, so that they all behave alike.

Arguments fill the path, options the query or the body. Every command prints text for people or, with --json, what the
API answered; ends with 2 for wrong input; and, where something is lost for good, asks first.
"""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from fedsm.cli.call import Call, Option, Where
from fedsm.cli.references import find_model, find_run, find_version
from fedsm.cli.shared import EXIT_WRONG_INPUT, HomeOption, JsonOption, ServerOption, TokenOption, api, fail
from fedsm.cli.watch import make_console, print_json
from fedsm.client import Client


def add_calls(app: typer.Typer, calls: Sequence[Call]) -> None:
    for call in calls:
        app.command(call.command)(function_of(call))


def function_of(call: Call) -> Callable[..., None]:
    """With the signature and the help that typer reads."""

    def run(**given: Any) -> None:
        _run(call, given)

    parameters = [_parameter(name, Annotated[str, typer.Argument(help=text)]) for name, text in call.arguments.items()]
    parameters += [
        _parameter(option.name, Annotated[option.kind, typer.Argument(help=option.help)])
        for option in call.options
        if option.argument
    ]
    parameters += [_optional(option) for option in call.options if not option.argument]
    if call.ask is not None:
        parameters.append(_parameter("yes", Annotated[bool, typer.Option("--yes", help="Do not ask.")], False))
    if call.file:
        out = typer.Option("--out", "-o", help="The file to write; left out: printed.")
        parameters.append(_parameter("out", Annotated[Path | None, out], None))
    else:
        parameters.append(_parameter("as_json", JsonOption, False))
    shared = (("home", HomeOption), ("server", ServerOption), ("token", TokenOption))
    parameters += [_parameter(name, kind, None) for name, kind in shared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions may have one
    run.__doc__ = call.help
    run.__name__ = call.command.replace("-", "_")
    return run


def _as_given(_client: Client, text: str) -> str:
    return quote(text, safe="")


def _federation(client: Client, wanted: str) -> str:
    """Of those archived too."""
    found = client.federations()
    matching = [record.id for record in found if wanted in (record.id, record.name)]
    if len(matching) != 1:
        names = ", ".join(record.name for record in found) or "none yet"
        fail(f"there is no federation {wanted!r}; there are: {names}", EXIT_WRONG_INPUT)
    return matching[0]


def find_site(client: Client, wanted: str) -> str:
    """The id of the one site of this short name or id."""
    found = [site for record in client.federations() for site in record.sites]
    matching = [site for site in found if wanted in (site.id, site.slug)]
    if len(matching) == 1:
        return matching[0].id
    slugs = ", ".join(sorted({site.slug for site in found})) or "none yet"
    several = f"several federations have a site {wanted!r}: give its id, as `fedsm federation sites --json` prints it"
    return fail(several if matching else f"there is no site {wanted!r}; there are: {slugs}", EXIT_WRONG_INPUT)


#: Names in a path that people need not look up.
RESOLVED: dict[str, Callable[[Client, str], str]] = {
    "federation_id": _federation,
    "site_id": find_site,
    "model_id": find_model,
    "version_id": lambda client, wanted: find_version(client, wanted).id,
    "run_id": find_run,
}


def _optional(option: Option) -> inspect.Parameter:
    flag = f"--{option.name.replace('_', '-')}"
    if option.flag is not None:
        return _parameter(option.name, Annotated[bool, typer.Option(flag, help=option.help)], False)
    return _parameter(option.name, Annotated[option.kind | None, typer.Option(flag, help=option.help)], None)


def _parameter(name: str, kind: object, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    place = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, place, default=default, annotation=kind)


def _run(call: Call, given: dict[str, Any]) -> None:
    if call.ask is not None and not given["yes"]:
        typer.confirm(call.ask.format(**given), abort=True)
    query, body = _sent(call, given, "query"), _sent(call, given, "body")
    with_body = any(option.where == "body" for option in call.options)
    with api(given["home"], given["server"], given["token"]) as client:
        place = {name: RESOLVED.get(name, _as_given)(client, given[name]) for name in call.arguments}
        response = client.send(call.method, call.path.format(**place), query, body if with_body else None)
    if call.file:
        _write(response.content, given["out"])
        return
    answer = response.json() if response.content else None
    if given["as_json"]:
        print_json(answer)
    elif call.said is not None:
        typer.echo(call.said.format(**given | (answer if isinstance(answer, dict) else {})))
    else:
        print_records(answer, call.columns)


def _sent(call: Call, given: dict[str, Any], where: Where) -> dict[str, Any]:
    found = {}
    for option in call.options:
        value = given[option.name]
        if option.where == where and value is not None:
            found[option.sent_as or option.name] = value if option.flag is None else option.flag(value)
    return found


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        typer.echo(content, nl=False)
        return
    out.write_bytes(content)
    typer.echo(f"saved {out}")


def print_records(answer: Any, columns: Sequence[str]) -> None:
    """A list as a table, one record as lines."""
    console = make_console()
    if not isinstance(answer, list):
        for name in columns:
            console.print(f"{_title(name)}: {_text(_field(answer, name))}", highlight=False, markup=False)
        return
    table = Table(*map(_title, columns))
    for record in answer:
        table.add_row(*(_text(_field(record, name)) for name in columns))
    console.print(table)
    if not answer:
        typer.echo("none")


def _field(record: Any, name: str) -> Any:
    """`origin.name` is the name in the record's origin."""
    for step in name.split("."):
        record = record.get(step) if isinstance(record, dict) else None
    return record


def _title(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _text(value: Any) -> str:
    match value:
        case None | [] | {}:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case list():
            return ", ".join(map(_text, value))
        case dict():
            return ", ".join(f"{key} {_text(entry)}" for key, entry in value.items())
        case _:
            return str(value)
