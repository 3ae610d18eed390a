"""How a run is named in a sentence."""

from backend.db.models import Run


def describe_run(run: Run) -> str:
    """'FedSM, seed 0'"""
    return described(run.strategy_label, run.seed)


def described(strategy_label: str, seed: int) -> str:
    """The same, of a run that was not loaded."""
    return f"{strategy_label}, seed {seed}"
