"""What the comparison of selectors counts, on numbers worked by hand."""

from dataclasses import replace

import pytest
import torch

from benchmarks.selector_records import DiceRecord, Records, SelectorRecord, dice_table, selector_table
from benchmarks.selector_routing import dice_of_routings
from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.metrics import case_dice, mean_over_structures
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.base import initial_weights
from worker.engine.super_model import predict_cases

RECORD = SelectorRecord([0.5, 0.95, 0.9, 0.92, 1.0], 0.97, 0.1, 0.02, 9000, 2e6, 1.5)
ROW = DiceRecord(0.7, 0.8, dict.fromkeys(("0", "0.5", "0.7", "0.8", "0.9", "0.95", "0.99"), 0.75), {"0.9": 0.25}, 0.77)


def test_accuracy_is_good_from_the_round_after_the_last_bad_one() -> None:
    """0.9 in round 3 is not above 90 %."""
    assert RECORD.round_of_good_accuracy == 4
    assert replace(RECORD, accuracies=[0.91, 0.95]).round_of_good_accuracy == 1
    assert replace(RECORD, accuracies=[1.0, 0.2]).round_of_good_accuracy is None


def test_tables_have_every_seeds_accuracy_and_the_mean_dice() -> None:
    seeds = [
        Records({"lda": RECORD}, {"uniform": {"lda": ROW}}),
        Records(
            {"lda": replace(RECORD, accuracies=[0.25] * 5, nll=0.3)},
            {"uniform": {"lda": replace(ROW, own=None, soft=0.79)}},
        ),
    ]
    last = list(selector_table(seeds, rounds=5))[-1]
    assert last.startswith("| lda | 0.50 / 0.25 | 1.00 / 0.25 | 0.97 / 0.97 | 0.200 | 0.020 | 4 / never | 9.00 kB |")
    row = list(dice_table(seeds))[-1]
    assert row == "| uniform | lda | 0.7000 | 0.8000 |" + " 0.7500 |" * 4 + " 0.7800 | 0.25 |"


def test_records_come_back_from_json_and_join() -> None:
    records = Records({"lda": RECORD}, {"uniform": {"lda": ROW}})
    assert Records.from_json(records.to_json()) == records
    other = Records({"cnn": RECORD}, {"uniform": {"cnn": ROW}})
    both = records.joined(other)
    assert both.dice["uniform"].keys() == {"lda", "cnn"}
    assert both.only(["cnn"]) == other


def test_dice_of_routings_is_that_of_the_model_that_each_case_is_given() -> None:
    """Three probabilities of the first site, 0.95, 0.6 and 0.2, at gamma 0.9: its model, the global one, and as 0.8 of
    the second site's is no more, the global one again."""
    plan = small_plan(("a", "b"))
    state = {
        part: initial_weights(replace(plan, seed=seed))
        for seed, part in enumerate((GLOBAL, personalized("a"), personalized("b")))
    }
    cases = small_sites(("a",))["a"].train[:3]
    rows = torch.tensor([[0.95, 0.05], [0.6, 0.4], [0.2, 0.8]], dtype=torch.float64)
    found = dice_of_routings(plan, state, cases, [0, 1, 0], {"told": rows})["told"]
    masks = list(predict_cases(state.__getitem__, cases, [list(state)] * 3, plan))

    def dice(*parts: str) -> float:
        scores = [
            mean_over_structures(case_dice(plan.structures, of_case[part], case.reference_original))
            for of_case, part, case in zip(masks, parts, cases, strict=True)
        ]
        return sum(score for score in scores if score is not None) / 3

    a, b = personalized("a"), personalized("b")
    assert found.global_ == pytest.approx(dice(GLOBAL, GLOBAL, GLOBAL))
    assert found.own == pytest.approx(dice(a, b, a))
    assert found.hard["0.9"] == pytest.approx(dice(a, GLOBAL, GLOBAL))
    assert found.hard["0"] == pytest.approx(dice(a, a, b))
    assert found.share_global["0.9"] == pytest.approx(2 / 3)
    assert len({dice(GLOBAL, GLOBAL, GLOBAL), dice(a, a, a), dice(b, b, b)}) == 3
