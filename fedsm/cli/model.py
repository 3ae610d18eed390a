"""`fedsm model import`, `download` and `test`."""

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from backend.contracts.model_tests import ModelTestCreate
from fedsm.cli.references import find_models
from fedsm.cli.shared import (
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    ThresholdOption,
    TokenOption,
    api,
    fail,
    find_federation,
)
from fedsm.cli.watch import WatchOption, print_json, say_experiment

SAFETENSORS = ".safetensors"


def import_model(
    file: Annotated[Path, typer.Argument(help="A model.zip, or a .safetensors file of a global model.")],
    config: Annotated[
        Path | None,
        typer.Option(help="Of a .safetensors file: JSON or YAML with `task` and `config`, as in model.json."),
    ] = None,
    federation: Annotated[str | None, typer.Option(help="Name or id; its task must be the model's.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Take in a model: experiments may begin with it, and it is tested and tried on images like those of runs."""
    if not file.is_file():
        fail(f"there is no file {file}", EXIT_WRONG_INPUT)
    if (file.suffix == SAFETENSORS) != (config is not None):
        fail("--config goes with a .safetensors file, and with it only: a ZIP has its model.json", EXIT_WRONG_INPUT)
    with tempfile.TemporaryDirectory(prefix="fedsm-import-") as folder, api(home, server, token) as client:
        target = find_federation(client, federation)
        sent = file if config is None else _as_archive(file, config, Path(folder))
        found = client.import_model(target.id, sent)
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True))
    else:
        typer.echo(f"{found.strategy_label} is imported as run {found.run_id} with {len(found.parts)} file(s)")
        typer.echo(f"begin with it: start_from: {{run: {found.run_id}}}")


def download(
    run_id: Annotated[str, typer.Argument(help="The run's id; or name:number or name@alias.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; left out: model.zip.")] = None,
    threshold: ThresholdOption = "run",
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Save a run's models with their configuration and card as a ZIP."""
    with api(home, server, token) as client:
        run, used = find_models(client, run_id, threshold)
        content = client.send("GET", f"/runs/{run}/model.zip", {"threshold": used}, None).content
    target = out or Path("model.zip")
    target.write_bytes(content)
    typer.echo(f"saved {target}")


def score(
    run_id: Annotated[
        str, typer.Argument(help="The run's id, as `fedsm federation models` prints it; or name:number or name@alias.")
    ],
    dataset: Annotated[list[str], typer.Option(help="Id of a data set; repeat for each.")],
    cases: Annotated[str, typer.Option(help="all: every case that is new to the model; test: the test split.")] = "all",
    name: Annotated[str | None, typer.Option(help="Of the test; left out: made from what is tested.")] = None,
    threshold: ThresholdOption = "run",
    wait: WatchOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Score a finished model on other data sets, without training. The answer is an experiment: its results are read
    with `fedsm experiment results ID`, and on its page."""
    with api(home, server, token) as client:
        tested, threshold = find_models(client, run_id, threshold)
        values = {"datasets": dataset, "cases": cases, "name": name, "threshold": threshold}
        body = ModelTestCreate.model_validate(values) if cases in ("all", "test") else None
        if body is None:
            fail(f"--cases {cases!r}: choose all or test", EXIT_WRONG_INPUT)
        say_experiment(client, client.start_model_test(tested, body), wait, as_json)


def _as_archive(weights: Path, config: Path, folder: Path) -> Path:
    """As the API takes a model: the file as the global model, with its description."""
    try:
        description: Any = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fail(f"{config} is no JSON or YAML that can be read: {error}", EXIT_WRONG_INPUT)
    if not isinstance(description, dict):
        fail(f"{config} holds no fields: give `task` and `config`, as in model.json", EXIT_WRONG_INPUT)
    content = weights.read_bytes()
    part = {"name": "global", "sha256": hashlib.sha256(content).hexdigest()}
    target = folder / f"{weights.stem}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("model.json", json.dumps({**description, "parts": [part]}, default=str))
        archive.writestr(f"global{SAFETENSORS}", content)
    return target
