"""What a reader of a run's numbers must know, in sentences; shown wherever they are."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.status import RunStatus, TaskStatus
from backend.db.models import Run, Task
from backend.runs.contributions import unused_participants
from backend.runs.run_data import expected_cases
from backend.site_names import SiteNames, named, site_names_of_runs


def notes_of(session: Session, run: Run) -> list[str]:
    """Empty where every site took part in everything, and all rounds were trained as planned."""
    return notes_of_runs(session, [run])[run.id]


def notes_of_runs(session: Session, runs: Sequence[Run]) -> dict[str, list[str]]:
    """By run id, with as many queries as for one run."""
    completed = [run for run in runs if run.status == RunStatus.COMPLETED]
    untested, unused = _untested(session, completed), unused_participants(session, completed)
    expected = expected_cases(session, untested) if untested else {}
    # Of most runs no site is named, and a list holds thousands of them.
    naming = [run.id for run in runs if run.id in untested or run.id in unused or _names_a_site(run)]
    names = site_names_of_runs(session, naming)
    return {
        run.id: [
            *_length(run, names.get(run.id, {})),
            *_comparison(run, names.get(run.id, {})),
            *_tests(untested.get(run.id, []), expected.get(run.id, {}), names.get(run.id, {})),
            *_updates(run, unused.get(run.id, []), names.get(run.id, {})),
        ]
        for run in runs
    }


def _names_a_site(run: Run) -> bool:
    return (run.spec is not None and run.spec.added is not None) or (
        run.compared is not None and run.compared.note({}) is not None
    )


def _length(run: Run, names: SiteNames) -> Iterator[str]:
    if run.spec is not None and run.spec.start is not None:
        yield f"Training began with the models of {run.spec.start.in_words()}."
    if run.spec is not None and run.spec.added is not None:
        added, name = run.spec.added, names.get(run.spec.added.site, run.spec.added.site)
        yield f"Made from {added.in_words(name)}; nothing was trained. {added.model_in_words(name)}"
        yield f"Tested at {name} alone: scores at the other sites are of the selector before."
    if run.spec is not None and (taught := run.spec.taught) is not None:
        yield (
            f"One network that learned from the soft answers of {taught.in_words()}, at the temperature "
            f"{taught.temperature:g}; the reference masks had a share of {taught.reference_weight:g} in the loss."
        )
    if run.spec is not None and run.spec.added is None and run.spec.update_format != "float32":
        coded = {"bfloat16": "in bfloat16", "int8": "in 8 bits"}[run.spec.update_format]
        yield f"Sites sent the differences of their models {coded}, with error feedback."
    for extension in run.extensions or []:
        first, last = extension.from_round + 1, extension.to_round
        yield f"Given {f'round {last}' if first == last else f'rounds {first} to {last}'} after its end."
    if run.early_stop:
        yield f"Training {run.early_stop.in_words()}."
    schedule = None if run.spec is None else run.spec.config.schedule
    if schedule is not None and run.best_round is not None and schedule.is_averaging(run.best_round):
        yield f"The best round, {run.best_round}, is the average of late rounds; {schedule.rounds} were trained."


def _comparison(run: Run, names: SiteNames) -> Iterator[str]:
    if run.compared is not None and (note := run.compared.note(names)) is not None:
        yield note


def _untested(session: Session, completed: Sequence[Run]) -> dict[str, list[str]]:
    """Run id to the sites, sorted, whose test failed while enough others were tested."""
    query = (
        select(Task.run_id, Task.participant)
        .join(Run, Run.id == Task.run_id)
        .where(
            Task.run_id.in_([run.id for run in completed]),
            Task.kind == "evaluate_site",
            Task.round == Run.best_round,
            Task.status != TaskStatus.COMPLETED,
        )
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in session.execute(query) if completed else ():
        found[row.run_id].append(row.participant)
    return {run_id: sorted(participants) for run_id, participants in found.items()}


def _tests(absent: list[str], expected: Mapping[str, frozenset[str]], names: SiteNames) -> Iterator[str]:
    """absent: sites whose test failed. expected: each site's test cases."""
    if not absent:
        return
    num_expected = sum(map(len, expected.values()))
    num_tested = num_expected - sum(len(expected.get(slug, ())) for slug in absent)
    yield (
        f"Tested on {num_tested} of {num_expected} cases, without {named(absent, names)}: its means are over "
        "other cases than those of runs that were tested everywhere."
    )


def _updates(run: Run, unused: list[str], names: SiteNames) -> Iterator[str]:
    if unused:
        yield f"No update of {named(unused, names)} is in the models of round {run.best_round}."
