"""What an experiment sets otherwise than the defaults, for people."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from backend.contracts.base import Contract
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.strategy_configs import StrategyConfig


class ChangedSetting(Contract):
    """A setting that is not at its default."""

    path: str
    value: str
    default: str


def experiment_settings(config: ExperimentConfig) -> tuple[ChangedSetting, ...]:
    """All but the methods, which each name their own."""
    # Not validated: some methods refuse the default schedule.
    standard = ExperimentConfig.model_construct(strategies=config.strategies)
    return tuple(_differences(config, standard, "", skip=("strategies",)))


def strategy_settings(strategy: StrategyConfig) -> tuple[ChangedSetting, ...]:
    return tuple(_differences(strategy, type(strategy)(), "", skip=("name",)))


def _differences(
    value: BaseModel, standard: BaseModel, path: str, skip: tuple[str, ...] = ()
) -> Iterator[ChangedSetting]:
    """A variant (another network, another selector) is named, then compared with its own defaults."""
    if type(value) is not type(standard):
        yield _setting(f"{path}name", getattr(value, "name", None), getattr(standard, "name", None))
        standard = type(value)()
    for name, field in type(value).model_fields.items():
        if name in skip:
            continue
        key = f"{path}{field.alias or name}"
        own, default = getattr(value, name), getattr(standard, name)
        if isinstance(own, BaseModel) and isinstance(default, BaseModel):
            yield from _differences(own, default, f"{key}.")
        elif own != default:
            yield _setting(key, own, default)


def _setting(path: str, value: object, default: object) -> ChangedSetting:
    return ChangedSetting(path=path, value=_text(value), default=_text(default))


def _text(value: Any) -> str:
    if value is None or value == () or value == "":
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_text(entry) for entry in value)
    if isinstance(value, BaseModel):
        return str(getattr(value, "name", value))
    return str(value)
