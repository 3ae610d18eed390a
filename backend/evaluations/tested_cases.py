"""Which test cases an experiment's numbers should be of: those of its runs' data, as the runs were started on them.

A site whose test failed leaves no row behind; only what was expected tells that a mean is of fewer cases.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from backend.contracts.datasets import DatasetManifest
from backend.db.models import RunDataset
from backend.evaluations.schemas import LackingCases

#: Site to the ids of its test cases.
TestCases = Mapping[str, frozenset[str]]


def expected_cases(session: Session, run_ids: Iterable[str]) -> dict[str, dict[str, frozenset[str]]]:
    """Of each run. Manifests are large and mostly the same: each is read once."""
    columns = (RunDataset.run_id, RunDataset.site_slug, RunDataset.dataset_id, RunDataset.fingerprint)
    rows = session.execute(select(*columns).where(RunDataset.run_id.in_(list(run_ids)))).all()
    of_data = {(row.dataset_id, row.fingerprint): (row.run_id, row.dataset_id) for row in rows}
    cases = {data: _test_cases(manifest) for data, manifest in _manifests(session, of_data).items()}
    found: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for row in rows:
        of_run = found[row.run_id]
        of_run[row.site_slug] = of_run.get(row.site_slug, frozenset()) | cases[row.dataset_id, row.fingerprint]
    return dict(found)


def together(expected: Iterable[TestCases]) -> dict[str, frozenset[str]]:
    """Of several runs: every case that one of them should be tested on."""
    found: dict[str, frozenset[str]] = {}
    for of_run in expected:
        for slug, cases in of_run.items():
            found[slug] = found.get(slug, frozenset()) | cases
    return found


def lacking(tested: Mapping[str, frozenset[str]], expected: TestCases) -> LackingCases | None:
    """What was not tested of what should have been; None where everything was."""
    num_tested = sum(len(tested.get(slug, frozenset()) & cases) for slug, cases in expected.items())
    num_expected = sum(map(len, expected.values()))
    if num_tested == num_expected:
        return None
    absent = [slug for slug, cases in expected.items() if cases and not tested.get(slug, frozenset()) & cases]
    return LackingCases(num_tested=num_tested, num_expected=num_expected, without=absent if len(expected) > 1 else [])


def _manifests(
    session: Session, keys: Mapping[tuple[str, str], tuple[str, str]]
) -> dict[tuple[str, str], DatasetManifest]:
    wanted = tuple_(RunDataset.run_id, RunDataset.dataset_id).in_(list(keys.values()))
    rows = session.execute(select(RunDataset.dataset_id, RunDataset.fingerprint, RunDataset.manifest).where(wanted))
    return {(row.dataset_id, row.fingerprint): row.manifest for row in rows}


def _test_cases(manifest: DatasetManifest) -> frozenset[str]:
    return frozenset(case.case_id for case in manifest.cases if case.split == "test")
