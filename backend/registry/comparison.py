"""Two versions side by side: what was set otherwise, what they score."""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from backend.db.models import ModelVersion
from backend.evaluations.run_comparison.parameters import parameters
from backend.registry.records import version_summary
from backend.registry.schemas import ComparedVersionScore, VersionComparison, VersionFacts


def compare_versions(session: Session, versions: Sequence[ModelVersion]) -> VersionComparison:
    facts = [VersionFacts.model_validate(version.facts) for version in versions]
    return VersionComparison(
        versions=[version_summary(session, version) for version in versions],
        parameters=parameters([(entry.config, entry.strategy, entry.seed) for entry in facts]),
        scores=list(_scores(facts)),
        cautions=[*_cautions(facts), *_cautions_of_cases(facts)],
    )


def _scores(facts: Sequence[VersionFacts]) -> Iterator[ComparedVersionScore]:
    """In the order of the first version; what only a later one has follows."""
    tables = [{(score.site_slug, score.model): score for score in entry.version_scores} for entry in facts]
    keys = dict.fromkeys(key for table in tables for key in table)
    for slug, model in keys:
        yield ComparedVersionScore(model=model, site_slug=slug, values=[table.get((slug, model)) for table in tables])


def _cautions(facts: Sequence[VersionFacts]) -> Iterator[str]:
    """A score of other cases says nothing about the model."""
    if any(not entry.data for entry in facts):
        yield "On what data an imported version was trained is not known here."
    data = [{(row.site_slug, row.fingerprint) for row in entry.data} for entry in facts if entry.data]
    differing = sorted({slug for first in data for second in data for slug, _ in first ^ second})
    if differing:
        yield f"The data of {', '.join(differing)} are not the same in both: scores there are of other cases."
    if len({entry.federation_id for entry in facts}) > 1:
        yield "The versions are of several federations: a site of the same name may be another hospital."
    if len({tuple(structure.name for structure in entry.task.structures) for entry in facts}) > 1:
        yield "The versions segment different structures."


def _cautions_of_cases(facts: Sequence[VersionFacts]) -> Iterator[str]:
    """Means of other numbers of cases are of other cases, also on the same data: a run may lack some."""
    for score in _scores(facts):
        counts = [value.num_cases for value in score.values if value is not None and value.dice is not None]
        if len(set(counts)) > 1:
            place = score.site_slug or "all sites that trained"
            numbers = " and ".join(map(str, counts))
            yield f"The scores of {score.model} at {place} are of {numbers} cases: they are not of the same cases."
