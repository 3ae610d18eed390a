"""Which rounds the viewer's slider shows."""


def even_rounds(num_rounds: int, most: int) -> list[int]:
    """So many rounds evenly from the first to the last: those that history may show whichever round is the best."""
    if most < 2:
        return []
    if most == 2:
        return [num_rounds]
    return sorted({1 + round(index * (num_rounds - 1) / (most - 1)) for index in range(most)})


def history_rounds(num_rounds: int, best_round: int, most: int) -> list[int]:
    """At most so many, evenly from the first to the last, with the best in place of the one nearest to it."""
    if most < 2:
        return [best_round][:most]
    even = even_rounds(num_rounds, most)
    between = [number for number in even if 1 < number < num_rounds]
    if best_round not in even and between:
        even.remove(min(between, key=lambda number: abs(number - best_round)))
    return sorted({*even, best_round})
