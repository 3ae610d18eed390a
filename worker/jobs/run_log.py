"""What a task writes in its run's log: one line for each thing that takes time."""

from worker.engine.data import ParticipantData
from worker.engine.metrics import Metric
from worker.engine.strategies.base import SiteUpdate


def data_line(data: ParticipantData, seconds: float) -> str:
    """`18 training, 3 validation and 3 test cases ready in 0.8 s`."""
    counts = [sum(len(getattr(site, split)) for site in data) for split in ("train", "val", "test")]
    return f"{counts[0]} training, {counts[1]} validation and {counts[2]} test cases ready in {seconds:.1f} s"


def validation_line(metrics: tuple[Metric, ...], round_: int, seconds: float) -> str:
    """`validated the state after round 2 in 0.4 s: Dice 0.812 (global), 0.840 (super)`."""
    dice = ", ".join(f"{m.value:.3f} ({m.model})" for m in metrics if m.name == "dice" and m.structure is None)
    return f"validated the state after round {round_} in {seconds:.1f} s" + (f": Dice {dice}" if dice else "")


def training_line(update: SiteUpdate, seconds: float) -> str:
    """`trained 12 steps on 18 cases in 3.2 s: mean loss 0.412 (global), 0.398 (personalized)`."""
    if update.num_steps == 0:
        return f"computed sums of {update.num_cases} cases in {seconds:.1f} s; nothing is trained"
    losses = ", ".join(f"{m.value:.4f} ({m.model})" for m in update.metrics if m.name == "loss")
    done = f"trained {update.num_steps} steps on {update.num_cases} cases in {seconds:.1f} s"
    return done + (f": mean loss {losses}" if losses else "")


def transfer_line(num_up: int, num_down: int, seconds: float) -> str:
    """`sent 6.48 MB and received 12.96 MB in 0.8 s`. num_up, num_down: bytes."""
    return f"sent {num_up / 1e6:.2f} MB and received {num_down / 1e6:.2f} MB in {seconds:.1f} s"
