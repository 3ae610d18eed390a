"""Storing a site's test takes as many statements for many cases as for one, and replaces what was there."""

from sqlalchemy import select

from backend.contracts.datasets import DatasetManifest, ManifestCase
from backend.contracts.metrics import SCORES, CaseScore
from backend.contracts.tasks import EvaluateSiteResult
from backend.db import models
from backend.db.session import read_only, unit_of_work
from backend.evaluations.service import store_evaluation
from benchmarks.load.lists import counted
from tests.backend.live_backend import LiveBackend

ROUND = 2


def stored(backend: LiveBackend, run_id: str, num_cases: int, dice: float) -> int:
    """The statements about tested cases that storing these takes."""
    cases = tuple(
        ManifestCase(
            case_id=f"case-{index}",
            name=f"{index:03d}",
            split="test",
            image="image.png",
            mask="mask.png",
            image_sha256="a" * 64,
            mask_sha256="b" * 64,
        )
        for index in range(num_cases)
    )
    values = dict.fromkeys(SCORES) | {"dice": dice}
    scores = tuple(
        CaseScore(case_id=case.case_id, model="global", structure="disc", distance_unit="px", values=values)
        for case in cases
    )
    manifest = DatasetManifest(dataset_id="data", site="a", folder="/data/a", cases=cases)
    with counted(backend.platform.database.engine) as statements, unit_of_work(backend.platform.database) as session:
        store_evaluation(session, run_id, ROUND, "a", [manifest], EvaluateSiteResult(scores=scores))
    return sum("evaluated_case" in statement for statement in statements)


def rows_of(backend: LiveBackend, run_id: str) -> dict[str, float]:
    query = select(models.TestedCase).filter_by(run_id=run_id, site_slug="a", round=ROUND)
    with read_only(backend.platform.database) as session:
        return {row.case_id: row.scores["global"]["disc"]["dice"] for row in session.scalars(query)}


def test_many_cases_take_as_many_statements_as_one_and_replace_what_was_there(
    backend: LiveBackend, completed_run: str
) -> None:
    assert stored(backend, completed_run, 1, 0.25) == stored(backend, completed_run, 60, 0.5) == 2
    assert rows_of(backend, completed_run) == {f"case-{index}": 0.5 for index in range(60)}
    stored(backend, completed_run, 2, 0.75)
    assert rows_of(backend, completed_run) == {"case-0": 0.75, "case-1": 0.75}
