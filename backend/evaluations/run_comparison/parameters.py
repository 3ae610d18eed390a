"""Every setting of several runs side by side."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.strategy_configs import StrategyConfig
from backend.evaluations.run_comparison.schemas import Parameter


def parameters(settings: Sequence[tuple[ExperimentConfig, StrategyConfig, int]]) -> list[Parameter]:
    """settings: a run's configuration, strategy and seed. In the order of the contract, the method first."""
    flat = [dict(_settings_of(*entry)) for entry in settings]
    paths = list(dict.fromkeys(path for entry in flat for path in entry))
    found = []
    for path in paths:
        values = [entry.get(path) for entry in flat]
        found.append(Parameter(path=path, values=values, differs=len(set(values)) > 1))
    return found


def _settings_of(config: ExperimentConfig, strategy: StrategyConfig, seed: int) -> Iterator[tuple[str, str]]:
    """The experiment's other methods and seeds are no settings of the run."""
    yield from _flatten("strategy", strategy)
    yield "seed", str(seed)
    for name in type(config).model_fields:
        if name not in ("strategies", "seeds"):
            yield from _flatten(name, getattr(config, name))


def _flatten(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _flatten(f"{path}.{field.alias or name}", getattr(value, name))
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    if value is None or value in ((), ""):
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(_text(entry) for entry in value) if isinstance(value, tuple) else str(value)
