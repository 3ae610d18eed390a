"""`fundus:3` and `fundus@in use` in place of ids: of any federation that the token sees."""

from urllib.parse import quote

from backend.contracts.registry import Reference
from backend.contracts.thresholds import ThresholdChoice
from backend.registry.schemas import RegisteredModelRecord, VersionSummary
from fedsm.cli.shared import EXIT_WRONG_INPUT, fail
from fedsm.client import Client


def find_version(client: Client, wanted: str) -> VersionSummary:
    """By reference or id."""
    reference = Reference.of(wanted)
    models = all_models(client)
    found = []
    for model in models:
        number = None
        if reference is not None and reference.name == model.name:
            number = reference.version if reference.alias is None else model.aliases.get(reference.alias)
        found += [version for version in model.versions if wanted == version.id or number == version.number]
    if len(found) == 1:
        return found[0]
    if found:
        return fail(f"several federations have a model {wanted}: give the version's id", EXIT_WRONG_INPUT)
    names = ", ".join(sorted({version.reference for model in models for version in model.versions})) or "none yet"
    return fail(f"there is no version {wanted!r}; there are: {names}", EXIT_WRONG_INPUT)


def find_model(client: Client, wanted: str) -> str:
    """The id of the model of this name or id."""
    models = all_models(client)
    found = [model.id for model in models if wanted in (model.id, model.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted({model.name for model in models})) or "none yet"
    several = f"several federations have a model {wanted!r}: give its id"
    return fail(several if found else f"there is no model {wanted!r}; there are: {names}", EXIT_WRONG_INPUT)


def find_run(client: Client, wanted: str) -> str:
    """The id of a run, given as such or as a registered version of its models; ready for a path."""
    return quote(wanted, safe="") if Reference.of(wanted) is None else find_version(client, wanted).run_id


def find_models(client: Client, wanted: str, threshold: ThresholdChoice) -> tuple[str, ThresholdChoice]:
    """As `find_run`, with the threshold of the super model: a version that has another than its run's keeps it."""
    if Reference.of(wanted) is None:
        return quote(wanted, safe=""), threshold
    version = find_version(client, wanted)
    return version.run_id, version.threshold if threshold == "run" else threshold


def all_models(client: Client) -> list[RegisteredModelRecord]:
    return [model for federation in client.federations() for model in client.registered_models(federation.id)]
