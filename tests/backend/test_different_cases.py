"""Means over other cases than their neighbours', ties after rounding, and runs of one experiment at other sites."""

import csv
import io
from typing import Any

import pytest
from rich.console import Console

from backend.contracts.metrics import ScoreName
from backend.contracts.score_text import printed, signed
from backend.contracts.version_scores import VersionScore
from backend.evaluations.schemas import ExperimentResults, LackingCases, ResultCell, ShownRow
from backend.evaluations.table_rows import best_of, columns_of, rows_of
from backend.registry.comparison import _cautions_of_cases
from backend.registry.schemas import VersionFacts
from backend.runs.schemas import RunRecord
from fedsm.cli.results import print_results
from fedsm.cli.run import print_run
from tests.backend.backend_states import saved_state
from tests.backend.conftest import make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import QUEUES, PlayedWorker

#: Dice of a case of each site, of every model: c is the hard one.
DICE = {"a": 0.7, "b": 0.7, "c": 0.6}


def cell(label: str, site: str | None, mean: float | None, **more: Any) -> ResultCell:
    fields: dict[str, Any] = {
        "strategy_label": label, "model": "global", "metric": "dice", "site_slug": site, "unseen": False,
        "structure": None, "mean": mean, "std": None, "num_cases": 4, "num_fewest": 4, "lacks": None,
        "num_missing": 0, "num_misses": 0, "num_seeds": 1,
    }  # fmt: skip
    return ResultCell(**(fields | more))


def best(cells: list[ResultCell], metric: ScoreName = "dice", sites: tuple[str, ...] = ("a",)) -> list[str]:
    """Labels of the rows that are best in the first column."""
    rows = rows_of(cells, None, metric, columns_of(sites, ()))
    return [row.strategy_label for row in rows if row.cells[0].best]


def worst(rows: list[ShownRow]) -> list[str | None]:
    """Of each row the worst site, None where none is named."""
    return [row.cells[1].score.site_slug if row.cells[1].score else None for row in rows]


@pytest.mark.parametrize(
    ("metric", "means", "expected"),
    [
        ("hd95", [1.003, 1.004], []),  # both are printed 1.00
        ("hd95", [1.003, 1.004, 1.2], ["0", "1"]),
        ("hd95", [1.006, 1.004], ["1"]),
        ("dice", [0.9004, 0.8996, 0.5], ["0", "1"]),
        ("dice", [0.9, 0.9], []),
        ("dice", [0.9], []),
        ("dice", [0.9, None], []),
        ("dice", [None, None], []),
        ("volume_difference", [0.1, 0.2, 0.1], ["0", "2"]),
    ],
)
def test_what_looks_equal_is_equally_good(metric: ScoreName, means: list[float | None], expected: list[str]) -> None:
    assert best([cell(str(index), None, mean) for index, mean in enumerate(means)], metric) == expected
    assert [str(index) for index, is_best in enumerate(best_of(means, metric)) if is_best] == expected


def test_numbers_are_printed_with_the_digits_of_their_metric() -> None:
    assert (printed(1.0049, "hd95"), printed(0.12345, "assd"), printed(0.12345, "nsd")) == ("1.00", "0.12", "0.123")
    assert printed(None, "dice") == "\u2013"
    assert (printed(1.125, "hd95"), signed(-0.125, "hd95"), signed(-0.0001, "dice")) == ("1.12", "\u22120.12", "0.000")


def test_a_mean_that_lacks_cases_is_never_best_and_its_row_has_no_worst_site() -> None:
    lacks = LackingCases(num_tested=7, num_expected=9, without=["b"], without_names=["Clinic B"])
    none = LackingCases(num_tested=0, num_expected=2, without=[], without_names=[])
    cells = [
        cell("lost", None, 0.681, lacks=lacks),
        cell("lost", "a", 0.68),
        cell("lost", "b", None, lacks=none, num_cases=0),
        *(cell("whole", site, mean) for site, mean in ((None, 0.671), ("a", 0.68), ("b", 0.662))),
        *(cell("poor", site, 0.5) for site in (None, "a", "b")),
    ]
    rows = rows_of(cells, None, "dice", columns_of(("a", "b"), ()))
    assert [row.strategy_label for row in rows if row.cells[0].best] == ["whole"]
    assert rows[0].cells[0].lacks == "7 of 9 cases, without Clinic B"
    assert worst(rows) == [None, "b", "a"]
    assert rows[0].cells[1].lacks is not None, "and says why"


def test_a_mean_with_more_misses_than_its_neighbours_is_not_best() -> None:
    """What has no value falls out of a mean: a model that predicts nothing on the hard cases is not the nearest."""
    assert best([cell("empty", None, 1.0, num_misses=2), cell("full", None, 3.0), cell("far", None, 9.0)], "hd95") == [
        "full"
    ]
    alike = [cell("one", None, 1.0, num_misses=2), cell("two", None, 3.0, num_misses=2)]
    assert best(alike, "hd95") == ["one"]


@saved_state
def lost_a_site(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> dict[str, Any]:
    """FedAvg tested at a, b and c, FedProx at a and b: the same method, but the folder of c is gone by then."""
    worker.test_dice = lambda payload, *_rest: DICE[payload["participant"]]
    strategies = [{"name": "fedavg"}, {"name": "fedprox", "mu": 0.0}]
    experiment = make_experiment(backend, federation, strategies=strategies, minimum_sites=2)
    backend.post(f"/experiments/{experiment['id']}/start")
    lost_run = experiment["runs"][1]["id"]
    while queue := next((name for name in QUEUES if worker.broker.llen(name)), None):
        task_id = worker.next_task_id(queue)
        assert task_id is not None
        claimed = worker.must_claim(task_id)
        payload = claimed["payload"]
        if (
            payload["run"]["run_id"] == lost_run
            and payload["kind"] == "evaluate_site"
            and payload["participant"] == "c"
        ):
            worker.fail_task(claimed, "the folder /data/c does not exist")
        else:
            worker.complete(claimed)
    found: dict[str, Any] = backend.get(f"/experiments/{experiment['id']}")
    assert [run["status"] for run in found["runs"]] == ["completed", "completed"]
    return found


def test_a_run_that_lost_a_site_is_not_the_better_one(backend: LiveBackend, lost_a_site: dict[str, Any]) -> None:
    """FedProx's mean is 0.7 of two cases, FedAvg's 0.667 of three: they are one method."""
    address = f"/experiments/{lost_a_site['id']}"
    sites = {site["slug"]: site["id"] for site in backend.get(f"/federations/{lost_a_site['federation_id']}")["sites"]}
    assert backend.admin.patch(f"/api/v1/sites/{sites['c']}", json={"name": "Clinic C"}).is_success
    results = backend.get(f"{address}/results")
    mean = next(table for table in results["tables"] if table["structure"] is None)
    keys = [column["key"] for column in results["columns"]]
    rows = {row["strategy_label"]: dict(zip(keys, row["cells"], strict=True)) for row in mean["rows"]}
    prox = next(label for label in rows if label.startswith("FedProx"))
    lost = rows[prox]
    assert (lost["all"]["text"], rows["FedAvg"]["all"]["text"]) == ("0.700", "0.667")
    assert (lost["all"]["lacks"], lost["all"]["best"]) == ("2 of 3 cases, without Clinic C", False)
    assert rows["FedAvg"]["all"]["lacks"] is None
    assert (lost["worst"]["score"], rows["FedAvg"]["worst"]["score"]["site_slug"]) == (None, "c")
    assert (lost["site/c"]["text"], lost["site/c"]["lacks"]) == ("\u2013", "0 of 1 cases")
    (note,) = results["notes"]
    assert note.startswith(f"{prox}, seed 0: tested on 2 of 3 cases, without Clinic C.")

    run = backend.get(f"/runs/{lost_a_site['runs'][1]['id']}")
    (note,) = run["notes"]
    assert note.startswith(
        "Tested on 2 of 3 cases, without Clinic C: its means are over other cases than those of runs"
    )
    assert backend.get(f"/runs/{lost_a_site['runs'][0]['id']}")["notes"] == []

    shell = io.StringIO()
    print_results(Console(file=shell, width=200), ExperimentResults.model_validate(results))
    print_run(Console(file=shell, width=200), RunRecord.model_validate(run))
    assert "0.700 *" in shell.getvalue()
    assert "0.667 *" not in shell.getvalue()
    assert f"note: {prox}, seed 0: tested on 2 of 3 cases, without Clinic C." in shell.getvalue()
    assert "  note: Tested on 2 of 3 cases, without Clinic C: its means" in shell.getvalue()

    tex = backend.admin.get(f"/api/v1{address}/results.tex").text
    assert "n = 2 to 3 of all sites" in tex
    line = next(line for line in tex.splitlines() if line.startswith("FedProx") and "&" in line)
    assert r"0.700$^{\ast}$" in line
    assert "tested on 2 of 3 cases, without Clinic C" in tex
    assert r"\textbf" not in tex.split(r"\midrule")[1]
    rows_csv = list(csv.DictReader(io.StringIO(backend.admin.get(f"/api/v1{address}/table.csv").text)))
    assert [row["All sites lacks"] for row in rows_csv] == ["", "2 of 3 cases, without Clinic C"]

    compared = backend.get(
        f"/federations/{lost_a_site['federation_id']}/run-comparison", run=[run["id"] for run in lost_a_site["runs"]]
    )
    pooled = compared["rows"][-1]["scores"]
    assert [score["lacks"] for score in pooled] == [None, "2 of 3 cases, without Clinic C"]
    assert [score["best"] for score in pooled] == [False, False]
    assert any("was tested on 2 of 3 cases, without Clinic C" in caution for caution in compared["cautions"])

    report = backend.post(f"{address}/reports", {"title": "Lost"})
    document = backend.admin.get(f"/api/v1/shared-reports/{report['path'].rsplit('/', 1)[1]}").json()["report"]
    cells = [row["cells"][-1] for row in document["tables"][0]["rows"]]
    assert [(entry["text"], entry["lacks"], entry["best"]) for entry in cells] == [
        ("0.667", None, False),
        ("0.700", "without Clinic C", False),
    ], "the site's policy states no small number, from which the sum would give it away"
    assert any("tested without Clinic C" in remark for remark in document["remarks"])


def test_a_run_that_is_fixed_later_keeps_the_sites_of_its_experiment(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """One method is cancelled before its start and resumed after a fourth site came."""
    experiment = make_experiment(backend, federation, strategies=[{"name": "fedavg"}, {"name": "fedprox"}])
    first, second = (run["id"] for run in experiment["runs"])
    backend.post(f"/runs/{second}/cancel")
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    site = backend.post(f"/federations/{federation['id']}/sites", {"name": "d"})
    backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": "/data/d"})
    worker.work_until_idle()
    backend.post(f"/runs/{second}/resume")
    worker.work_until_idle()
    results = backend.get(f"/experiments/{experiment['id']}/results")
    assert (results["sites"], results["notes"]) == (["a", "b", "c"], [])
    told = [event["message"] for event in backend.get(f"/runs/{second}/events")]
    assert any("has the sites of the experiment's other runs; d, added since, takes no part" in line for line in told)
    assert backend.get(f"/runs/{first}")["status"] == "completed"


def test_where_the_sites_cannot_be_kept_the_table_names_the_difference(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Site c is archived, and d added, before the second run is fixed."""
    experiment = make_experiment(backend, federation, strategies=[{"name": "fedavg"}, {"name": "fedprox"}])
    second = experiment["runs"][1]["id"]
    backend.post(f"/runs/{second}/cancel")
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    site = backend.post(f"/federations/{federation['id']}/sites", {"name": "d"})
    backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": "/data/d"})
    archived = next(entry for entry in backend.get(f"/federations/{federation['id']}")["sites"] if entry["slug"] == "c")
    assert backend.admin.patch(f"/api/v1/sites/{archived['id']}", json={"archived": True}).status_code == 200
    worker.work_until_idle()
    backend.post(f"/runs/{second}/resume")
    worker.work_until_idle()
    results = backend.get(f"/experiments/{experiment['id']}/results")
    assert results["sites"] == ["a", "b", "c", "d"], "the places of both runs, not of the first alone"
    assert results["notes"][0] == (
        "Not every run was trained at the same sites: FedAvg, seed 0 at a, b, c; FedProx, seed 0 at a, b, d."
    )
    mean = next(table for table in results["tables"] if table["structure"] is None)
    assert [row["cells"][0]["lacks"] for row in mean["rows"]] == ["3 of 4 cases, without d", "3 of 4 cases, without c"]
    assert not any(cell["best"] for row in mean["rows"] for cell in row["cells"])


def test_versions_side_by_side_say_where_their_scores_are_of_other_cases() -> None:
    def facts(num_cases: int) -> VersionFacts:
        score = VersionScore(
            model="global", site_slug=None, held_out=False, dice=0.681, low=None, high=None, num_cases=num_cases
        )
        return VersionFacts.model_construct(version_scores=(score,))

    [caution] = _cautions_of_cases([facts(7), facts(9)])
    assert (
        caution
        == "The scores of global at all sites that trained are of 7 and 9 cases: they are not of the same cases."
    )
    assert list(_cautions_of_cases([facts(9), facts(9)])) == []
