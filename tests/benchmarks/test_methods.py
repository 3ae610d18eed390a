"""The tables of methods: their rows are experiments that the contract takes."""

import pytest

from backend.contracts.experiment_config import ExperimentConfig
from benchmarks.gap import rows
from benchmarks.method_sites import synthetic
from benchmarks.methods import Method, medsegbench

ROWS = [method for _, methods in medsegbench() for method in methods] + [*rows(has_outside=True)]


@pytest.mark.parametrize("method", ROWS, ids=lambda method: method.label)
def test_every_row_is_an_experiment(method: Method) -> None:
    fields = synthetic(16).config.model_dump(mode="json")
    for section, changes in method.settings.items():
        fields[section] |= changes
    config = ExperimentConfig.model_validate(fields | {"strategies": [method.strategy]})
    assert config.strategies[0].name == method.strategy["name"]


def test_no_two_rows_have_one_label() -> None:
    labels = [method.label for method in ROWS]
    assert len(set(labels)) == len(labels)
