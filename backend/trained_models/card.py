"""The card of a model set, `README.md` in its ZIP."""

from collections.abc import Iterator

from backend.contracts.best_round import spans
from backend.contracts.score_text import printed
from backend.contracts.values import one_line
from backend.trained_models.schemas import ModelSet, TrainingData


def model_card(found: ModelSet) -> str:
    """Markdown. Names and notes are one line each: none can begin a line of its own."""
    lines = [
        f"# {_text(found.experiment_name)}: {_text(found.strategy_label)}, seed {found.seed}",
        "",
        _summary(found),
        "",
        "Research software, not a medical device.",
        "",
        *_notes(found),
        "| model | mean test Dice | cases |",
        "|---|---|---|",
        *(f"| {score.model} | {printed(score.dice, 'dice', '-')} | {score.num_cases} |" for score in found.scores),
        "",
        "| file | bytes | SHA-256 |",
        "|---|---|---|",
        *(f"| {part.name}.safetensors | {part.num_bytes} | {part.sha256} |" for part in found.parts),
        "",
        *_data(found),
        "## How to use them outside",
        "",
        *(f"{number}. {step}" for number, step in enumerate(found.usage, start=1)),
        "",
        "`model.json` holds the whole configuration: how images are prepared, the network, and the order of the "
        "sites, which is that of the selector's outputs. Each tensor is named as in PyTorch's state dict.",
        "",
        f"Trained with FedSM Studio {found.code_version or 'of an unknown version'}.",
        "",
    ]
    return "\n".join(lines)


def round_words(found: ModelSet) -> str:
    """Validation chose the round only where somebody validated."""
    how = "chosen by validation" if found.chosen_by_validation else "the last one, for no site has validation cases"
    return f"round {found.round} of {found.num_rounds}, {how}"


def _summary(found: ModelSet) -> str:
    structures = ", ".join(_text(structure.name) for structure in found.task.structures)
    num_sites = len({row.site_slug for row in found.data if row.trained_on})
    made = f" Made from {_text(found.made_from.words)}." if found.made_from is not None else ""
    what = f"{found.config.network.name} for {structures} in {_text(found.task.modality)}"
    if found.made_from is not None and not found.made_from.trained:
        return f"{what}, of {_text(found.strategy_label)}. No network was trained for it.{made}"
    return f"{what}, trained by {_text(found.strategy_label)} at {num_sites} site(s); {round_words(found)}.{made}"


def _notes(found: ModelSet) -> Iterator[str]:
    for note in found.notes:
        yield f"- {_text(note)}"
    if found.notes:
        yield ""


def _data(found: ModelSet) -> Iterator[str]:
    """Training cases are those that the weights were fitted to; validation chose the round, the test scored it."""
    yield "| trained at | its updates are in rounds | training cases | validation | test | fingerprint of the data |"
    yield "|---|---|---|---|---|---|"
    for row in found.data:
        if row.trained_on:
            yield f"| {row.site_slug} | {spans(row.used_rounds)} | {_counts(row)} | {row.fingerprint} |"
    yield ""
    if rest := [row for row in found.data if not row.trained_on]:
        yield "| not trained at | why | training cases, not used | validation | test | fingerprint of the data |"
        yield "|---|---|---|---|---|---|"
        for row in rest:
            yield f"| {row.site_slug} | {_why_not(row, found.round)} | {_counts(row)} | {row.fingerprint} |"
        yield ""


def _why_not(row: TrainingData, round_: int) -> str:
    if row.only_in_selector:
        return "added to the model selector in closed form: its sums are there, and no network was trained"
    return "held out" if row.held_out else f"no update of it up to round {round_} was used"


def _counts(row: TrainingData) -> str:
    return " | ".join(str(row.num_by_split.get(split, 0)) for split in ("train", "val", "test"))


def _text(text: str) -> str:
    """Of a person: nothing of it ends a line or a cell."""
    return one_line(text, 10_000).replace("|", "\\|")
