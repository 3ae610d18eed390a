"""`fedsm experiment presets`: FedSM's settings that are set together, as they fit a federation's sites."""

from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.presets import PresetName, with_settings
from backend.experiments.schemas import PresetRecord
from fedsm.cli.shared import (
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    TokenOption,
    api,
    fail,
    find_federation,
)
from fedsm.cli.watch import make_console, print_json
from fedsm.client import Client


def presets(
    federation: Annotated[
        str | None, typer.Option(help="Name or id of the federation; may be left out where there is only one.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """List FedSM's settings that are set together, with the reason of each: `create --preset NAME` sets them."""
    with api(home, server, token) as client:
        found = client.method_presets(find_federation(client, federation).id, ())
    if as_json:
        print_json([preset.model_dump(mode="json") for preset in found])
        return
    for preset in found:
        typer.echo(f"{preset.name}: {preset.title}. {preset.description} ({preset.evidence})")
        table = Table("setting", "value", "why")
        for setting in preset.settings:
            table.add_row(setting.field, _text(setting.value), setting.reason)
        for left_out in preset.left_out:
            table.add_row(left_out.field, f"not {_text(left_out.value)} here", left_out.reason)
        make_console().print(table)


def with_preset(client: Client, federation_id: str, config: ExperimentConfig, name: PresetName) -> ExperimentConfig:
    """Every FedSM with the preset's settings that fit its rounds and the sites which train; what changes is printed.

    Ends the command where there is no FedSM, or the experiment cannot have these settings."""
    if not any(isinstance(strategy, FedSMConfig) for strategy in config.strategies):
        fail(f"--preset {name} is for FedSM, and the file has none", EXIT_WRONG_INPUT)
    found = client.method_presets(federation_id, config.held_out_sites, config.schedule.rounds)
    preset = next(each for each in found if each.name == name)
    try:
        strategies = [
            with_settings(each, preset.settings) if isinstance(each, FedSMConfig) else each
            for each in config.strategies
        ]
        fields = {key: getattr(config, key) for key in ExperimentConfig.model_fields}
        changed = ExperimentConfig.model_validate(fields | {"strategies": strategies})
    except ValidationError as error:
        fail("; ".join(problem["msg"] for problem in error.errors()), EXIT_WRONG_INPUT)
    _say(config, changed, preset)
    return changed


def _say(before: ExperimentConfig, after: ExperimentConfig, preset: PresetRecord) -> None:
    """On stderr, next to what the command prints."""
    for old, new in zip(before.strategies, after.strategies, strict=True):
        was, now = old.model_dump(by_alias=True), new.model_dump(by_alias=True)
        for setting in preset.settings:
            if new.name == "fedsm" and was.get(setting.field) != now.get(setting.field):
                typer.echo(f"fedsm.{setting.field}: {_text(setting.value)}. {setting.reason}", err=True)
    for left_out in preset.left_out:
        typer.echo(f"fedsm.{left_out.field}: not {_text(left_out.value)}. {left_out.reason}", err=True)


def _text(value: object) -> str:
    return "empty" if value is None else str(value)
