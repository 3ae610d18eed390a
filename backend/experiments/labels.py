"""What the strategies of an experiment are called."""

from typing import Any

from backend.contracts.strategy_configs import StrategyConfig


def strategy_labels(strategies: tuple[StrategyConfig, ...]) -> list[str]:
    """'FedSM'; where there are several, with what tells them apart: 'FedSM (lambda 0.5)'."""
    labels = []
    for strategy in strategies:
        siblings = [_flat(other) for other in strategies if other.name == strategy.name]
        own = _flat(strategy)
        details = ", ".join(f"{key} {own[key]}" for key in own if _tells_apart(key, own, siblings))
        labels.append(strategy.card.label + (f" ({details})" if details else ""))
    return labels


def _tells_apart(key: str, own: dict[str, Any], siblings: list[dict[str, Any]]) -> bool:
    """A variant's settings, such as 'selector shrinkage', are compared among those of the same variant only."""
    variant = key.partition(" ")[0]
    return any(other.get(key) != own[key] for other in siblings if key == variant or other[variant] == own[variant])


def _flat(strategy: StrategyConfig) -> dict[str, Any]:
    """{'lambda': 0.7, 'selector': 'lda', 'selector shrinkage': 0.1, ...}"""
    flat: dict[str, Any] = {}
    for key, value in strategy.model_dump(mode="json", exclude={"name"}).items():
        if isinstance(value, dict):
            flat |= {key if inner == "name" else f"{key} {inner}": entry for inner, entry in value.items()}
        else:
            flat[key] = value
    return flat
