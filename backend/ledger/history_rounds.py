"""Which rounds the viewer's slider shows."""

from backend.db.models import Run


def shown_rounds(run: Run) -> list[int]:
    """Of a run whose best round is chosen. They do not depend on which rounds' files are kept."""
    assert run.spec is not None
    most = run.spec.config.evaluation.history_rounds
    best = run.best_round or run.num_rounds
    if run.early_stop is not None and run.spec.config.schedule.patience is None:  # somebody ended it
        kept = [number for number in even_rounds(run.early_stop.planned_rounds, most) if number <= run.num_rounds]
        return history_after_early_stop(run.num_rounds, best, most, kept)
    if run.early_stop is not None:
        return history_after_early_stop(run.num_rounds, best, most, thinned_rounds(run.num_rounds, most))
    return history_rounds(run.num_rounds, best, most)


def history_after_early_stop(num_rounds: int, best_round: int, most: int, kept: list[int]) -> list[int]:
    """As `history_rounds`, of the rounds that were kept while nobody knew when training would stop."""
    candidates = {*kept, num_rounds, best_round}
    wanted = history_rounds(num_rounds, best_round, most)
    return sorted({min(candidates, key=lambda number: (abs(number - round_), number)) for round_ in wanted})


def thinned_rounds(num_rounds: int, most: int) -> list[int]:
    """Evenly spaced rounds of a run whose end is not known yet, at most twice `most` and one: each of them was among
    those of every earlier moment, for the step between them only doubles."""
    if most < 3:
        return []
    step = 1
    while num_rounds > 2 * most * step:
        step *= 2
    return sorted({1, *range(step, num_rounds + 1, step)})


def even_rounds(num_rounds: int, most: int) -> list[int]:
    """At most `most` rounds, evenly from the first to the last: those that history may show for any best round."""
    if most < 2:
        return []
    if most == 2:
        return [num_rounds]
    return sorted({1 + round(index * (num_rounds - 1) / (most - 1)) for index in range(most)})


def history_rounds(num_rounds: int, best_round: int, most: int) -> list[int]:
    """At most `most`, evenly from the first to the last, with the best in place of the one nearest to it."""
    if most < 2:
        return [best_round][:most]
    even = even_rounds(num_rounds, most)
    between = [number for number in even if 1 < number < num_rounds]
    if best_round not in even and between:
        even.remove(min(between, key=lambda number: abs(number - best_round)))
    return sorted({*even, best_round})
