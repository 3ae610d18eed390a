"""What a reader of a run's numbers must know, in sentences; shown wherever they are."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.status import RunStatus, TaskStatus
from backend.db.models import Run, RunDataset, Task
from backend.runs.contributions import used_rounds


def notes_of(session: Session, run: Run) -> list[str]:
    """Empty where every site took part in everything, and all rounds were trained as planned."""
    return [*_length(run), *_comparison(run), *_tests(session, run), *_updates(session, run)]


def _length(run: Run) -> Iterator[str]:
    if run.spec is not None and run.spec.start is not None:
        yield f"Training began with the models of {run.spec.start.in_words()}."
    for extension in run.extensions or []:
        first, last = extension.from_round + 1, extension.to_round
        yield f"Given {f'round {last}' if first == last else f'rounds {first} to {last}'} after its end."
    if run.early_stop:
        yield f"Training {run.early_stop.in_words()}."


def _comparison(run: Run) -> Iterator[str]:
    if run.compared is not None and run.compared.note is not None:
        yield run.compared.note


def _tests(session: Session, run: Run) -> Iterator[str]:
    """Sites whose test failed while enough others were tested."""
    if run.status != RunStatus.COMPLETED or run.best_round is None:
        return
    query = select(Task.participant).where(
        Task.run_id == run.id,
        Task.kind == "evaluate_site",
        Task.round == run.best_round,
        Task.status != TaskStatus.COMPLETED,
    )
    absent = sorted(session.scalars(query))
    if not absent:
        return
    counts: dict[str, int] = {}
    for row in session.scalars(select(RunDataset).where(RunDataset.run_id == run.id)):
        num_test = sum(case.split == "test" for case in row.manifest.cases)
        counts[row.site_slug] = counts.get(row.site_slug, 0) + num_test
    num_expected = sum(counts.values())
    num_tested = num_expected - sum(counts.get(slug, 0) for slug in absent)
    yield (
        f"Tested on {num_tested} of {num_expected} cases, without {', '.join(absent)}: its means are over other cases "
        "than those of runs that were tested everywhere."
    )


def _updates(session: Session, run: Run) -> Iterator[str]:
    if run.status != RunStatus.COMPLETED:
        return
    used = used_rounds(session, run, run.best_round)
    if never := [participant for participant, rounds in used.items() if not rounds]:
        yield f"No update of {', '.join(never)} is in the models of round {run.best_round}."
