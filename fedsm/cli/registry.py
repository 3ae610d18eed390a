"""`fedsm model register`, `registered`, `diff` and `verify`: models under names."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from backend.contracts.score_text import printed
from backend.link.keys import KeyProblem, PublicKey
from backend.registry.schemas import VersionScore
from fedsm.cli.references import all_models, find_version
from fedsm.cli.shared import (
    EXIT_FAILED,
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    ThresholdOption,
    TokenOption,
    api,
    fail,
)
from fedsm.cli.watch import make_console, print_json

COPY_BYTES = 1 << 20


def register(
    run: Annotated[str, typer.Argument(help="The id of a completed run, or of an imported model.")],
    name: Annotated[str, typer.Argument(help="A new name, or one that gets its next version.")],
    alias: Annotated[list[str] | None, typer.Option(help="Points to it from now on, as best; repeat for more.")] = None,
    notes: Annotated[str, typer.Option(help="What you say about it, on its card.")] = "",
    threshold: ThresholdOption = "run",
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Keep a run's models under a name, as its next version."""
    values = {"name": name, "aliases": alias or [], "notes": notes, "threshold": threshold}
    with api(home, server, token) as client:
        made = client.post_json(f"/runs/{run}/versions", values)
    if as_json:
        print_json(made)
    else:
        typer.echo(f"registered {made['reference']}; begin with it: start_from: {{version: {made['reference']}}}")


def registered(
    name: Annotated[str | None, typer.Argument(help="Only the versions of this model.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """List registered models with their versions and aliases."""
    with api(home, server, token) as client:
        models = [model for model in all_models(client) if name is None or name in (model.name, model.id)]
    if name is not None and not models:
        fail(f"there is no registered model {name!r}: `fedsm model registered` lists them", EXIT_WRONG_INPUT)
    if as_json:
        print_json([model.model_dump(mode="json") for model in models])
        return
    table = Table("version", "aliases", "method", "experiment", "test Dice", "registered", "run")
    for model in models:
        for version in model.versions:
            scores = ", ".join(f"{score.model} {score_text(score)}" for score in version.scores) or "not tested"
            method = f"{version.strategy_label}, seed {version.seed}"
            at = f"{version.created_at:%Y-%m-%d} by {version.created_by}"
            words = ", ".join(version.aliases)
            table.add_row(version.reference, words, method, version.experiment_name, scores, at, version.run_id)
    make_console().print(table)


def diff(
    first: Annotated[str, typer.Argument(help="name:number, name@alias, or the id of a version.")],
    second: Annotated[str, typer.Argument(help="The other version.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Compare two versions: the settings that differ, and the scores of each model at each site."""
    with api(home, server, token) as client:
        pair = [find_version(client, wanted) for wanted in (first, second)]
        found = client.compare_versions(pair[0].id, pair[1].id)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    console = make_console()
    names = [version.reference for version in pair]
    settings = Table("setting", *names)
    for row in found.parameters:
        if row.differs:
            settings.add_row(row.path, *(value if value is not None else "-" for value in row.values))
    console.print(settings if settings.row_count else "every setting is the same")
    scores = Table("test cases of", "model", *names)
    for score in found.scores:
        values = (score_text(value) for value in score.values)
        scores.add_row(score.site_slug or "all sites that trained", score.model, *values)
    console.print(scores)
    for caution in found.cautions:
        console.print(caution, highlight=False, markup=False)


def verify(
    file: Annotated[Path, typer.Argument(help="The ZIP of a registered version.")],
    fingerprint: Annotated[
        str | None, typer.Option(help="Of the server's key, as its people tell it; left out: the file's own is said.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check, without a server, that a registered version is whole and signed by the server's key."""
    try:
        statement = _verified(file, fingerprint)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, KeyProblem) as problem:
        fail(f"{file}: {problem}", EXIT_FAILED)
    if as_json:
        print_json(statement)
        return
    named = f"{statement['model']}:{statement['version']} of run {statement['run']}"
    typer.echo(f"{named} is whole: every file is signed but README.md, which holds people's notes")
    if fingerprint is None:
        typer.echo(f"by the key {statement['fingerprint']}: compare it with what the server's people tell you")


def score_text(score: VersionScore | None) -> str:
    """`0.812 (0.790 to 0.830)`"""
    if score is None or score.dice is None:
        return "-"
    dice = printed(score.dice, "dice")
    return dice if score.interval is None else f"{dice} ({score.interval})"


def _verified(file: Path, fingerprint: str | None) -> dict[str, Any]:
    """The statement with the fingerprint of its key. Raises ValueError saying what does not fit."""
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if not {"statement.json", "signature.json"} <= names:
            raise ValueError("has no signature: it is no download of a registered version")
        text = archive.read("statement.json")
        signed: dict[str, str] = json.loads(archive.read("signature.json"))
        key = PublicKey.from_text(signed["public_key"])
        if fingerprint is not None and key.fingerprint != fingerprint.strip().lower():
            raise ValueError(f"is signed by the key {key.fingerprint}, not by {fingerprint}")
        if not key.verifies(base64.b64decode(signed["signature"]), text):
            raise ValueError("has a signature that does not fit its statement: it was changed")
        statement: dict[str, Any] = json.loads(text)
        for name, sha256 in statement["files"].items():
            if name not in names:
                raise ValueError(f"lacks {name}, which is signed")
            if _sha256(archive, name) != sha256:
                raise ValueError(f"{name} is not the file that was signed")
        if unsigned := sorted(names - set(statement["files"]) - {"statement.json", "signature.json", "README.md"}):
            raise ValueError(f"holds {unsigned[0]}, which is not signed")
    return statement | {"fingerprint": key.fingerprint}


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as source:
        while chunk := source.read(COPY_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
