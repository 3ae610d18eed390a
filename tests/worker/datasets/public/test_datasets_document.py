"""docs/datasets.md says of each data set what its description says."""

import re

from fedsm.public_datasets import DATASETS
from scripts.dataset_table import BEGIN, DOCUMENT, END, tables


def test_the_document_is_made_from_the_descriptions() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    between = text.partition(BEGIN)[2].partition(END)[0]
    assert between == f"\n{tables()}", "run `.venv/bin/python scripts/dataset_table.py`"


def test_the_document_has_a_row_for_each_data_set_and_no_other() -> None:
    rows = re.findall(
        r"^\| `fedsm prepare (\S+) SOURCE_DIR OUT_DIR` ", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [dataset.name for dataset in DATASETS]
