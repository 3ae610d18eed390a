"""The card of a registered version: what the run knows, around what people say.

A person's lines are quoted, so that nothing of them can be taken for a fact.
"""

from collections.abc import Iterator

from backend.contracts.values import one_line
from backend.contracts.version_scores import score_table
from backend.db.models import ModelVersion
from backend.registry.schemas import VersionFacts
from backend.trained_models.card import model_card


def version_card(version: ModelVersion, name: str, facts: VersionFacts) -> str:
    """Markdown."""
    lines = [
        f"# {name}, version {version.number}",
        "",
        f"Registered by {one_line(version.created_by)} on {version.created_at:%Y-%m-%d} from run {version.run_id}.",
        "",
        *_notes(version),
        "## Scores",
        "",
        *score_table(facts.version_scores),
        "",
        "## Limits",
        "",
        *(f"- {one_line(limit, 10_000)}" for limit in facts.limits),
        "",
    ]
    return "\n".join(lines) + "\n" + model_card(facts).replace("# ", "## ", 1)


def _notes(version: ModelVersion) -> Iterator[str]:
    if not version.notes:
        return
    yield "## Notes"
    yield ""
    yield from (f"> {one_line(line, 10_000)}".rstrip() for line in version.notes.splitlines())
    yield ""
    if version.noted_by is not None and version.noted_at is not None:
        yield f"Said by {one_line(version.noted_by)} on {version.noted_at:%Y-%m-%d}."
        yield ""
