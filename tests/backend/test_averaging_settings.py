"""Averages of late rounds as settings: what is refused, with the remedy."""

import pytest
from pydantic import ValidationError

from backend.contracts.schedule_config import ScheduleConfig


def test_no_average_is_the_default() -> None:
    assert ScheduleConfig().averaging == "none"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"averaging": "mean", "patience": 3}, "leave patience empty"),
        ({"averaging": "ema", "patience": 3}, "leave patience empty"),
        ({"averaging": "mean", "rounds": 5}, "choose at most 5"),
        ({"averaging": "mean", "rounds": 1000}, "choose at most 999 rounds"),
        ({"averaging": "mean", "averaged_rounds": 1}, "greater than or equal to 2"),
        ({"averaging": "ema", "average_decay": 1.0}, "less than 1"),
    ],
)
def test_what_cannot_be_averaged_is_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ScheduleConfig.model_validate(settings)


def test_settings_that_do_not_apply_are_no_problem() -> None:
    assert ScheduleConfig(rounds=2, averaged_rounds=10).averaging == "none"
    assert ScheduleConfig(rounds=2, averaging="ema", averaged_rounds=10).rounds == 2


def test_the_average_is_a_round_of_its_own_after_the_last() -> None:
    schedule = ScheduleConfig(rounds=4, averaging="ema")
    assert schedule.last_round == 5
    assert [schedule.is_averaging(number) for number in (4, 5, 6)] == [False, True, False]
    assert ScheduleConfig(rounds=4).last_round == 4
    assert not ScheduleConfig(rounds=4).is_averaging(5)
